/**
 * What a caller of an index may ask for, checked once at the edge.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { checkRunner as checkEngineRunner, type IndexerLogger } from '../engine/engine-options.js';
import type { WorkerChoice } from '../engine/lanes/platform.js';
import type { KernelBackend } from '../kernel/instantiate.js';
import type { Metric } from '../kernel/search/error-bound.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorIds } from './id-table.js';
import { SearchFilter } from './search-filter.js';

/** What runs the searches of an index. */
export interface LoadOptions {
  /** Threads that a search is spread over: 1 to 256, or `'auto'` (default), what the machine allows. */
  readonly threadCount?: number | 'auto' | undefined;
  /** Default `'auto'`: SIMD where the engine has it and answers a known question rightly, else JavaScript. */
  readonly kernel?: 'auto' | KernelBackend | undefined;
  /**
   * What a search reads of every row: `'int8'` (default), a copy of one byte a component, which leaves few rows to be scored
   * exactly, or `'float32'`, the rows themselves. The hits are the same. The copy makes the index a quarter larger in memory,
   * not in files, and searches faster, most of all single queries; it gains nothing where the rows are more alike than a byte
   * tells apart. With a kernel other than SIMD, and below 64 or above 65,536 dims, rows are always scanned in float32.
   */
  readonly scan?: 'int8' | 'float32' | undefined;
  /**
   * The worker module, as of `IndexerOptions`; in pages `simdex/search-worker`, or one that wraps it: `simdex/worker` does not
   * search there.
   */
  readonly worker?: WorkerChoice | undefined;
  /** Hears of what happens beside results, every message once; none by default. */
  readonly logger?: IndexerLogger | undefined;
  /** Stops the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

export interface BuildOptions extends LoadOptions {
  /** Unique numbers (safe integers) or strings, one for each vector. Default: positions. */
  readonly ids?: VectorIds | undefined;
  /** Default `'cosine'`. */
  readonly metric?: Metric | undefined;
  /** Called after every portion of vectors. A throwing listener fails the call with what it threw. */
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
}

/** How far the building of an index is. */
export interface BuildProgress {
  /** Vectors in the index so far. */
  readonly processed: number;
  /** Of so many; undefined where the source does not tell. */
  readonly total: number | undefined;
}

/** What a single search is asked for. */
export interface SearchOptions {
  /** Which rows may be hits: a predicate on ids or, to be used again, a SearchFilter, which keeps a bit for each row. */
  readonly filter?: ((id: VectorId) => boolean) | SearchFilter | undefined;
  /** Stops the search, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

const LOAD_OPTIONS = new Set(['threadCount', 'kernel', 'scan', 'worker', 'logger', 'signal']);
const BUILD_OPTIONS = new Set([...LOAD_OPTIONS, 'ids', 'metric', 'onProgress']);
const SEARCH_OPTIONS = new Set(['filter', 'signal']);
const METRICS: readonly string[] = ['cosine', 'dot', 'euclidean'] satisfies Metric[];

/** @throws {IndexingError} `InvalidConfiguration` naming the option; so do all functions here. */
export function checkLoadOptions(options: LoadOptions): void {
  refuseUnknown('options', options, LOAD_OPTIONS);
  checkRunner(options);
}

export function checkBuildOptions(options: BuildOptions): void {
  refuseUnknown('options', options, BUILD_OPTIONS);
  checkRunner(options);
  const { ids, metric, onProgress } = options;
  if (ids !== undefined) checkIdList('ids', ids);
  if (metric !== undefined && !METRICS.includes(metric)) {
    throw invalidConfiguration('metric', "'cosine', 'dot' or 'euclidean'", metric);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidConfiguration('onProgress', 'a function', onProgress);
  }
}

export function checkSearchOptions(k: number, options: SearchOptions): void {
  if (!Number.isSafeInteger(k) || k < 1) throw invalidConfiguration('k', 'a positive integer', k);
  refuseUnknown('options', options, SEARCH_OPTIONS);
  const { filter, signal } = options;
  if (filter !== undefined && typeof filter !== 'function' && !(filter instanceof SearchFilter)) {
    throw invalidConfiguration('filter', 'a function of an id or a SearchFilter', filter);
  }
  checkSignal(signal);
}

/** For `add` and `upsert`. */
export function checkIdsOption(options: { readonly ids?: VectorIds | undefined }): VectorIds | undefined {
  refuseUnknown('options', options, new Set(['ids']));
  if (options.ids !== undefined) checkIdList('ids', options.ids);
  return options.ids;
}

/** Anything with a length and elements, but for a string, whose elements would be ids too. */
export function checkIdList(name: string, ids: VectorIds): void {
  if (typeof ids === 'object' && ids !== null && Number.isSafeInteger(ids.length)) return;
  throw invalidConfiguration(name, 'an array of strings or safe integers', ids);
}

function checkRunner({ kernel, scan, worker, logger, signal }: LoadOptions): void {
  if (scan !== undefined && scan !== 'int8' && scan !== 'float32') {
    throw invalidConfiguration('scan', "'int8' or 'float32'", scan);
  }
  checkEngineRunner({ kernel, worker, logger });
  checkSignal(signal);
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw invalidConfiguration('signal', 'an AbortSignal', signal);
}
