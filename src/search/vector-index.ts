/**
 * Exact search over indexed vectors: the k best of all rows, found by a scan on all threads whose error is bounded, of int8
 * copies or of the rows in float32, and scored in float64.
 *
 * A search sees the rows that were there when it was called. Changes (add, upsert, remove) happen one after another, in
 * call order, each at once and as a whole or not at all.
 */
import { asyncDisposeSymbol } from '../base/dispose-symbol.js';
import { IndexingError, invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { TimeSlices, turnBeforeAnswer } from '../base/time.js';
import type { Backend } from '../engine/engine-core.js';
import type { ByteSource } from '../formats/format.js';
import { malformed } from '../formats/malformed.js';
import type { SavedGraphPlaces } from '../formats/saved-graph.js';
import { readSavedIndex } from '../formats/saved-index.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { isThere } from '../memory/deaths.js';
import { PerformanceMonitor } from '../monitoring/performance-monitor.js';
import type { IndexingPerformanceReport } from '../reporting/report.js';
import { countVectors } from '../vectors/source-rows.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { countAll, fillWithVectors } from './build-index.js';
import { recallOf } from './graph/calibration.js';
import {
  type BuildGraphOptions,
  checkBuildGraphOptions,
  type GraphCalibration,
  type GraphInfo,
  type GraphProgress,
} from './graph/graph-options.js';
import type { GraphNow } from './graph/index-graph.js';
import type { GraphToSave } from './graph/save-graph.js';
import { type Place, rowOf } from './id-table.js';
import type { VectorIds } from './ids.js';
import { IndexCore, type IndexCoreOptions, type IndexMemory } from './index-core.js';
import { type EngineHold, holdEngine, withEngineSignal } from './index-engine.js';
import { fillFromFile, openIndexFile } from './load-index.js';
import {
  type BuildOptions,
  checkBuildOptions,
  checkIdList,
  checkIdsOption,
  checkLoadOptions,
  checkScan,
  checkSearchOptions,
  type LoadOptions,
  type SearchOptions,
} from './options.js';
import { type PreparedQueries, prepareQueries, prepareQuery } from './queries.js';
import type { Rows, Snapshot } from './rows.js';
import { indexToBytes } from './save-index.js';
import { SearchFilter } from './search-filter.js';
import { leastKey, noHits, type SearchHits } from './search-hits.js';
import { doInSlices } from './steps.js';

/** A row of an index as it is kept. */
export interface KeptVector {
  /** Float32Array of `dims`: a copy of the row. For cosine a unit row, for the other metrics the vector; as exact as `precision` keeps it. */
  readonly vector: Float32Array<ArrayBuffer>;
  /** For cosine of the vector as it was given, for the other metrics of the row as it is kept. */
  readonly magnitude: number;
}

/** A query: as many finite numbers as the index has dims, taken as float32, or the row of an id. */
export type Query<Id extends VectorId = VectorId> = ArrayLike<number> | { readonly id: Id };

/**
 * Exact search over indexed vectors: the k best of all rows, scored in float64. A search sees the rows that were there when it
 * was called.
 *
 * @example
 * ```js
 * import { VectorIndex } from 'simdex';
 *
 * const index = await VectorIndex.build([[1, 0], [0, 1], [3, 4]], { ids: ['a', 'b', 'c'] });
 * const { ids, scores } = await index.search([1, 1], 2);
 * console.log(ids, scores); // [ 'c', 'a' ] Float32Array(2) [ 0.98…, 0.70… ]
 * await index.dispose();
 * ```
 */
export class VectorIndex<Id extends VectorId = VectorId> {
  readonly metric: Metric;
  /**
   * Query times, in milliseconds: from the call of a search to its hits, waiting for other searches included. With a graph index times
   * as well: for every row that was put into it, what that took its thread.
   */
  readonly monitor: PerformanceMonitor;
  readonly #core: IndexCore;
  readonly #hold: EngineHold;
  #disposed: Promise<void> | undefined;

  /**
   * Makes an index of vectors of one length. An empty one is `build([], { dims })`. Without `ids`, the chunks of a stream may have
   * `ids` of their own, as those of `readVectors` do: all of them, or none.
   *
   * Rejects with {@link IndexingError}: `InvalidConfiguration` for an option out of its domain, other dims, sorted rows, or a
   * duplicate id; `EmptyVector`, `NonFinite` and, for cosine, `ZeroMagnitude` with the lowest position at fault;
   * `InsufficientMemory`; `ThreadPanic`. With `signal.reason` as soon as it is aborted, whatever the source does.
   */
  static build<Id extends VectorId = VectorId>(
    vectors: VectorSource | AsyncIterable<VectorSource>,
    options: BuildOptions<Id> = {},
  ): Promise<VectorIndex<Id>> {
    return VectorIndex.buildInSegments(vectors, options);
  }

  /** `build` with segments of at most `segmentBytes`. @internal */
  static async buildInSegments<Id extends VectorId = VectorId>(
    vectors: VectorSource | AsyncIterable<VectorSource>,
    options: BuildOptions<Id> = {},
    segmentBytes?: number,
  ): Promise<VectorIndex<Id>> {
    checkBuildOptions(options);
    const { metric = 'cosine', dims, precision = 'float32' } = options;
    return withEngineSignal(options, (signal) => {
      countAll(vectors, options);
      return VectorIndex.#create(
        options,
        { metric, dims, precision, inFile: options.rows === 'file' && precision !== 'int8', segmentBytes },
        async (core) => {
          await VectorIndex.#fill(core, vectors, options, signal);
          const { graph, onProgress } = options;
          if (!graph) return;
          const tell =
            onProgress &&
            (({ processed, total }: GraphProgress) => onProgress({ processed: total, total, inGraph: processed }));
          await core.buildGraph(graph === true ? {} : graph, { signal, onProgress: tell });
        },
      );
    });
  }

  /**
   * `build` of rows that are stored elsewhere: with the graph that was saved, where there is one, whose rows are the first ones in their order.
   *
   * @param stored.expected how many rows there will be, about
   * @internal
   */
  static async buildStored<Id extends VectorId = VectorId>(
    vectors: AsyncIterable<VectorSource>,
    options: BuildOptions<Id>,
    stored: {
      readonly expected: number | undefined;
      readonly graph: { readonly source: ByteSource; readonly places: SavedGraphPlaces } | undefined;
    },
  ): Promise<VectorIndex<Id>> {
    checkBuildOptions(options);
    const { metric = 'cosine', dims, precision = 'float32' } = options;
    const shape = { metric, dims, precision, segmentBytes: undefined, inFile: false };
    const { expected, graph } = stored;
    return withEngineSignal(options, (signal) =>
      VectorIndex.#create(options, shape, async (core) => {
        const rooms = await fillWithVectors(core, vectors, { ...options, expected }, signal);
        if (graph) await core.loadGraph(graph.source, graph.places, rooms, signal);
      }),
    );
  }

  /**
   * Reads a saved index: a file by its path or, in Node, its http(s) URL (by ranges), a Blob, or its bytes. With `rows: 'file'` its rows stay there; see {@link LoadOptions}. Rows that were rejected when it was written by
   * `simdex index --on-invalid skip` are left out; the numbers of the others stay.
   *
   * Rejects with {@link IndexingError} `FileAccess` for what cannot be read, and `MalformedFile` for a truncated, foreign, damaged
   * or newer file, saying which; with `InsufficientMemory`; with `signal.reason` when aborted.
   */
  static load<Id extends VectorId = VectorId>(
    file: string | Blob | Uint8Array,
    options: LoadOptions = {},
  ): Promise<VectorIndex<Id>> {
    return VectorIndex.loadInSegments(file, options);
  }

  /** `load` with segments of at most `segmentBytes`. @internal */
  static async loadInSegments<Id extends VectorId = VectorId>(
    file: string | Blob | Uint8Array,
    options: LoadOptions = {},
    segmentBytes?: number,
  ): Promise<VectorIndex<Id>> {
    checkLoadOptions(options);
    return withEngineSignal(options, async (signal) => {
      const opened = await openIndexFile(file, signal);
      const { source } = opened;
      let isHeld = false;
      try {
        const places = await readSavedIndex(source);
        if (places.order === 'sorted') {
          const found = 'sorted rows, which are no longer vectors; index them with the order original';
          throw malformed(source.name, '__metadata__', 'rows in their original order', found);
        }
        const { metric, dims, precision } = places;
        checkScan(options, precision);
        // Rows of int8 are their own codes, which are in memory.
        const inFile = options.rows === 'file' && precision !== 'int8';
        const shape = { metric, dims: dims || undefined, precision, inFile, segmentBytes };
        // Where there is no row, nothing is read any more.
        const held = inFile && places.count > 0 ? opened : undefined;
        const index = await VectorIndex.#create<Id>(options, shape, (core) =>
          fillFromFile(core, { source, places }, held, signal),
        );
        isHeld = held !== undefined;
        return index;
      } finally {
        if (!isHeld) await opened.close();
      }
    });
  }

  static async #fill<Id extends VectorId>(
    core: IndexCore,
    vectors: VectorSource | AsyncIterable<VectorSource>,
    options: BuildOptions<Id>,
    signal: AbortSignal,
  ): Promise<void> {
    const { file, precision } = options;
    if (file === undefined || precision === 'int8') {
      await fillWithVectors(core, vectors, options, signal);
      if (file !== undefined) await core.save(core.toSave(), file);
      return;
    }
    const { buildInFile } = await import('./file/build-in-file.js');
    await buildInFile(core, vectors, { ...options, file }, () => core.toSave(), signal);
  }

  static async #create<Id extends VectorId>(
    options: LoadOptions,
    shape: Pick<IndexCoreOptions, 'metric' | 'dims' | 'precision' | 'inFile' | 'segmentBytes'>,
    fill: (core: IndexCore) => Promise<void>,
  ): Promise<VectorIndex<Id>> {
    const hold = holdEngine(options);
    try {
      const { core } = hold.engine;
      core.refuseIfClosed();
      const kernel = await core.kernel();
      const { compiled: searchKernel } = await core.searchKernel();
      const logger = options.logger ?? core.options.logger;
      const warn = (message: string) => logger?.warn(message);
      const { scan = 'int8' } = options;
      const monitor = new PerformanceMonitor();
      const onPutIn = (count: number, meanMs: number) => monitor.recordIndexTimes(new Float64Array(count).fill(meanMs));
      const index = new IndexCore({ ...shape, core, threads: hold.threads, kernel, searchKernel, scan, warn, onPutIn });
      try {
        await fill(index);
      } catch (error) {
        await index.close(error);
        throw error;
      }
      return new VectorIndex<Id>(index, hold, monitor);
    } catch (error) {
      await hold.release();
      throw error;
    }
  }

  private constructor(core: IndexCore, hold: EngineHold, monitor: PerformanceMonitor) {
    this.monitor = monitor;
    this.metric = core.metric;
    this.#core = core;
    this.#hold = hold;
    forgotten.register(this, hold.release, this);
  }

  /** Vectors in the index. */
  get size(): number {
    return this.#core.rows?.size ?? 0;
  }

  /** Components of each vector; 0 while they are not known. */
  get dims(): number {
    return this.#core.rows?.dims ?? 0;
  }

  /** The graph that searches go through; undefined without one. */
  get graph(): GraphInfo | undefined {
    return this.#core.graphInfo;
  }

  /**
   * Bytes that the index holds, by kind.
   *
   * @example
   * ```js
   * import { VectorIndex } from 'simdex';
   *
   * const index = await VectorIndex.build([[1, 0], [0, 1], [3, 4]]);
   * const { rows, codes, graph, ids, total } = index.memory;
   * console.log(rows > 0, total >= rows + codes + graph + ids); // true true
   * await index.dispose();
   * ```
   */
  get memory(): IndexMemory {
    return this.#core.memory;
  }

  /** The backend that searches. Not `shared`: the calling thread searches, in slices. */
  get backend(): Backend | undefined {
    const { backend } = this.#core.core;
    return backend && { ...backend, threads: Math.min(this.#hold.threads, backend.threads) };
  }

  /** Starts the threads, so that the first call that needs them need not. Rejects as `Engine.ready` does. */
  async ready(): Promise<void> {
    this.#refuseIfDisposed();
    await this.#hold.engine.ready();
  }

  /**
   * The `k` best rows for a query, or all there are, from the one behind `offset` on.
   *
   * Rejects with {@link IndexingError} `InvalidConfiguration` for wrong dims, a `k` that is no positive integer, a query that
   * is not finite or whose id is not there, an option out of its domain, and a filter whose answer is not a boolean;
   * `ZeroMagnitude` for a zero query and cosine; `ThreadPanic`. With `signal.reason` when aborted, and with what the filter throws.
   *
   * @example
   * ```js
   * const { ids, scores } = await index.search(query, 10, { filter: (id) => id !== 'a', threshold: 0.5 });
   * ```
   */
  async search(query: Query<Id>, k: number, options: SearchOptions<Id> = {}): Promise<SearchHits<Id>> {
    const startedAt = performance.now();
    this.#begin(k, options);
    const { rows } = this.#core;
    const snapshot = rows?.snapshot;
    const view = this.#core.graph?.now;
    const preparing = this.#prepare(query, rows);
    const queries = preparing instanceof Promise ? await preparing : preparing;
    const searching = this.#search(rows, queries, k, options, snapshot, view);
    const [hits] = searching instanceof Promise ? await searching : searching;
    const endedAt = performance.now();
    this.monitor.recordQueryTime(endedAt - startedAt);
    const turn = turnBeforeAnswer(endedAt);
    if (turn) await turn;
    return hits!;
  }

  /**
   * `search` for many queries at once, which is faster than one after another: a row is read once for all of them. The
   * monitor records the mean time of a query for each. Errors about a query have its position as `vectorIndex`.
   */
  async searchBatch(queries: VectorSource, k: number, options: SearchOptions<Id> = {}): Promise<SearchHits<Id>[]> {
    const startedAt = performance.now();
    this.#begin(k, options);
    const { rows } = this.#core;
    const snapshot = rows?.snapshot;
    const view = this.#core.graph?.now;
    const count = countVectors(queries);
    const prepared = rows && (await prepareQueries(queries, rows.dims, this.metric, new TimeSlices(options.signal)));
    const hits = prepared
      ? await this.#search(rows, prepared, k, options, snapshot, view)
      : Array.from({ length: count }, () => noHits<Id>());
    const endedAt = performance.now();
    const meanMs = (endedAt - startedAt) / count;
    for (let query = 0; query < count; query++) this.monitor.recordQueryTime(meanMs);
    const turn = turnBeforeAnswer(endedAt);
    if (turn) await turn;
    return hits;
  }

  /**
   * Adds vectors behind those that are there: all of them, or none and an error, as of `build`.
   *
   * @param options.ids new ids, one for each vector; by default the next numbers, where ids are numbers
   */
  async add(vectors: VectorSource, options: { readonly ids?: VectorIds<Id> | undefined } = {}): Promise<void> {
    this.#refuseIfDisposed();
    await (this.#core.changes.add(vectors, checkIdsOption(options), false) ?? turnBeforeAnswer(performance.now()));
  }

  /** As `add`; a vector whose id is there takes the place of that row, which is removed. Its own place is the last one. */
  async upsert(vectors: VectorSource, options: { readonly ids: VectorIds<Id> }): Promise<void> {
    this.#refuseIfDisposed();
    const ids = checkIdsOption(options);
    if (ids === undefined) throw invalidConfiguration('ids', 'an array of strings or safe integers', ids);
    await (this.#core.changes.add(vectors, ids, true) ?? turnBeforeAnswer(performance.now()));
  }

  /** `upsert` of rows that nobody sees before `confirmed` has resolved; where that rejects, so does this, and nothing has changed. @internal */
  async upsertWhen(
    confirmed: Promise<unknown>,
    vectors: VectorSource,
    options: { readonly ids: VectorIds<Id> },
  ): Promise<void> {
    this.#refuseIfDisposed();
    // Its rejection is handled when the change has its turn.
    confirmed.catch(() => undefined);
    await this.#core.changes.add(vectors, checkIdsOption(options), true, confirmed);
  }

  /** Removes the rows with these ids; passes over ids that are not there. Resolves with the number removed. */
  async remove(ids: VectorIds<Id>): Promise<number> {
    this.#refuseIfDisposed();
    checkIdList('ids', ids);
    const removing = this.#core.changes.remove(ids);
    const removed = typeof removing === 'number' ? removing : await removing;
    const turn = turnBeforeAnswer(performance.now());
    if (turn) await turn;
    return removed;
  }

  /** Whether a row has that id. */
  has(id: VectorId): boolean {
    this.#refuseIfDisposed();
    return this.#core.rows !== undefined && this.#core.rows.find(id) !== -1;
  }

  /** The row with that id as it is kept, a copy, and its magnitude; undefined where there is none. */
  async get(id: Id): Promise<KeptVector | undefined> {
    this.#refuseIfDisposed();
    const { rows } = this.#core;
    const place = rows?.find(id) ?? -1;
    if (!rows || place === -1) return undefined;
    const segment = rows.segmentAt(place);
    const magnitude = segment.magnitudes(rowOf(place), 1)[0]!;
    const vector = await this.#rowAt(rows, place);
    return { vector, magnitude };
  }

  /** The ids of all rows that are there now, in the order of the rows. */
  ids(): IterableIterator<Id> {
    this.#refuseIfDisposed();
    return idsOf<Id>(this.#core.rows?.snapshot);
  }

  /**
   * Writes the index as one .safetensors file: under a temporary name, which then takes the place of what was there. The
   * rows are those of the moment of the call. An index whose rows stay in a file and that is saved in the place of it reads from the new one
   * from then on.
   */
  async save(file: string): Promise<void> {
    this.#refuseIfDisposed();
    if (typeof file !== 'string' || file === '') throw invalidConfiguration('file', 'a path', file);
    await this.#core.save(this.#core.toSave(), file);
  }

  /**
   * The bytes of the file that `save` writes. Holds the calling thread for as long as it takes.
   *
   * @throws {IndexingError} `InvalidConfiguration` where rows are in a file.
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    this.#refuseIfDisposed();
    return indexToBytes(this.#core.toSave());
  }

  /**
   * Builds a graph over all rows, on all threads. From then on searches go through it (see {@link SearchQuality}); rows that are added later
   * are put into it behind the caller's back. A graph that is there goes on being used until the new one is built. Searches and changes go on
   * meanwhile.
   *
   * Rejects with {@link IndexingError} `InvalidConfiguration`, `InsufficientMemory`, `ThreadPanic`; with `signal.reason` when aborted, and
   * with what `onProgress` throws. The index stays as it was then.
   *
   * @returns the report of the build: its threads, batches and bottlenecks as of an indexing run, and in `graph` what searches through the graph
   *   find at what speed. Of an index without rows it is empty: such an index builds its graph as they come.
   *
   * @example
   * ```js
   * const report = await index.buildGraph({ degree: 16 });
   * console.log(report.vectorsPerSecond, report.graph.curve);
   * const hits = await index.search(query, 10, { recall: 0.99 });
   * ```
   */
  async buildGraph(options: BuildGraphOptions = {}): Promise<IndexingPerformanceReport> {
    this.#refuseIfDisposed();
    checkBuildGraphOptions(options);
    const { degree, effort, signal, onProgress, realTime } = options;
    return await this.#core.buildGraph({ degree, effort }, { signal, onProgress, realTime });
  }

  /** Lets go of the graph: from then on searches scan all rows. Resolves when its memory is free. */
  async dropGraph(): Promise<void> {
    this.#refuseIfDisposed();
    await this.#core.dropGraph();
  }

  /**
   * Measures by these queries what the graph finds, and relies on that from then on, until rows have changed so much that the index measures
   * again by its own rows: for queries that are not like the rows.
   *
   * Rejects with {@link IndexingError} `InvalidConfiguration` without a graph and for what are no queries, `ThreadPanic`; with
   * `signal.reason`.
   *
   * @param queries 100 or more; each is searched for exactly, and with some 15 efforts
   * @returns `index.graph.calibration`
   *
   * @example
   * ```js
   * await index.calibrate(typicalQueries);
   * const hits = await index.search(query, 10, { recall: 0.9 });
   * ```
   */
  async calibrate(
    queries: VectorSource,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly GraphCalibration[]> {
    this.#refuseIfDisposed();
    refuseUnknown('options', options, CALIBRATE_KEYS);
    const { rows, graph } = this.#core;
    if (!rows || !graph) throw invalidConfiguration('index.graph', 'a graph; build one first', undefined);
    const prepared = await prepareQueries(queries, rows.dims, this.metric, new TimeSlices(options.signal));
    if (prepared.count === 0) throw invalidConfiguration('queries', 'one query or more', queries);
    await graph.calibrate(prepared, options.signal);
    return graph.info.calibration;
  }

  /**
   * The part of the true `k` best rows that searches find for these queries, in the mean, 0 to 1: searches with the same `recall` or `effort`
   * are compared with exact ones. A row as good as the last of the true ones counts as one of them.
   *
   * Rejects as `searchBatch` does.
   *
   * @example
   * ```js
   * console.log(await index.measureRecall(queries, 10, { effort: 100 }));
   * ```
   */
  async measureRecall(
    queries: VectorSource,
    k: number,
    options: Pick<SearchOptions<Id>, 'recall' | 'effort' | 'signal'> = {},
  ): Promise<number> {
    refuseUnknown('options', options, MEASURE_KEYS);
    const exact = await this.searchBatch(queries, k, { exact: true, signal: options.signal });
    const found = await this.searchBatch(queries, k, options);
    return recallOf(found, exact, k, this.metric === 'euclidean').recall;
  }

  /** Lets go of the rows, and of the threads that nobody else needs. Calls under way reject, and so does every one afterwards. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  /** `dispose()`, for `await using`. */
  [asyncDisposeSymbol](): Promise<void> {
    return this.dispose();
  }

  async #end(): Promise<void> {
    forgotten.unregister(this);
    await this.#core.close(disposedError());
    await this.#hold.release();
  }

  /** Checks a call of a search. */
  #begin(k: number, options: SearchOptions<Id>): void {
    this.#refuseIfDisposed();
    checkSearchOptions(k, options);
    options.signal?.throwIfAborted();
  }

  /** A row as it is kept; one that is in a file is read. */
  #rowAt(rows: Rows, place: Place): Float32Array<ArrayBuffer> | Promise<Float32Array<ArrayBuffer>> {
    const segment = rows.segmentAt(place);
    const { stored } = segment;
    return stored ? this.#core.readRow(stored, segment, rowOf(place)) : segment.rowAt(rowOf(place));
  }

  /** undefined where there are no dims to check it by. */
  #prepare(query: Query<Id>, rows: Rows | undefined): PreparedQueries | Promise<PreparedQueries> | undefined {
    if (!isIdQuery(query)) return rows && prepareQuery(query, rows.dims, this.metric);
    refuseUnknown('query', query, QUERY_KEYS);
    const place = rows?.find(query.id) ?? -1;
    if (!rows || place === -1) throw invalidConfiguration('query.id', 'the id of a row', query.id);
    const row = this.#rowAt(rows, place);
    if (!(row instanceof Promise)) return prepareQuery(row, rows.dims, this.metric);
    return row.then((read) => {
      this.#refuseIfDisposed();
      return prepareQuery(read, rows.dims, this.metric);
    });
  }

  /** Hits of the rows that are there now, or were at `snapshot`; at once where that is little work. */
  #search(
    rows: Rows | undefined,
    queries: PreparedQueries | undefined,
    k: number,
    options: SearchOptions<Id>,
    snapshot: Snapshot | undefined = rows?.snapshot,
    view: GraphNow | undefined = this.#core.graph?.now,
  ): SearchHits<Id>[] | Promise<SearchHits<Id>[]> {
    const { filter, threshold, offset = 0, signal } = options;
    if (!rows || !queries || !snapshot || snapshot.size <= offset) {
      return Array.from({ length: queries?.count ?? 1 }, () => noHits<Id>());
    }
    const wanted = Math.min(k + offset, snapshot.size);
    const leastKeys =
      threshold === undefined
        ? undefined
        : queries.scales.map((scale) => leastKey(this.metric, Math.fround(threshold), scale));
    const request = { snapshot, queries, k: wanted, accepted: undefined, leastKeys, offset, threshold, signal };
    const effort = view?.graph.effortFor(wanted, options);
    const throughGraph = view && effort !== undefined ? { ...request, moment: view.moment, effort } : undefined;
    if (view && throughGraph && filter === undefined) {
      return view.graph.search(throughGraph) as Promise<SearchHits<Id>[]>;
    }
    const searches = this.#core.searchesOf(rows);
    const search = (accepted: ArrayBufferLike[] | undefined) => {
      const filtered = { ...request, accepted };
      const hits = searches.isSmall(request) ? searches.searchNow(filtered) : searches.search(filtered);
      return hits as SearchHits<Id>[] | Promise<SearchHits<Id>[]>;
    };
    if (filter === undefined) return search(undefined);
    const once = filter instanceof SearchFilter ? filter : SearchFilter.forOnce(filter);
    const scan = async () => {
      const accepted = await doInSlices(once.accepted(snapshot), new TimeSlices(signal));
      this.#refuseIfDisposed();
      return search(accepted);
    };
    if (!view || !throughGraph) return scan();
    return view.graph
      .searchFiltered(throughGraph, once as SearchFilter)
      .then((hits) => (hits as SearchHits<Id>[] | undefined) ?? scan());
  }

  /** The graph as `save` writes it, and the ids of the rows that it is about, in their order; undefined without one. @internal */
  graphToSave(): { readonly graph: GraphToSave; readonly ids: IterableIterator<Id> } | undefined {
    this.#refuseIfDisposed();
    const { rows, graph } = this.#core.toSave();
    return graph && { graph, ids: idsOf<Id>(rows) };
  }

  #refuseIfDisposed(): void {
    this.#core.closing.throwIfAborted();
    this.#core.core.refuseIfClosed();
  }
}

const QUERY_KEYS = new Set(['id']);
const CALIBRATE_KEYS = new Set(['signal']);
const MEASURE_KEYS = new Set(['recall', 'effort', 'signal']);

/** Ends the engine of an index that was forgotten, where nobody else has it. */
const forgotten = new FinalizationRegistry<EngineHold['release']>((release) => {
  release();
});

function isIdQuery<Id extends VectorId>(query: Query<Id>): query is { readonly id: Id } {
  return typeof query === 'object' && query !== null && 'id' in query && !('length' in query);
}

function* idsOf<Id extends VectorId>(snapshot: Snapshot | undefined): Generator<Id, undefined> {
  for (const [i, { ids, deaths }] of (snapshot?.segments ?? []).entries()) {
    for (let row = 0; row < snapshot!.counts[i]!; row++) {
      if (isThere(deaths, row, snapshot!.version)) yield ids.get(row) as Id;
    }
  }
}

function disposedError(): IndexingError {
  return new IndexingError('Disposed', 'the index was disposed; make a new one');
}
