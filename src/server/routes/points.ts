/**
 * Routes that write and read points.
 */
import type { FastifyInstance } from 'fastify';
import { answer } from '../answers.js';
import type { Collections } from '../collections/collections.js';
import type { Operation } from '../collections/operations.js';
import { toPointId } from '../collections/point-id.js';
import { RequestError } from '../errors.js';
import { parseFilter } from '../filters/parse.js';
import {
  BATCH_BODY,
  type BatchOperation,
  batchOperationOf,
  clearPayloadOf,
  DELETE_PAYLOAD_BODY,
  deleteOf,
  deletePayloadOf,
  overwritePayloadOf,
  SELECT_BODY,
  SET_PAYLOAD_BODY,
  setPayloadOf,
  UPSERT_BODY,
  upsertOf,
  writeAnswer,
} from './operations.js';
import { type PointsBody, readPoints } from './read-points.js';
import {
  FILTER,
  LIMIT,
  type Maybe,
  NAME_PARAMS,
  type NameRoute,
  POINT_ID,
  POINT_IDS,
  READS,
  WITH_PAYLOAD,
  WITH_VECTOR,
  WRITE_QUERY,
  type WriteRoute,
} from './shapes.js';

const PARTS = { with_payload: WITH_PAYLOAD, with_vector: WITH_VECTOR, shard_key: { type: 'null' } } as const;

const GET_BODY = {
  type: 'object',
  properties: { ids: POINT_IDS, ...PARTS },
  required: ['ids'],
  additionalProperties: false,
} as const;

const SCROLL_BODY = {
  type: 'object',
  properties: {
    offset: { ...POINT_ID, type: ['integer', 'string', 'null'] },
    limit: LIMIT,
    filter: FILTER,
    order_by: { type: 'null' },
    ...PARTS,
  },
  additionalProperties: false,
} as const;

const COUNT_BODY = {
  type: 'object',
  properties: { filter: FILTER, exact: { type: ['boolean', 'null'] }, shard_key: { type: 'null' } },
  additionalProperties: false,
} as const;

const DEFAULT_LIMIT = 10;

export async function pointRoutes(app: FastifyInstance, { collections }: { collections: Collections }): Promise<void> {
  /** A route whose body is one operation. */
  const write = <Body>(method: 'PUT' | 'POST', path: string, body: object, operationOf: (body: Body) => Operation) =>
    app.route<WriteRoute & { Body: Body }>({
      method,
      url: `/collections/:name/points${path}`,
      schema: { params: NAME_PARAMS, querystring: WRITE_QUERY, body },
      handler: async ({ params, query, body }, reply) => {
        await collections.get(params.name).write(operationOf(body as Body));
        return answer(reply, writeAnswer(query.wait));
      },
    });

  write('PUT', '', UPSERT_BODY, upsertOf);
  write('POST', '/delete', SELECT_BODY, deleteOf);
  write('POST', '/payload', SET_PAYLOAD_BODY, setPayloadOf);
  write('PUT', '/payload', SET_PAYLOAD_BODY, overwritePayloadOf);
  write('POST', '/payload/delete', DELETE_PAYLOAD_BODY, deletePayloadOf);
  write('POST', '/payload/clear', SELECT_BODY, clearPayloadOf);

  app.post<WriteRoute & { Body: { readonly operations: readonly BatchOperation[] } }>(
    '/collections/:name/points/batch',
    { schema: { params: NAME_PARAMS, querystring: WRITE_QUERY, body: BATCH_BODY } },
    async ({ params, query, body }, reply) => {
      const collection = collections.get(params.name);
      // All are understood before the first one is done; each sees what those before it did.
      const operations = body.operations.map(batchOperationOf);
      const results = [];
      for (const operation of operations) {
        await collection.write(operation);
        results.push(writeAnswer(query.wait));
      }
      return answer(reply, results);
    },
  );

  app.get<{ Params: { readonly name: string; readonly id: string } }>(
    '/collections/:name/points/:id',
    { schema: { params: NAME_PARAMS } },
    async ({ params: { name, id } }, reply) => {
      const pointId = toPointId(/^\d+$/.test(id) ? Number(id) : id);
      const [point] = await readPoints(collections.get(name), [pointId], { with_vector: true }, true);
      if (!point) throw new RequestError(404, `Not found: Point with id ${pointId} does not exists!`);
      return answer(reply, point);
    },
  );

  app.post<NameRoute & { Body: PointsBody & { readonly ids: readonly unknown[] } }>(
    '/collections/:name/points',
    { config: READS, schema: { params: NAME_PARAMS, body: GET_BODY } },
    async ({ params, body }, reply) =>
      answer(reply, await readPoints(collections.get(params.name), body.ids.map(toPointId), body, true)),
  );

  app.post<NameRoute & { Body: PointsBody & Maybe<{ offset: unknown; limit: number; filter: unknown }> }>(
    '/collections/:name/points/scroll',
    { config: READS, schema: { params: NAME_PARAMS, body: SCROLL_BODY } },
    async ({ params, body }, reply) => {
      const collection = collections.get(params.name);
      const limit = body.limit ?? DEFAULT_LIMIT;
      const first = body.offset === undefined || body.offset === null ? undefined : toPointId(body.offset);
      const ids = await collection.scroll(parseFilter(body.filter), first, limit + 1);
      const points = await readPoints(collection, ids.slice(0, limit), body, true);
      return answer(reply, { points, next_page_offset: ids[limit] ?? null });
    },
  );

  app.post<NameRoute & { Body: { readonly filter?: unknown } }>(
    '/collections/:name/points/count',
    { config: READS, schema: { params: NAME_PARAMS, body: COUNT_BODY } },
    async ({ params, body }, reply) =>
      answer(reply, { count: await collections.get(params.name).count(parseFilter(body.filter)) }),
  );
}
