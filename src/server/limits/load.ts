/**
 * What the server takes on at a time. A request that comes when enough is under way is refused before its body is read, so that
 * neither memory nor waiting times grow.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../errors.js';

export interface LoadLimits {
  /** Requests under way. */
  readonly maxRequests: number;
  /** Bytes of one body, streamed ones apart. */
  readonly maxBodyBytes: number;
  /** Calls that wait for the engine's threads. */
  readonly maxPendingCalls: number;
}

export interface Load {
  /** Requests under way now. */
  readonly requests: number;
  /** Bytes of the bodies of requests under way, streamed ones apart. */
  readonly bodyBytes: number;
  /** Requests that were refused since the start. */
  readonly refused: number;
}

/** Seconds after which a refused client may come again. */
const RETRY_AFTER_SECONDS = 1;
/** A body of JSON may take some ten times its size in memory. */
const LARGEST_BODIES_UNDER_WAY = 4;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the body is read bit by bit, whatever its size. */
    streamed?: boolean;
  }
}

/** @param pendingCalls tells how many calls wait for the engine */
export function addLoadLimits(app: FastifyInstance, limits: LoadLimits, pendingCalls: () => number): Load {
  const load = { requests: 0, bodyBytes: 0, refused: 0 };

  app.addHook('onRequest', (request, reply, done) => {
    const bytes = bodyBytesOf(request, limits.maxBodyBytes);
    // A health check is answered however busy the server is.
    const isPublic = request.routeOptions.config.access === 'public';
    const reason = isPublic ? undefined : reasonToRefuse(bytes);
    if (reason !== undefined) {
      load.refused++;
      throw new RequestError(429, `${reason}; try again in ${RETRY_AFTER_SECONDS} s`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    load.requests++;
    load.bodyBytes += bytes;
    reply.raw.once('close', () => {
      load.requests--;
      load.bodyBytes -= bytes;
    });
    done();
  });

  function reasonToRefuse(bytes: number): string | undefined {
    if (load.requests >= limits.maxRequests) return `${load.requests} requests are under way, as many as are taken on`;
    const mostBytes = LARGEST_BODIES_UNDER_WAY * limits.maxBodyBytes;
    if (load.bodyBytes > 0 && load.bodyBytes + bytes > mostBytes)
      return `the bodies under way have ${load.bodyBytes} bytes, and no more than ${mostBytes} are taken on`;
    const calls = pendingCalls();
    if (calls >= limits.maxPendingCalls) return `${calls} calls wait for the engine, as many as may`;
    return undefined;
  }

  return load;
}

/** Most bytes that the body may have. A body that does not state its length may have as many as are allowed. */
function bodyBytesOf({ headers, routeOptions }: FastifyRequest, maxBodyBytes: number): number {
  if (routeOptions.config.streamed) return 0;
  if (headers['transfer-encoding'] !== undefined) return maxBodyBytes;
  const length = Number(headers['content-length'] ?? 0);
  return Math.min(maxBodyBytes, Number.isFinite(length) ? length : 0);
}
