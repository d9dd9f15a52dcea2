/**
 * Routes of collections as wholes.
 */
import type { FastifyInstance } from 'fastify';
import { answer } from '../answers.js';
import type { Collections } from '../collections/collections.js';
import { parsePath } from '../filters/path.js';
import type { IndexType } from '../filters/payload-index.js';
import {
  CREATE_BODY,
  type CreateBody,
  changedGraph,
  INDEX_BODY,
  infoOf,
  settingsOf,
  UPDATE_BODY,
  type UpdateBody,
} from './collection-bodies.js';
import { writeAnswer } from './operations.js';
import { NAME_PARAMS, type NameRoute, WRITE_QUERY, type WriteRoute } from './shapes.js';

interface IndexBody {
  readonly field_name: string;
  readonly field_schema: IndexType | { readonly type: IndexType };
}

export async function collectionRoutes(
  app: FastifyInstance,
  { collections }: { collections: Collections },
): Promise<void> {
  app.get('/collections', async (_, reply) =>
    answer(reply, { collections: collections.names().map((name) => ({ name })) }),
  );

  app.put<NameRoute & { Body: CreateBody }>(
    '/collections/:name',
    { schema: { params: NAME_PARAMS, body: CREATE_BODY } },
    async ({ params: { name }, body }, reply) => {
      await collections.create(settingsOf(name, body));
      return answer(reply, true);
    },
  );

  app.patch<NameRoute & { Body: UpdateBody }>(
    '/collections/:name',
    { schema: { params: NAME_PARAMS, body: UPDATE_BODY } },
    async ({ params: { name }, body }, reply) => {
      const collection = collections.get(name);
      const before = collection.settings.hnsw;
      const hnsw = changedGraph(changedGraph(before, body.hnsw_config), body.vectors?.['']?.hnsw_config);
      if (hnsw.m !== before.m || hnsw.efConstruct !== before.efConstruct) await collection.changeGraph(hnsw);
      return answer(reply, true);
    },
  );

  app.get<NameRoute>('/collections/:name', { schema: { params: NAME_PARAMS } }, async ({ params: { name } }, reply) =>
    answer(reply, infoOf(collections.get(name))),
  );

  app.get<NameRoute>(
    '/collections/:name/exists',
    { schema: { params: NAME_PARAMS } },
    async ({ params: { name } }, reply) => answer(reply, { exists: collections.has(name) }),
  );

  app.delete<NameRoute>(
    '/collections/:name',
    { schema: { params: NAME_PARAMS } },
    async ({ params: { name } }, reply) => answer(reply, await collections.delete(name)),
  );

  app.put<WriteRoute & { Body: IndexBody }>(
    '/collections/:name/index',
    { schema: { params: NAME_PARAMS, querystring: WRITE_QUERY, body: INDEX_BODY } },
    async ({ params, query, body: { field_name: field, field_schema: schema } }, reply) => {
      parsePath(field);
      await collections.get(params.name).indexPayload(field, typeof schema === 'string' ? schema : schema.type);
      return answer(reply, writeAnswer(query.wait));
    },
  );

  app.delete<{ Params: { readonly name: string; readonly field: string } } & Pick<WriteRoute, 'Querystring'>>(
    '/collections/:name/index/:field',
    { schema: { params: NAME_PARAMS, querystring: WRITE_QUERY } },
    async ({ params, query }, reply) => {
      await collections.get(params.name).forgetPayloadIndex(params.field);
      return answer(reply, writeAnswer(query.wait));
    },
  );
}
