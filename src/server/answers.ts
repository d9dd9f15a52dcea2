/**
 * The shape of answers, which is Qdrant's: `time` is in seconds.
 */
import type { FastifyReply } from 'fastify';
import { RequestError } from './errors.js';

export interface Answer<T> {
  readonly result: T;
  readonly status: 'ok';
  readonly time: number;
}

/** The answer to a request that was done. */
export function answer<T>(reply: FastifyReply, result: T): Answer<T> {
  return { result, status: 'ok', time: reply.elapsedTime / 1000 };
}

/** The body of a request that was refused. */
export function refusal(reply: FastifyReply, message: string) {
  return { status: { error: message }, time: reply.elapsedTime / 1000 };
}

/** Sets `Retry-After` where the refusal says when the client may come again. */
export function setRetryAfter(reply: FastifyReply, refused: unknown): void {
  if (refused instanceof RequestError && refused.retryAfterSeconds !== undefined)
    reply.header('retry-after', refused.retryAfterSeconds);
}
