/**
 * The route of bulk imports: a body of any size, in any format that is read from front to back.
 */
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { createPipeSource } from '../../formats/node/pipe-source.js';
import { vectorFormats } from '../../formats/registry.js';
import { answer, refusal } from '../answers.js';
import type { Collections } from '../collections/collections.js';
import { type ImportCounts, importPoints, requireFormat } from '../collections/import-points.js';
import { RequestError, refusalOf } from '../errors.js';
import { NAME_PARAMS, type NameRoute } from './shapes.js';

const IMPORT_QUERY = {
  type: 'object',
  properties: { format: { type: 'string' }, first_id: { type: 'string', pattern: '^\\d{1,16}$' }, wait: {} },
  required: ['format'],
} as const;

interface ImportRoute extends NameRoute {
  readonly Querystring: { readonly format: string; readonly first_id?: string };
}

export async function importRoutes(app: FastifyInstance, { collections }: { collections: Collections }): Promise<void> {
  // The body is not taken in: it is read as it comes.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  app.put<ImportRoute>(
    '/collections/:name/points/import',
    { config: { streamed: true }, schema: { params: NAME_PARAMS, querystring: IMPORT_QUERY } },
    async ({ params, query, raw }, reply) => {
      const collection = collections.get(params.name);
      const format = requireFormat(query.format, vectorFormats);
      const firstId = query.first_id === undefined ? undefined : Number(query.first_id);
      if (firstId !== undefined && !Number.isSafeInteger(firstId)) {
        throw new RequestError(
          400,
          `Wrong input: first_id must be at most ${Number.MAX_SAFE_INTEGER}, got ${query.first_id}`,
        );
      }
      const counts: ImportCounts = { imported: 0, rejected: 0 };
      // Whoever ends the reading early must not end the connection, on which the answer goes.
      const body = new PassThrough({ highWaterMark: 2 ** 20 });
      raw.on('error', (error) => body.destroy(error));
      raw.on('close', () => {
        if (!raw.complete) body.destroy(new Error('the client went away'));
      });
      raw.pipe(body);
      try {
        await importPoints(collection, createPipeSource('the body', body), { format, firstId }, counts);
        return answer(reply, counts);
      } catch (error) {
        const { statusCode, message } = refusalOf(error);
        if (statusCode >= 500) reply.log.error(error);
        // What is left of the body is passed over, and the connection is not used again.
        raw.unpipe(body);
        raw.resume();
        reply.code(statusCode).header('connection', 'close');
        return { ...refusal(reply, message), result: counts };
      }
    },
  );
}
