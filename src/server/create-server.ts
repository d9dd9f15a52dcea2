/**
 * The server as a Fastify instance: its collections are open when it is given, and closed with it.
 */
import type { FastifyError, FastifyInstance } from 'fastify';
import { Engine } from '../engine/engine.js';
import { answer, refusal } from './answers.js';
import { Collections } from './collections/collections.js';
import { Snapshots } from './collections/snapshots.js';
import { RequestError, refusalOf } from './errors.js';
import { DEFAULT_MAX_BODY_BYTES, type ServerOptions } from './options.js';
import { loadServerPackages } from './packages.js';
import { collectionRoutes } from './routes/collections.js';
import { importRoutes } from './routes/import.js';
import { pointRoutes } from './routes/points.js';
import { queryRoutes } from './routes/queries.js';
import { snapshotRoutes } from './routes/snapshots.js';
import { schemaError } from './schema-errors.js';

/** The version of Qdrant's interface that is served. */
const INTERFACE_VERSION = '1.18.0';

/**
 * A server of Qdrant's REST interface on the collections of a folder. It does not listen yet: `listen` and `inject` are Fastify's.
 *
 * Rejects with {@link IndexingError} `MissingPackage` without `fastify` or `lmdb`, `MalformedFile` for a folder of a newer version.
 *
 * @example
 * ```js
 * import { createServer } from 'simdex/server';
 *
 * const server = await createServer({ data: 'data' });
 * const answer = await server.inject({ url: '/collections' });
 * console.log(answer.json().status); // ok
 * await server.close();
 * ```
 */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { data, threads, maxMemoryBytes, maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = options;
  const { fastify, lmdb } = await loadServerPackages();
  const engine = new Engine({ threads, maxMemoryBytes });
  const app = fastify({
    bodyLimit: maxBodyBytes,
    schemaErrorFormatter: schemaError,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allowUnionTypes: true } },
  });
  const collections = await Collections.open(data, { lmdb, engine, logger: app.log }).catch(async (error: unknown) => {
    await engine.dispose();
    throw error;
  });
  app.addHook('onClose', async () => {
    await collections.close();
    await engine.dispose();
  });
  app.setErrorHandler<FastifyError>((error, _, reply) => {
    const { statusCode, message } = refusalOf(error);
    if (error instanceof RequestError && error.retryAfterSeconds !== undefined) {
      reply.header('retry-after', error.retryAfterSeconds);
    }
    return reply.code(statusCode).send(refusal(reply, message));
  });
  app.setNotFoundHandler(({ method, url }, reply) =>
    reply.code(404).send(refusal(reply, `${method} ${url.split('?')[0]} is not served here`)),
  );
  app.get('/', async () => ({ title: 'simdex', version: INTERFACE_VERSION }));
  app.get('/readyz', async (_, reply) => answer(reply, true));
  await app.register(collectionRoutes, { collections });
  await app.register(pointRoutes, { collections });
  await app.register(queryRoutes, { collections });
  await app.register(importRoutes, { collections });
  await app.register(snapshotRoutes, { snapshots: await Snapshots.open(data, collections) });
  return app;
}
