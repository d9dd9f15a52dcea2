/**
 * Exact search over indexed vectors: the k best of all rows, found by a scan on all threads whose error is bounded, of int8
 * copies or of the rows in float32, and scored in float64.
 *
 * A search sees the rows that were there when it was called. Changes (add, upsert, remove) happen one after another, in
 * call order, each at once and as a whole or not at all.
 */
import { asyncDisposeSymbol } from '../base/dispose-symbol.js';
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { TimeSlices } from '../base/time-slices.js';
import type { Backend } from '../engine/engine-core.js';
import { checkThreadCount } from '../engine/engine-options.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import { malformed } from '../formats/malformed.js';
import { readSavedIndex } from '../formats/saved-index.js';
import { compileKernel } from '../kernel/compile.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import { compileSearchKernel } from '../kernel/search/compile-search-kernel.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { PerformanceMonitor } from '../monitoring/performance-monitor.js';
import { countVectors } from '../vectors/source-rows.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { VectorIds } from './id-table.js';
import { IndexRows, type IndexState } from './index-rows.js';
import { openIndexFile } from './load-index.js';
import {
  type BuildOptions,
  checkBuildOptions,
  checkIdList,
  checkIdsOption,
  checkLoadOptions,
  checkSearchOptions,
  type LoadOptions,
  type SearchOptions,
} from './options.js';
import { type PreparedQueries, prepareQueries, prepareQuery } from './queries.js';
import { type IndexToSave, indexToBytes, saveIndex } from './save-index.js';
import { SearchEngine } from './search-engine.js';
import { SearchFilter } from './search-filter.js';
import { hitsOf, NO_HITS, type SearchHits } from './search-hits.js';
import { toldOnce } from './told-once.js';

/**
 * Exact search over indexed vectors: the k best of all rows, scored in float64. A search sees the rows that were there when it
 * was called.
 */
export class VectorIndex {
  readonly metric: Metric;
  /** Query times, in milliseconds: from the call of a search to its hits, waiting for other searches included. */
  readonly monitor = new PerformanceMonitor();
  readonly #rows: IndexRows;
  readonly #engine: SearchEngine;
  readonly #closing: AbortController;
  #disposed: Promise<void> | undefined;

  /**
   * Makes an index of vectors of one length.
   *
   * Rejects with {@link IndexingError}: `InvalidConfiguration` for an option out of its domain, other dims, sorted rows, or a
   * duplicate id; `EmptyVector`, `NonFinite` and, for cosine, `ZeroMagnitude` with the lowest position at fault;
   * `InsufficientMemory`; `ThreadPanic`. With `signal.reason` when aborted.
   */
  static build(vectors: VectorSource | AsyncIterable<VectorSource>, options: BuildOptions = {}): Promise<VectorIndex> {
    return VectorIndex.buildInSegments(vectors, options);
  }

