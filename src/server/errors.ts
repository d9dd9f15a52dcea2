/**
 * What a request is refused with: an HTTP status and a sentence.
 */
import { IndexingError, type IndexingErrorCode } from '../base/errors.js';

/** Thrown by whatever serves a request. `message` goes to the client. */
export class RequestError extends Error {
  readonly statusCode: number;
  /** Seconds after which the client may try again, for the header `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    statusCode: number,
    message: string,
    options: ErrorOptions & { readonly retryAfterSeconds?: number } = {},
  ) {
    super(message, options);
    this.name = 'RequestError';
    this.statusCode = statusCode;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

const STATUS = {
  ThreadPanic: 500,
  EmptyVector: 400,
  ZeroMagnitude: 400,
  NonFinite: 400,
  InsufficientMemory: 507,
  InvalidConfiguration: 400,
  MalformedFile: 400,
  FileAccess: 500,
  MissingPackage: 400,
  Disposed: 503,
} satisfies Record<IndexingErrorCode, number>;

/** The HTTP status for what was thrown, and the sentence for the client: nothing of what is unknown here. */
export function refusalOf(thrown: unknown): { readonly statusCode: number; readonly message: string } {
  if (thrown instanceof RequestError) return thrown;
  if (thrown instanceof IndexingError) return { statusCode: STATUS[thrown.code], message: thrown.message };
  if (isClientError(thrown)) return thrown;
  return { statusCode: 500, message: 'The server failed to answer this request. Its log says why.' };
}

/** Fastify's own errors (a body that is no JSON, that is too large, of a type that is not served) have a status and a sentence. */
function isClientError(thrown: unknown): thrown is { statusCode: number; message: string } {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return false;
  return typeof thrown.statusCode === 'number' && thrown.statusCode >= 400 && thrown.statusCode < 500;
}
