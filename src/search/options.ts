/**
 * The options of an index and of its calls, checked here, once.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import type { Engine } from '../engine/engine.js';
import { checkRunner, type EngineOptions } from '../engine/engine-options.js';
import type { Metric } from '../kernel/search/error-bound.js';
import type { Precision } from '../memory/segment-layout.js';
import type { VectorId } from '../vectors/vector-id.js';
import { checkGraphOption, type GraphOptions, type SearchQuality } from './graph/graph-options.js';
import type { VectorIds } from './ids.js';
import { SearchFilter } from './search-filter.js';

/** What an index runs on. */
export interface LoadOptions extends Omit<EngineOptions, 'threads'> {
  /**
   * The engine that does the work, shared with whoever else has it. By default that of the process, which all indexes share; an
   * index that is given `kernel`, `worker`, `wasm` or `maxMemoryBytes`, or a `threadCount` above that engine's, has one of its own.
   * In pages `worker` is `simdex/search-worker`, or one that wraps it.
   */
  readonly engine?: Engine | undefined;
  /** Threads that one call uses at most: 1 to 256, or `'auto'` (default), all of the engine's. */
  readonly threadCount?: number | 'auto' | undefined;
  /**
   * What a search reads of every row: `'int8'` (default), a copy of one byte a component, which leaves few rows to be scored
   * exactly, or `'float32'`, the rows themselves. The hits are the same. The copy makes the index a quarter larger in memory
   * and searches faster, most of all single queries; it gains nothing where the rows are more alike than a byte
   * tells apart. With a kernel other than SIMD, and below 64 or above 65,536 dims, float32 rows in memory are always scanned themselves; rows in a
   * file or of another precision never are.
   */
  readonly scan?: 'int8' | 'float32' | undefined;
  /**
   * Where rows are kept: in `'memory'` (default), or in the `'file'`, and then only codes, magnitudes, ids and the graph are in memory, about a fifth of
   * it. The hits are the same. Of each search the few rows that codes cannot rule out are read from the file, many at a time. The file is held open: one
   * that another takes the name of goes on being read until `dispose`, one that is changed in place makes searches reject with `FileAccess`.
   * Rows that are added are kept in memory, and `save` writes them. At most 65,536 components. Rows of `precision: 'int8'` are in memory
   * either way, since they are their codes.
   */
  readonly rows?: 'memory' | 'file' | undefined;
  /** Stops the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** Not what a type is inferred from: of `['a']` it would be `'a'`. Who wants ids to have a type names it. */
type Given<Id> = [Id][Id extends unknown ? 0 : never];

export interface BuildOptions<Id extends VectorId = VectorId> extends LoadOptions {
  /**
   * Whether searches go through a graph, which answers in a time that hardly grows with the number of rows, and finds most of the true hits:
   * `true`, or how it is built. Default false: all rows are scanned. See {@link VectorIndex.buildGraph}.
   */
  readonly graph?: boolean | GraphOptions | undefined;
  /** Unique numbers (safe integers) or strings, one for each vector. Default: positions. */
  readonly ids?: VectorIds<Given<Id>> | undefined;
  /** Default `'cosine'`. */
  readonly metric?: Metric | undefined;
  /**
   * What the components of a row are kept, saved and searched as: `'float32'` (default), `'float16'`, which takes half of it, or `'int8'`, which
   * takes a fifth of the memory of float32 rows with their codes. Answers are exact over the rows as they are kept, and what is kept is less exact:
   * `float16` has 11 bits, `int8` a byte each with a scale for each row. At most 65,536 components for these two; ±65,504 for `float16`.
   */
  readonly precision?: Precision | undefined;
  /** With `rows: 'file'`: where that is. The rows are written as they come, so that an index may be built that is larger than memory. */
  readonly file?: string | undefined;
  /** Components of each vector. By default those of the first one; an index that begins without vectors takes what comes first. */
  readonly dims?: number | undefined;
  /** Called after every portion of vectors. A throwing listener fails the call with what it threw. */
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
}

/** How far the building of an index is. */
export interface BuildProgress {
  /** Vectors in the index so far. */
  readonly processed: number;
  /** Vectors that the source has; undefined where it does not tell. */
  readonly total: number | undefined;
  /** Vectors in the graph so far; undefined as long as vectors come in, and without a graph. */
  readonly inGraph?: number | undefined;
}

/** Options of a single search. */
export interface SearchOptions<Id extends VectorId = VectorId> extends SearchQuality {
  /** Which rows may be hits: a predicate on ids or, to be used again, a SearchFilter, which keeps a bit for each row. */
  readonly filter?: ((id: Id) => boolean) | SearchFilter<Id> | undefined;
  /** The worst score that counts: a similarity for cosine and dot, a distance for euclidean. Default: any score does. */
  readonly threshold?: number | undefined;
  /** Best hits that are skipped; `k` hits follow. Default 0. */
  readonly offset?: number | undefined;
  /** Stops the search, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

const LOAD_OPTIONS = new Set([
  'engine',
  'threadCount',
  'maxMemoryBytes',
  'kernel',
  'scan',
  'rows',
  'worker',
  'wasm',
  'logger',
  'signal',
]);
const BUILD_OPTIONS = new Set([...LOAD_OPTIONS, 'ids', 'metric', 'dims', 'precision', 'file', 'graph', 'onProgress']);
const SEARCH_OPTIONS = new Set(['filter', 'threshold', 'offset', 'exact', 'recall', 'effort', 'signal']);
const IDS_OPTION = new Set(['ids']);
const PRECISIONS: readonly string[] = ['float32', 'float16', 'int8'] satisfies Precision[];
const METRICS: readonly string[] = ['cosine', 'dot', 'euclidean'] satisfies Metric[];

/** @throws {IndexingError} `InvalidConfiguration` naming the option; so do all functions here. */
export function checkLoadOptions(options: LoadOptions): void {
  refuseUnknown('options', options, LOAD_OPTIONS);
  checkCommon(options);
}

export function checkBuildOptions(options: BuildOptions): void {
  refuseUnknown('options', options, BUILD_OPTIONS);
  checkCommon(options);
  const { ids, metric, dims, precision, rows, file, onProgress } = options;
  if (ids !== undefined) checkIdList('ids', ids);
  checkGraphOption(options.graph);
  if (metric !== undefined && !METRICS.includes(metric)) {
    throw invalidConfiguration('metric', "'cosine', 'dot' or 'euclidean'", metric);
  }
  if (precision !== undefined && !PRECISIONS.includes(precision)) {
    throw invalidConfiguration('precision', "'float32', 'float16' or 'int8'", precision);
  }
  checkScan(options, precision ?? 'float32');
  if (rows === 'file' ? typeof file !== 'string' || file === '' : file !== undefined) {
    throw invalidConfiguration(
      'file',
      rows === 'file' ? 'a path, for rows that are in a file' : "left out without rows: 'file'",
      file,
    );
  }
  if (dims !== undefined && !(Number.isSafeInteger(dims) && dims > 0)) {
    throw invalidConfiguration('dims', 'a positive integer', dims);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidConfiguration('onProgress', 'a function', onProgress);
  }
}

/** Only float32 rows in memory can be scanned themselves. */
export function checkScan({ scan, rows }: LoadOptions, precision: Precision): void {
  if (scan !== 'float32' || (rows !== 'file' && precision === 'float32')) return;
  throw invalidConfiguration(
    'scan',
    `'int8' with ${rows === 'file' ? "rows: 'file'" : `precision ${precision}`}`,
    scan,
  );
}

export function checkSearchOptions<Id extends VectorId>(k: number, options: SearchOptions<Id>): void {
  if (!Number.isSafeInteger(k) || k < 1) throw invalidConfiguration('k', 'a positive integer', k);
  refuseUnknown('options', options, SEARCH_OPTIONS);
  const { filter, threshold, offset, signal } = options;
  if (filter !== undefined && typeof filter !== 'function' && !(filter instanceof SearchFilter)) {
    throw invalidConfiguration('filter', 'a function of an id or a SearchFilter', filter);
  }
  if (threshold !== undefined && (typeof threshold !== 'number' || Number.isNaN(threshold))) {
    throw invalidConfiguration('threshold', 'a number', threshold);
  }
  if (offset !== undefined && !(Number.isSafeInteger(offset) && offset >= 0)) {
    throw invalidConfiguration('offset', 'an integer from 0 on', offset);
  }
  checkQuality(k, options);
  checkSignal(signal);
}

/** Checks the options of `add` and `upsert`. */
export function checkIdsOption(options: { readonly ids?: VectorIds | undefined }): VectorIds | undefined {
  refuseUnknown('options', options, IDS_OPTION);
  if (options.ids !== undefined) checkIdList('ids', options.ids);
  return options.ids;
}

/** Accepts anything with a length and elements. A string is refused, since its elements would be ids too. */
export function checkIdList(name: string, ids: VectorIds): void {
  if (typeof ids === 'object' && ids !== null && Number.isSafeInteger(ids.length)) return;
  throw invalidConfiguration(name, 'an array of strings or safe integers', ids);
}

function checkCommon({ engine, scan, rows, signal, maxMemoryBytes, kernel, worker, wasm, logger }: LoadOptions): void {
  if (scan !== undefined && scan !== 'int8' && scan !== 'float32') {
    throw invalidConfiguration('scan', "'int8' or 'float32'", scan);
  }
  if (rows !== undefined && rows !== 'memory' && rows !== 'file') {
    throw invalidConfiguration('rows', "'memory' or 'file'", rows);
  }
  checkSignal(signal);
  if (engine === undefined) checkRunner({ maxMemoryBytes, kernel, worker, wasm, logger });
}

function checkQuality(k: number, { exact, recall, effort }: SearchQuality): void {
  if (exact !== undefined && typeof exact !== 'boolean') throw invalidConfiguration('exact', 'true or false', exact);
  if (recall !== undefined && !(typeof recall === 'number' && recall > 0 && recall <= 1)) {
    throw invalidConfiguration('recall', 'a number above 0, up to 1', recall);
  }
  if (effort !== undefined && !(Number.isSafeInteger(effort) && effort >= k)) {
    throw invalidConfiguration('effort', `an integer, at least k (${k})`, effort);
  }
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw invalidConfiguration('signal', 'an AbortSignal', signal);
}
