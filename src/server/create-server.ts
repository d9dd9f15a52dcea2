/**
 * The server as a Fastify instance: its collections are open when it is given, and closed with it.
 */
import type { FastifyInstance } from 'fastify';
import { Engine } from '../engine/engine.js';
import { Collections } from './collections/collections.js';
import { Snapshots } from './collections/snapshots.js';
import { collectOpenApi } from './openapi.js';
import { checkServerOptions, type ServerOptions } from './options.js';
import { addOutside, fastifyOptions, type Outside } from './outside.js';
import { loadServerPackages } from './packages.js';
import { collectionRoutes } from './routes/collections.js';
import { addDashboardRoutes } from './routes/dashboard.js';
import { importRoutes } from './routes/import.js';
import { pointRoutes } from './routes/points.js';
import { queryRoutes } from './routes/queries.js';
import { addServiceRoutes } from './routes/service.js';
import { snapshotRoutes } from './routes/snapshots.js';
import { schemaController } from './schema-compilers.js';
import { schemaError } from './schema-errors.js';
import type { ServerState } from './watching/server-state.js';
import { ServerWatch } from './watching/server-watch.js';

/** Checks that are not made shorter are made in two thirds of the time, which is a part of each start, and are as fast. */
const AJV_OPTIONS = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  allowUnionTypes: true,
  code: { optimize: false },
} as const;

/**
 * A server of Qdrant's REST interface on the collections of a folder. It does not listen yet: `listen` and `inject` are Fastify's. Routes may be added
 * until then. The schemas of a route are compiled when it is first asked for.
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
  const checked = checkServerOptions(options);
  const { fastify, lmdb } = await loadServerPackages();
  const engine = new Engine({ threads: checked.threads, maxMemoryBytes: checked.maxMemoryBytes });
  const app = fastify.fastify({
    ...fastifyOptions(checked, fastify),
    schemaErrorFormatter: schemaError,
    ajv: { customOptions: AJV_OPTIONS },
    schemaController,
  });
  const watch = new ServerWatch(
    {
      pendingCalls: () => engine.pending.calls,
      memoryBytes: () => process.memoryUsage.rss(),
      cpuSeconds: processorSeconds,
      busyMs: () => engine.core.times.read().map(({ busyMs }) => busyMs),
    },
    (error) => app.log.error(error, 'a listener of the monitor failed'),
  );
  const collections = await Collections.open(checked.data, { lmdb, engine, logger: app.log, watch }).catch(
    async (error: unknown) => {
      watch.close();
      await Promise.all([app.close(), engine.dispose()]);
      throw error;
    },
  );
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
    // Ends the streams of events, which would go on for ever.
    watch.close();
  });
  app.addHook('onClose', async () => {
    await collections.close();
    await engine.dispose();
  });
  const outside = addOutside(app, checked, () => engine.pending.calls);
  const state = () => stateOf({ outside, collections, engine, watch });
  const openApi = collectOpenApi(app);
  addServiceRoutes(app, {
    monitor: watch.monitor,
    state,
    openApi,
    unready: () => (isClosing ? 'the server is stopping' : undefined),
  });
  addDashboardRoutes(app, { watch, state });
  await app.register(collectionRoutes, { collections });
  await app.register(pointRoutes, { collections });
  await app.register(queryRoutes, { collections });
  await app.register(importRoutes, { collections });
  const snapshots = await Snapshots.open(checked.data, collections).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  await app.register(snapshotRoutes, { snapshots });
  return app;
}

interface Parts {
  readonly outside: Outside;
  readonly collections: Collections;
  readonly engine: Engine;
  readonly watch: ServerWatch;
}

function stateOf({ outside, collections, engine, watch }: Parts): ServerState {
  return {
    requests: outside.requests(),
    load: outside.load,
    connections: outside.connections,
    collections: collections.states(),
    engine: {
      threads: engine.threads,
      kernel: engine.backend?.kernel,
      threadTimes: engine.core.times.read(),
      pending: engine.pending,
    },
    commits: watch.commits,
    memory: { rssBytes: process.memoryUsage.rss() },
    cpuSeconds: processorSeconds(),
    uptimeSeconds: watch.uptimeSeconds,
  };
}

/** Processor time of the process so far, in seconds. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
