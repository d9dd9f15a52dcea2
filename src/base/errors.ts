/**
 * The one error type of the library: a stable `code` for programs, a sentence for people.
 */

export type IndexingErrorCode =
  | 'ThreadPanic'
  | 'EmptyVector'
  | 'ZeroMagnitude'
  | 'NonFinite'
  | 'InsufficientMemory'
  | 'InvalidConfiguration'
  | 'MalformedFile'
  | 'FileAccess'
  | 'MissingPackage'
  | 'Disposed';

/** Rows `first` (included) to `last` (excluded), by input position. */
export interface RowRange {
  readonly first: number;
  readonly last: number;
}

/** Details of an error beside its code and message, where they apply. */
export interface IndexingErrorDetails {
  /** Position in the input of the vector at fault. */
  readonly vectorIndex?: number;
  /** Thread at fault, 0-based. */
  readonly threadId?: number;
  /** Rows whose content is undefined after a failed run in place. */
  readonly rows?: RowRange;
  /** Work of the thread of a `ThreadPanic`. Default `'indexing'`. */
  readonly during?: 'indexing' | 'search';
  readonly cause?: unknown;
}

const OPENINGS = {
  ThreadPanic: 'Thread {id} panicked during {work}',
  EmptyVector: 'Cannot process empty vector',
  ZeroMagnitude: 'Vector has zero magnitude',
  NonFinite: 'Vector has a non-finite component',
  InsufficientMemory: 'Insufficient memory for indexing operation',
  InvalidConfiguration: 'Invalid indexing configuration',
  MalformedFile: 'Malformed file of vectors',
  FileAccess: 'Cannot read or write',
  MissingPackage: 'A package is missing',
  Disposed: 'Already disposed',
} satisfies Record<IndexingErrorCode, string>;

/**
 * Thrown, or rejected with, by everything in simdex. The message begins with the fixed words of its code and goes on
 * with the vector, thread, option, byte or file at fault.
 *
 * @example
 * ```js
 * import { IndexingError, MonitoredParallelIndexer } from 'simdex';
 *
 * const indexer = new MonitoredParallelIndexer();
 * try {
 *   await indexer.indexVectorsMonitored([[3, 4], [0, 0]]);
 * } catch (error) {
 *   if (!(error instanceof IndexingError)) throw error;
 *   console.log(error.code, error.vectorIndex); // ZeroMagnitude 1
 * }
 * await indexer.dispose();
 * ```
 */
export class IndexingError extends Error {
  /**
   * `InvalidConfiguration` is for options and arguments only. `MalformedFile` is for what a file holds, `FileAccess` for what the
   * system refused (its error is the `cause`), `MissingPackage` for an optional package that is absent or does not fit, and
   * `Disposed` for the use of what was disposed of or closed.
   */
  readonly code: IndexingErrorCode;
  declare readonly vectorIndex?: number;
  declare readonly threadId?: number;
  declare readonly rows?: RowRange;

  constructor(code: IndexingErrorCode, detail: string, details: IndexingErrorDetails = {}) {
    const { vectorIndex, threadId, rows, during = 'indexing', cause } = details;
    const opening = OPENINGS[code].replace('{id}', String(threadId ?? 'unknown')).replace('{work}', during);
    super(`${opening}: ${detail}`, cause === undefined ? undefined : { cause });
    this.name = 'IndexingError';
    this.code = code;
    if (vectorIndex !== undefined) this.vectorIndex = vectorIndex;
    if (threadId !== undefined) this.threadId = threadId;
    if (rows !== undefined) this.rows = rows;
  }
}

/** The message without the fixed words of its code, for a sentence that has an opening of its own. */
export function detailOf(error: IndexingError): string {
  return error.message.slice(error.message.indexOf(': ') + 2);
}

/** `InvalidConfiguration` for the option (argument, field) `name`: what was expected and what came. */
export function invalidConfiguration(name: string, expected: string, found: unknown): IndexingError {
  return new IndexingError('InvalidConfiguration', `${name} must be ${expected}, got ${describeValue(found)}`);
}

export function isOutOfMemory(error: unknown): boolean {
  return error instanceof IndexingError && error.code === 'InsufficientMemory';
}

/** A misspelt option would be passed over in silence; nothing here has options that others may add to. */
export function refuseUnknown(name: string, options: object, known: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null) throw invalidConfiguration(name, 'an object', options);
  for (const key of Object.keys(options)) {
    if (!known.has(key)) throw invalidConfiguration(`${name}.${key}`, `one of ${[...known].join(', ')}`, key);
  }
}

/** A thrown value in a sentence. Foreign code may throw anything. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return `an object (${value.constructor?.name ?? 'without prototype'})`;
  return String(value);
}
