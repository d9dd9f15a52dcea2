/**
 * Routes that search.
 */
import type { FastifyInstance } from 'fastify';
import { answer } from '../answers.js';
import type { Collection } from '../collections/collection.js';
import type { Collections } from '../collections/collections.js';
import { toPointId } from '../collections/point-id.js';
import type { Hit, SearchAnswer } from '../collections/point-queries.js';
import { RequestError } from '../errors.js';
import { parseFilter } from '../filters/parse.js';
import { chooseDiverseHits } from './diverse.js';
import { type PointsBody, readPoints, wantsParts } from './read-points.js';
import {
  COUNT,
  FILTER,
  LIMIT,
  type Maybe,
  NAME_PARAMS,
  type NameRoute,
  READS,
  VECTOR,
  WITH_PAYLOAD,
  WITH_VECTOR,
} from './shapes.js';

const QUERY_ID = { type: ['integer', 'string', 'null'], minimum: 0 } as const;

const SEARCH_PROPERTIES = {
  filter: FILTER,
  params: {
    type: ['object', 'null'],
    properties: {
      exact: { type: ['boolean', 'null'] },
      hnsw_ef: { type: ['integer', 'null'], minimum: 1, maximum: 2 ** 20 },
      // Has no effect: there are no quantised vectors to choose.
      quantization: { type: ['object', 'null'] },
      indexed_only: { enum: [false, null] },
    },
    additionalProperties: false,
  },
  offset: COUNT,
  score_threshold: { type: ['number', 'null'] },
  with_payload: WITH_PAYLOAD,
  with_vector: WITH_VECTOR,
  shard_key: { type: 'null' },
} as const;

const SEARCH_BODY = {
  type: 'object',
  properties: { vector: VECTOR, limit: { ...LIMIT, type: 'integer' }, ...SEARCH_PROPERTIES },
  required: ['vector', 'limit'],
  additionalProperties: false,
} as const;

const QUERY_BODY = {
  type: 'object',
  properties: {
    query: {
      anyOf: [
        VECTOR,
        QUERY_ID,
        {
          type: 'object',
          properties: {
            nearest: { anyOf: [VECTOR, QUERY_ID] },
            mmr: {
              type: ['object', 'null'],
              properties: {
                diversity: { type: ['number', 'null'], minimum: 0, maximum: 1 },
                candidates_limit: { ...LIMIT, maximum: 16384 },
              },
              additionalProperties: false,
            },
          },
          required: ['nearest'],
          additionalProperties: false,
        },
      ],
    },
    using: { enum: ['', null] },
    prefetch: { type: ['null', 'array'], maxItems: 0 },
    lookup_from: { type: 'null' },
    limit: LIMIT,
    ...SEARCH_PROPERTIES,
  },
  required: ['query'],
  additionalProperties: false,
} as const;

const batchOf = (body: object) => ({
  type: 'object',
  properties: { searches: { type: 'array', items: body, maxItems: 1024 } },
  required: ['searches'],
  additionalProperties: false,
});

const DEBUG_QUERY = {
  type: 'object',
  properties: { debug: { enum: ['true', 'false'] }, consistency: {}, timeout: {} },
} as const;

type CommonBody = PointsBody &
  Maybe<{
    filter: unknown;
    params: Maybe<{ exact: boolean; hnsw_ef: number }>;
    offset: number;
    score_threshold: number;
  }>;

type SearchBody = CommonBody & { readonly vector: number[]; readonly limit: number };

type Nearest = number[] | number | string;
interface NearestQuery {
  readonly nearest: Nearest;
  readonly mmr?: Maybe<{ diversity: number; candidates_limit: number }> | null;
}
type QueryBody = CommonBody & { readonly query: Nearest | NearestQuery; readonly limit?: number | null };

interface DebugRoute extends NameRoute {
  readonly Querystring: { readonly debug?: 'true' | 'false' };
}

const DEFAULT_LIMIT = 10;

