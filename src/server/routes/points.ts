/**
 * Routes that write and read points.
 */
import type { FastifyInstance } from 'fastify';
import { answer } from '../answers.js';
import type { Collections } from '../collections/collections.js';
import { type JsonObject, NO_PAYLOAD } from '../collections/payload.js';
import { toPointId } from '../collections/point-id.js';
import { RequestError } from '../errors.js';
import { NAME_PARAMS, PAYLOAD, POINT_ID, VECTOR, WRITE_QUERY } from './shapes.js';

interface Name {
  Params: { readonly name: string };
}

interface Write {
  Querystring: { readonly wait?: 'true' | 'false' };
}

interface UpsertBody {
  readonly points: readonly {
    readonly id: number | string;
    readonly vector: number[];
    readonly payload?: JsonObject | null;
  }[];
}

const UPSERT_BODY = {
  type: 'object',
  properties: {
    points: {
      type: 'array',
      items: {
        type: 'object',
        properties: { id: POINT_ID, vector: VECTOR, payload: PAYLOAD },
        required: ['id', 'vector'],
        additionalProperties: false,
      },
    },
  },
  required: ['points'],
  additionalProperties: false,
} as const;

export async function pointRoutes(app: FastifyInstance, { collections }: { collections: Collections }): Promise<void> {
  let operations = 0;
  const done = (wait: 'true' | 'false' | undefined) => ({
    operation_id: operations++,
    status: wait === 'true' ? 'completed' : 'acknowledged',
  });

  app.put<Name & Write & { Body: UpsertBody }>(
    '/collections/:name/points',
    { schema: { params: NAME_PARAMS, querystring: WRITE_QUERY, body: UPSERT_BODY } },
    async ({ params, query, body }, reply) => {
      const points = body.points.map(({ id, vector, payload }) => ({
        id: toPointId(id),
        vector,
        payload: payload ?? NO_PAYLOAD,
      }));
      await collections.get(params.name).upsert(points);
      return answer(reply, done(query.wait));
    },
  );

  app.get<{ Params: { readonly name: string; readonly id: string } }>(
    '/collections/:name/points/:id',
    async ({ params: { name, id } }, reply) => {
      const collection = collections.get(name);
      const pointId = toPointId(/^\d+$/.test(id) ? Number(id) : id);
      const [point] = await collection.points([pointId], { withPayload: true, withVector: true });
      if (!point) throw new RequestError(404, `Not found: Point with id ${pointId} does not exists!`);
      return answer(reply, { id: point.id, payload: point.payload, vector: [...point.vector!] });
    },
  );
}
