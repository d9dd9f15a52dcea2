/**
 * What tells of the server itself: its name, its health, its metrics, its interface.
 */
import type { FastifyInstance } from 'fastify';
import { prometheusContentType, prometheusText } from '../../metrics/prometheus-text.js';
import type { PerformanceMonitor } from '../../monitoring/performance-monitor.js';
import type { OpenApi } from '../openapi.js';
import { serverMetricsText } from '../watching/server-families.js';
import type { ServerState } from '../watching/server-state.js';

/** Version of the interface that is served. Clients warn where it is too far from theirs. */
const QDRANT_VERSION = '1.18.0';

export interface ServiceParts {
  readonly monitor: PerformanceMonitor;
  readonly state: () => ServerState;
  readonly openApi: () => OpenApi;
  /** Why the server cannot serve now; undefined where it can. */
  readonly unready: () => string | undefined;
}

const tags = ['service'];

export function addServiceRoutes(app: FastifyInstance, { monitor, state, openApi, unready }: ServiceParts): void {
  const isPublic = { access: 'public' } as const;

  app.get('/', { config: isPublic, schema: { summary: 'Name and version of the interface', tags } }, () => {
    return { title: 'simdex', version: QDRANT_VERSION };
  });
  for (const path of ['/healthz', '/livez']) {
    app.get(path, { config: isPublic, schema: { summary: 'Whether the process lives', tags } }, (_, reply) => {
      reply.type('text/plain; charset=utf-8').send('healthz check passed');
    });
  }
  app.get('/readyz', { config: isPublic, schema: { summary: 'Whether requests are served', tags } }, (_, reply) => {
    const reason = unready();
    reply
      .code(reason === undefined ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(reason ?? 'all shards are ready');
  });
  app.get('/metrics', { schema: { summary: 'Metrics for Prometheus', tags } }, (_, reply) => {
    reply.type(prometheusContentType).send(prometheusText(monitor) + serverMetricsText(state()));
  });
  app.get('/openapi.json', { schema: { summary: 'This interface, as OpenAPI 3.1', tags } }, () => openApi());
}