export async function queryRoutes(app: FastifyInstance, { collections }: { collections: Collections }): Promise<void> {
  app.post<DebugRoute & { Body: SearchBody }>(
    '/collections/:name/points/search',
    { config: READS, schema: { params: NAME_PARAMS, querystring: DEBUG_QUERY, body: SEARCH_BODY } },
    async ({ params, query, body }, reply) => {
      const { points, explanation } = await search(collections.get(params.name), { ...body, query: body.vector });
      return { ...answer(reply, points), ...(query.debug === 'true' && { simdex: explanation }) };
    },
  );

  app.post<DebugRoute & { Body: { readonly searches: readonly SearchBody[] } }>(
    '/collections/:name/points/search/batch',
    { config: READS, schema: { params: NAME_PARAMS, querystring: DEBUG_QUERY, body: batchOf(SEARCH_BODY) } },
    async ({ params, query, body: { searches } }, reply) => {
      const collection = collections.get(params.name);
      const found = await Promise.all(searches.map((one) => search(collection, { ...one, query: one.vector })));
      const result = found.map(({ points }) => points);
      return { ...answer(reply, result), ...(query.debug === 'true' && { simdex: found.map(explanationOf) }) };
    },
  );

  app.post<DebugRoute & { Body: QueryBody }>(
    '/collections/:name/points/query',
    { config: READS, schema: { params: NAME_PARAMS, querystring: DEBUG_QUERY, body: QUERY_BODY } },
    async ({ params, query, body }, reply) => {
      const { points, explanation } = await search(collections.get(params.name), body);
      return { ...answer(reply, { points }), ...(query.debug === 'true' && { simdex: explanation }) };
    },
  );

  app.post<DebugRoute & { Body: { readonly searches: readonly QueryBody[] } }>(
    '/collections/:name/points/query/batch',
    { config: READS, schema: { params: NAME_PARAMS, querystring: DEBUG_QUERY, body: batchOf(QUERY_BODY) } },
    async ({ params, query, body: { searches } }, reply) => {
      const collection = collections.get(params.name);
      const found = await Promise.all(searches.map((one) => search(collection, one)));
      const result = found.map(({ points }) => ({ points }));
      return { ...answer(reply, result), ...(query.debug === 'true' && { simdex: found.map(explanationOf) }) };
    },
  );
}

const explanationOf = ({ explanation }: { readonly explanation: SearchAnswer['explanation'] }) => explanation;

async function search(collection: Collection, body: QueryBody) {
  const { query, params } = body;
  const { nearest, mmr } = typeof query === 'object' && 'nearest' in query ? query : { nearest: query, mmr: undefined };
  const limit = body.limit ?? DEFAULT_LIMIT;
  const offset = body.offset ?? 0;
  if (mmr && offset > 0) throw new RequestError(400, 'offset is not served together with mmr');
  const { hits, explanation } = await collection.search({
    query: Array.isArray(nearest) ? nearest : { id: toPointId(nearest) },
    limit: mmr ? Math.max(limit, mmr.candidates_limit ?? limit) : limit,
    offset,
    threshold: body.score_threshold ?? undefined,
    filter: parseFilter(body.filter),
    exact: params?.exact ?? false,
    effort: params?.hnsw_ef ?? undefined,
  });
  const chosen = mmr ? await chooseDiverseHits(collection, hits, limit, mmr.diversity ?? 0.5) : hits;
  return { points: await scoredPoints(collection, chosen, body), explanation };
}

/** Hits as they are answered. */
async function scoredPoints(collection: Collection, hits: readonly Hit[], body: PointsBody) {
  if (!wantsParts(body, false)) return hits.map(({ id, score }) => ({ id, version: 0, score }));
  const ids = hits.map(({ id }) => id);
  const points = await readPoints(collection, ids, body, false);
  // A point may have been deleted since it was found.
  const scores = new Map(hits.map(({ id, score }) => [id, score]));
  return points.map(({ id, ...parts }) => ({ id, version: 0, score: scores.get(id)!, ...parts }));
}
