/**
 * What the server logs: JSON lines by pino, which comes with Fastify. Names and paths from outside stand in JSON strings, so that none of
 * them can begin a line or a field of its own. Headers, and so keys, are not logged; neither are queries of URLs.
 */
import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';

/** Lowest level that is logged; `silent` logs nothing. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';

/** Destination of log lines; each is a JSON object and a line break. */
export interface LogDestination {
  /** Takes a line. */
  write(line: string): void;
}

const LONGEST_PATH = 200;

/** For Fastify's option `logger`. */
export function loggerOptions(
  level: LogLevel,
  destination: LogDestination | undefined,
): NonNullable<FastifyServerOptions['logger']> {
  return {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    ...(destination && { stream: destination }),
  };
}

/** Numbers requests from 1 on: a client's own id could be anything, and twice the same. */
export function createRequestIds(): () => string {
  let requests = 0;
  return () => String(++requests);
}

/** A line for each request that was answered or given up, and the request's id in the answer. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const status = reply.statusCode;
    const fields = { ...placeOf(request), status, ms: Math.round(reply.elapsedTime * 1000) / 1000 };
    const level = levelOf(status);
    request.log[level](fields, 'request');
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    request.log.warn(placeOf(request), 'request given up by the client');
    done();
  });
}

function placeOf({ method, url, routeOptions, ip }: FastifyRequest) {
  const [path = ''] = url.split('?', 1);
  return { method, route: routeOptions.url, path: path.slice(0, LONGEST_PATH), remoteAddress: ip };
}

function levelOf(status: number): 'error' | 'warn' | 'info' {
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}
