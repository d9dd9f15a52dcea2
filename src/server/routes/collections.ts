/**
 * Routes of collections as wholes.
 */
import type { FastifyInstance } from 'fastify';
import { answer } from '../answers.js';
import type { Collections } from '../collections/collections.js';
import type { Distance } from '../collections/settings.js';
import { NAME_PARAMS } from './shapes.js';

interface Name {
  Params: { readonly name: string };
}

const CREATE_BODY = {
  type: 'object',
  properties: {
    vectors: {
      type: 'object',
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 65536 },
        distance: { enum: ['Cosine', 'Dot', 'Euclid'] },
      },
      required: ['size', 'distance'],
      additionalProperties: false,
    },
  },
  required: ['vectors'],
  additionalProperties: false,
} as const;

export async function collectionRoutes(
  app: FastifyInstance,
  { collections }: { collections: Collections },
): Promise<void> {
  app.get('/collections', async (_, reply) =>
    answer(reply, { collections: collections.list().map(({ settings: { name } }) => ({ name })) }),
  );

  app.put<Name & { Body: { vectors: { size: number; distance: Distance } } }>(
    '/collections/:name',
    { schema: { params: NAME_PARAMS, body: CREATE_BODY } },
    async ({ params: { name }, body: { vectors } }, reply) => {
      await collections.create({ name, ...vectors, hnsw: { m: 16, efConstruct: 128 } });
      return answer(reply, true);
    },
  );

  app.get<Name>('/collections/:name', { schema: { params: NAME_PARAMS } }, async ({ params: { name } }, reply) => {
    const collection = collections.get(name);
    const { size, distance } = collection.settings;
    return answer(reply, {
      status: 'green',
      optimizer_status: 'ok',
      indexed_vectors_count: 0,
      points_count: collection.size,
      segments_count: 1,
      config: { params: { vectors: { size, distance } } },
      payload_schema: {},
    });
  });

  app.get<Name>('/collections/:name/exists', { schema: { params: NAME_PARAMS } }, async ({ params: { name } }, reply) =>
    answer(reply, { exists: collections.has(name) }),
  );

  app.delete<Name>('/collections/:name', { schema: { params: NAME_PARAMS } }, async ({ params: { name } }, reply) =>
    answer(reply, await collections.delete(name)),
  );
}
