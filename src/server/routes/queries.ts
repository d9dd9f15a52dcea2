/**
 * Routes that search.
 */
import type { FastifyInstance } from 'fastify';
import { answer } from '../answers.js';
import type { Collections } from '../collections/collections.js';
import { NAME_PARAMS, VECTOR } from './shapes.js';

interface SearchBody {
  readonly vector: number[];
  readonly limit: number;
  readonly offset?: number;
  readonly score_threshold?: number;
  readonly params?: { readonly exact?: boolean; readonly hnsw_ef?: number };
}

const SEARCH_BODY = {
  type: 'object',
  properties: {
    vector: VECTOR,
    limit: { type: 'integer', minimum: 1 },
    offset: { type: 'integer', minimum: 0 },
    score_threshold: { type: 'number' },
    params: {
      type: 'object',
      properties: { exact: { type: 'boolean' }, hnsw_ef: { type: 'integer', minimum: 1 } },
      additionalProperties: false,
    },
  },
  required: ['vector', 'limit'],
  additionalProperties: false,
} as const;

export async function queryRoutes(app: FastifyInstance, { collections }: { collections: Collections }): Promise<void> {
  app.post<{ Params: { readonly name: string }; Body: SearchBody }>(
    '/collections/:name/points/search',
    { schema: { params: NAME_PARAMS, body: SEARCH_BODY } },
    async ({ params: { name }, body }, reply) => {
      const hits = await collections.get(name).search({
        query: body.vector,
        limit: body.limit,
        offset: body.offset ?? 0,
        threshold: body.score_threshold,
        exact: body.params?.exact ?? false,
        effort: body.params?.hnsw_ef,
      });
      return answer(
        reply,
        hits.map(({ id, score }) => ({ id, version: 0, score })),
      );
    },
  );
}
