/**
 * The route of bulk imports: a body of any size, in any format that is read from front to back.
 */
import type { FastifyInstance } from 'fastify';
import { type VectorFormat, vectorFormats } from '../../formats/registry.js';
import { answer, refusal, setRetryAfter } from '../answers.js';
import type { Collections } from '../collections/collections.js';
import { type ImportCounts, importPoints } from '../collections/import-points.js';
import { RequestError, refusalOf } from '../errors.js';
import { createBodySource } from './body-source.js';
import { NAME_PARAMS, type NameRoute } from './shapes.js';

const IMPORT_QUERY = {
  type: 'object',
  properties: {
    format: { type: 'string' },
    first_id: { type: 'string', pattern: '^\\d{1,16}$' },
    column: { type: 'string', minLength: 1 },
    header: { enum: ['true', 'false'] },
    wait: { enum: ['true', 'false'] },
  },
  required: ['format'],
  additionalProperties: false,
} as const;

interface ImportRoute extends NameRoute {
  readonly Querystring: {
    readonly format: string;
    readonly first_id?: string;
    readonly column?: string;
    readonly header?: 'true' | 'false';
  };
}

/** Most imports at a time. Each has some blocks in memory. */
const MOST_IMPORTS = 16;
const RETRY_AFTER_SECONDS = 5;

export async function importRoutes(app: FastifyInstance, { collections }: { collections: Collections }): Promise<void> {
  let underWay = 0;
  // The body is not taken in: it is read as it comes.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  app.put<ImportRoute>(
    '/collections/:name/points/import',
    { config: { streamed: true }, schema: { params: NAME_PARAMS, querystring: IMPORT_QUERY } },
    async ({ params, query, raw }, reply) => {
      const collection = collections.get(params.name);
      const format = requireFormat(query.format);
      const firstId = query.first_id === undefined ? undefined : Number(query.first_id);
      if (firstId !== undefined && !Number.isSafeInteger(firstId)) {
        throw new RequestError(
          400,
          `Wrong input: first_id must be at most ${Number.MAX_SAFE_INTEGER}, got ${query.first_id}`,
        );
      }
      if (underWay >= MOST_IMPORTS) {
        const sentence = `${underWay} imports are under way, as many as may; try again later`;
        throw new RequestError(429, sentence, { retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      const header = query.header === undefined ? undefined : query.header === 'true';
      const counts: ImportCounts = { imported: 0, rejected: 0 };
      const body = createBodySource('the body', raw);
      underWay++;
      try {
        await importPoints(collection, body, { format, firstId, column: query.column, header }, counts);
        return answer(reply, counts);
      } catch (error) {
        const { statusCode, message } = refusalOf(error);
        if (statusCode >= 500) reply.log.error(error);
        setRetryAfter(reply, error);
        // The rest of the body is skipped, and the connection is not used again.
        await body.close();
        reply.code(statusCode).header('connection', 'close');
        return { ...refusal(reply, message), result: counts };
      } finally {
        underWay--;
      }
    },
  );
}

/** @throws {RequestError} 400 for a name that is no format */
function requireFormat(name: string): VectorFormat {
  if (vectorFormats.includes(name)) return name as VectorFormat;
  throw new RequestError(
    400,
    `Wrong input: format must be one of ${vectorFormats.join(', ')}, got ${JSON.stringify(name.slice(0, 40))}`,
  );
}