  /** `build` with segments of at most `segmentBytes`. @internal */
  static async buildInSegments(
    vectors: VectorSource | AsyncIterable<VectorSource>,
    options: BuildOptions = {},
    segmentBytes?: number,
  ): Promise<VectorIndex> {
    checkBuildOptions(options);
    const { metric = 'cosine', ids, signal, onProgress } = options;
    signal?.throwIfAborted();
    const isStream = typeof vectors === 'object' && vectors !== null && Symbol.asyncIterator in vectors;
    const total = isStream ? undefined : countVectors(vectors);
    if (total !== undefined && ids !== undefined && ids.length !== total) {
      throw invalidConfiguration('ids.length', `${total}, as there are vectors`, ids.length);
    }
    return VectorIndex.#create(metric, options, segmentBytes, (rows) =>
      rows.build({
        chunks: isStream ? vectors : [vectors],
        ids,
        signal,
        onProgress: (processed) => onProgress?.({ processed, total }),
      }),
    );
  }

  /**
   * Reads a saved index: a file by its path, a Blob, or its bytes. Rows that were rejected when it was written by
   * `simdex index --on-invalid skip` are left out; the numbers of the others stay.
   *
   * Rejects with {@link IndexingError} `FileAccess` for what cannot be read, and `MalformedFile` for a truncated, foreign, damaged
   * or newer file, saying which; with `InsufficientMemory`; with `signal.reason` when aborted.
   */
  static load(file: string | Blob | Uint8Array, options: LoadOptions = {}): Promise<VectorIndex> {
    return VectorIndex.loadInSegments(file, options);
  }

  /** `load` with segments of at most `segmentBytes`. @internal */
  static async loadInSegments(
    file: string | Blob | Uint8Array,
    options: LoadOptions = {},
    segmentBytes?: number,
  ): Promise<VectorIndex> {
    checkLoadOptions(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const { source, close } = await openIndexFile(file);
    try {
      const places = await readSavedIndex(source);
      if (places.order === 'sorted') {
        const found = 'sorted rows, which are no longer vectors; index them with the order original';
        throw malformed(source.name, '__metadata__', 'rows in their original order', found);
      }
      return await VectorIndex.#create(places.metric, options, segmentBytes, (rows, kernel) =>
        rows.load({ source, places, kernel, signal }),
      );
    } finally {
      await close();
    }
  }

  static async #create(
    metric: Metric,
    { threadCount = 'auto', kernel: choice = 'auto', scan = 'int8', worker, ...options }: LoadOptions,
    segmentBytes: number | undefined,
    fill: (rows: IndexRows, kernel: CompiledKernel) => Promise<void>,
  ): Promise<VectorIndex> {
    const platform = boundPlatform();
    const threads = checkThreadCount('threadCount', threadCount, () => platform.availableThreads());
    const logger = options.logger && toldOnce(options.logger);
    const onFallback = (reason: string) => logger?.warn(`The JavaScript kernel is used: ${reason}`);
    const kernel = await compileKernel(choice, { shared: platform.sharesMemory, onFallback });
    const searchKernel = await compileSearchKernel(kernel.backend, platform.sharesMemory);
    const closing = new AbortController();
    const rows = new IndexRows({
      metric,
      threads,
      runner: { kernel: choice, worker, logger },
      searchKernel: searchKernel.compiled,
      scan,
      segmentBytes,
      closing: closing.signal,
    });
    await fill(rows, kernel);
    const engine = new SearchEngine({ kernel: searchKernel, metric, threads, worker, logger });
    return new VectorIndex(metric, rows, engine, closing);
  }

  private constructor(metric: Metric, rows: IndexRows, engine: SearchEngine, closing: AbortController) {
    this.metric = metric;
    this.#rows = rows;
    this.#engine = engine;
    this.#closing = closing;
  }

  /** Vectors in the index. */
  get size(): number {
    return this.#rows.state.rows.size;
  }

  /** Components of each vector; 0 as long as there was none. */
  get dims(): number {
    return this.#rows.dims;
  }

  /**
   * What searches; known after a search that was too much for the calling thread to do at once. Not `shared`: the calling
   * thread does, in slices.
   */
  get backend(): Backend | undefined {
    return this.#engine.backend;
  }

  /**
   * The `k` best rows for a query, or all there are.
   *
   * @param query as many finite numbers as the index has dims; taken as float32
   * Rejects with {@link IndexingError} `InvalidConfiguration` for wrong dims, a `k` that is no positive integer, a query that
   * is not finite or an option out of its domain; `ZeroMagnitude` for a zero query and cosine; `ThreadPanic`. With
   * `signal.reason` when aborted, and with what the filter throws.
   */
  async search(query: ArrayLike<number>, k: number, options: SearchOptions = {}): Promise<SearchHits> {
    const state = this.#begin(k, options);
    const timer = this.monitor.startQueryTimer();
    const queries = this.dims > 0 ? prepareQuery(query, this.dims, this.metric) : undefined;
    const [hits] = queries ? await this.#search(state, queries, k, options) : [];
    timer.stop();
    return hits ?? NO_HITS;
  }

  /**
   * `search` for many queries at once, which is faster than one after another: a row is read once for all of them. The
   * monitor records the mean time of a query for each. Errors about a query have its position as `vectorIndex`.
   */
  async searchBatch(queries: VectorSource, k: number, options: SearchOptions = {}): Promise<SearchHits[]> {
    const state = this.#begin(k, options);
    const startedAtMs = performance.now();
    const count = countVectors(queries);
    const slices = new TimeSlices(options.signal);
    const hits =
      this.dims > 0
        ? await this.#search(state, await prepareQueries(queries, this.dims, this.metric, slices), k, options)
        : Array.from({ length: count }, () => NO_HITS);
    const meanMs = (performance.now() - startedAtMs) / count;
    for (let query = 0; query < count; query++) this.monitor.recordQueryTime(meanMs);
    return hits;
  }

  /**
   * Adds vectors behind those that are there: all of them, or none and an error, as of `build`.
   *
   * @param options.ids new ids, one for each vector; by default the next numbers, where ids are numbers
   */
  async add(vectors: VectorSource, options: { readonly ids?: VectorIds | undefined } = {}): Promise<void> {
    this.#refuseIfDisposed();
    return this.#rows.add(vectors, checkIdsOption(options));
  }

  /** As `add`; a vector whose id is there takes the place of that row, which is removed. Its own place is the last one. */
  async upsert(vectors: VectorSource, options: { readonly ids: VectorIds }): Promise<void> {
    this.#refuseIfDisposed();
    const ids = checkIdsOption(options);
    if (ids === undefined) throw invalidConfiguration('ids', 'an array of strings or safe integers', ids);
    return this.#rows.upsert(vectors, ids);
  }

  /** Removes the rows with these ids; passes over ids that are not there. Resolves with the number removed. */
  async remove(ids: VectorIds): Promise<number> {
    this.#refuseIfDisposed();
    checkIdList('ids', ids);
    return this.#rows.remove(ids);
  }

  /** Whether a row has that id. */
  has(id: VectorId): boolean {
    this.#refuseIfDisposed();
    return this.#rows.has(id);
  }

  /**
   * Writes the index as one .safetensors file: under a temporary name, which then takes the place of what was there. The
   * rows are those of the moment of the call.
   */
  async save(file: string): Promise<void> {
    this.#refuseIfDisposed();
    if (typeof file !== 'string' || file === '') throw invalidConfiguration('file', 'a path', file);
    await saveIndex(this.#toSave(), file, this.#closing.signal);
  }

  /** The bytes of the file that `save` writes. Holds the calling thread for as long as it takes. */
  toBytes(): Uint8Array {
    this.#refuseIfDisposed();
    return indexToBytes(this.#toSave());
  }

  /** Ends the threads and lets go of the rows. Searches under way reject, and so does every call afterwards. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  /** `dispose()`, for `await using`. */
  [asyncDisposeSymbol](): Promise<void> {
    return this.dispose();
  }

  async #end(): Promise<void> {
    const reason = disposedError();
    this.#closing.abort(reason);
    await Promise.all([this.#engine.dispose(reason), this.#rows.dispose()]);
  }

  /** Checks a call; the state that it sees. */
  #begin(k: number, options: SearchOptions): IndexState {
    this.#refuseIfDisposed();
    checkSearchOptions(k, options);
    options.signal?.throwIfAborted();
    return this.#rows.state;
  }

  async #search(
    { rows, ids }: IndexState,
    queries: PreparedQueries,
    k: number,
    { filter, signal }: SearchOptions,
  ): Promise<SearchHits[]> {
    if (rows.size === 0) return Array.from({ length: queries.count }, () => NO_HITS);
    const accepted = filter
      ? await filterOf(filter).accepted(rows, ids, new TimeSlices(signal))
      : rows.parts.map(({ live }) => live);
    this.#refuseIfDisposed();
    const ranked = await this.#engine.search({
      state: rows,
      dims: this.dims,
      accepted,
      queries,
      k: Math.min(k, rows.size),
      signal,
    });
    return ranked.map((each, query) => hitsOf(each, ids, this.metric, queries.scales[query]!));
  }

  #toSave(): IndexToSave {
    return { ...this.#rows.state, dims: this.dims, metric: this.metric };
  }

  #refuseIfDisposed(): void {
    if (this.#closing.signal.aborted) throw disposedError();
  }
}

function filterOf(filter: NonNullable<SearchOptions['filter']>): SearchFilter {
  return filter instanceof SearchFilter ? filter : new SearchFilter(filter);
}

function disposedError(): IndexingError {
  return new IndexingError('Disposed', 'the index was disposed; make a new one');
}
