/**
 * How long requests took, by method, route and status. Routes are patterns (`/collections/:name`), never what a client wrote, so the
 * number of series is bounded by what there is.
 */
import type { FastifyInstance } from 'fastify';
import { TimeDistribution } from '../../monitoring/time-distribution.js';

export interface RequestTimes {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly times: TimeDistribution;
}

/** Route name of requests that match no route. */
const NO_ROUTE = 'none';
/** HTTP methods that are counted by name, since a client may write any word. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export function countRequests(app: FastifyInstance): () => readonly RequestTimes[] {
  const all = new Map<string, RequestTimes>();
  app.addHook('onResponse', (request, reply, done) => {
    const method = METHODS.has(request.method) ? request.method : 'other';
    const route = request.routeOptions.url ?? NO_ROUTE;
    const status = reply.statusCode;
    const key = `${method} ${route} ${status}`;
    let one = all.get(key);
    if (!one) {
      one = { method, route, status, times: new TimeDistribution() };
      all.set(key, one);
    }
    one.times.record(Math.max(0, reply.elapsedTime));
    done();
  });
  return () => [...all.values()];
}
