/**
 * The parts of a VectorIndex: its rows, their changes and its searches, on an engine.
 */
import { IndexingError } from '../base/errors.js';
import { linkSignals, unlessStopped } from '../base/signals.js';
import type { EngineCore } from '../engine/engine-core.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import type { ByteSource } from '../formats/format.js';
import type { SavedGraphPlaces } from '../formats/saved-graph.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { canBeCompact, hasInt8Scan } from '../kernel/search/int8-bound.js';
import type { Precision } from '../memory/segment-layout.js';
import type { IndexingPerformanceReport } from '../reporting/report.js';
import { Changes } from './changes.js';
import { ClearAway } from './clear-away.js';
import type { IndexFiles } from './file/index-files.js';
import type { StoredRows } from './file/stored-rows.js';
import type { GraphBuilding, GraphInfo, GraphOptions } from './graph/graph-options.js';
import { DEFAULT_DEGREE, DEFAULT_EFFORT } from './graph/graph-options.js';
import type { IndexGraph } from './graph/index-graph.js';
import type { Place } from './id-table.js';
import { bringVectors, settlingOf } from './incoming.js';
import type { KeptRows } from './kept-rows.js';
import { type RowRoom, Rows, type Snapshot } from './rows.js';
import { moveKeptRows, type RowsScope } from './rows-job.js';
import { type IndexToSave, saveIndex } from './save-index.js';
import { type IndexSearches, Searches } from './searches.js';
import type { Segment } from './segment.js';
import type { Steps } from './steps.js';

export interface IndexCoreOptions {
  readonly core: EngineCore;
  readonly metric: Metric;
  /** Components of each vector, where they are known before there is one. */
  readonly dims: number | undefined;
  /** Threads that a call uses at most. */
  readonly threads: number;
  readonly kernel: CompiledKernel;
  readonly searchKernel: CompiledKernel;
  /** How rows are scanned, as far as the kernel and their dims allow. */
  readonly scan: 'int8' | 'float32';
  /** Precision that rows are kept in. */
  readonly precision: Precision;
  /** Whether rows may be in a file: then all of them have codes. */
  readonly inFile: boolean;
  /** Most bytes of a segment's memory; undefined for what WebAssembly allows. */
  readonly segmentBytes: number | undefined;
  /** Hears of threads that died. */
  readonly warn: (message: string) => void;
  /** Told of rows that were put into a graph, and what each took its thread, in milliseconds. */
  readonly onPutIn: (count: number, meanMs: number) => void;
}

/** Bytes that an index holds, room for rows to come included. */
export interface IndexMemory {
  /** Bytes of rows in memory, their magnitudes, and when each was removed. */
  readonly rows: number;
  /** Bytes of the int8 codes of rows, with their scales and bounds. Rows of `precision: 'int8'` are their codes. */
  readonly codes: number;
  readonly graph: number;
  /** Bytes of ids and the table that finds them. Those of strings are estimated, since engines do not tell. */
  readonly ids: number;
  /** Bytes of all that, and of the memory that threads search in. */
  readonly total: number;
}

const NO_ROWS: Snapshot = { segments: [], counts: [], version: 0, size: 0, stored: new Map() };

interface GraphShapeOptions {
  readonly degree: number;
  readonly effort: number;
}

interface GraphToCome extends GraphShapeOptions {
  readonly create: (rows: Rows) => IndexGraph;
}

export class IndexCore {
  readonly changes: Changes;
  readonly #options: IndexCoreOptions;
  readonly #closing = new AbortController();
  #searches: IndexSearches | undefined;
  /** The files of rows that are in files; undefined where all are in memory. */
  #files: IndexFiles | undefined;
  /** The graph that searches use. */
  #graph: IndexGraph | undefined;
  /** The graph that searches use, and those that are being built. They hear of every change. */
  readonly #graphs = new Set<IndexGraph>();
  /** The graph that is built once the dims are known. */
  #graphToCome: GraphToCome | undefined;
  /** Graphs are built one after the other. */
  #building: Promise<unknown> = Promise.resolve();

  constructor(options: IndexCoreOptions) {
    const { core, metric, dims } = options;
    this.#options = options;
    const closing = this.#closing.signal;
    const withMemory = <T>(work: () => T) => core.withMemory(work);
    const clearAway: ClearAway = new ClearAway({
      withMemory,
      inTurn: (change) => this.changes.inTurn(change),
      move: (kept, to) => moveKeptRows(core, this.scope(to.layout.dims), kept, to, closing),
      prepareMove: (kept, to) => this.#prepareMove(kept, to),
      sharesMemory: core.sharesMemory,
      closing,
    });
    this.changes = new Changes({
      metric,
      dims,
      createRows: (dims) => this.#createRows(dims),
      bringIn: (rows, incoming, rooms, signal) =>
        bringVectors(core, this.scope(rows.dims), settlingOf(metric, rows.dims, rows.form), incoming, rooms, signal),
      withMemory,
      waiting: core.pending,
      onPublished: (rows, rooms) => this.#published(rows, rooms),
      forget: (places) => this.#forget(places),
      onChanged: (rows) => {
        clearAway.look(rows);
        for (const graph of this.#graphs) graph.changeEnded();
      },
      closing,
    });
  }

  get metric(): Metric {
    return this.#options.metric;
  }

  get precision(): Precision {
    return this.#options.precision;
  }

  get core(): EngineCore {
    return this.#options.core;
  }

  /** Aborted when the index is disposed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get rows(): Rows | undefined {
    return this.changes.rows;
  }

  /** Bytes that the index holds, by kind. */
  get memory(): IndexMemory {
    const { rows = 0, codes = 0, ids = 0, work = 0 } = this.rows?.memory ?? {};
    const graph = this.#graph?.info.bytes ?? 0;
    const others = work + this.changes.stagingBytes + (this.#searches?.byteLength ?? 0);
    return { rows, codes, graph, ids, total: rows + codes + graph + ids + others };
  }

  /** The searches of `rows`. */
  searchesOf({ dims }: Rows): IndexSearches {
    const scope = { ...this.scope(dims), metric: this.metric };
    this.#searches ??=
      this.#files?.createSearches(this.core, scope, this.closing) ?? new Searches(this.core, scope, this.closing);
    return this.#searches;
  }

  get files(): IndexFiles | undefined {
    return this.#files;
  }

  /** A row that is in a file. Rejects with `FileAccess`, and when the index is disposed. */
  readRow(stored: StoredRows, segment: Segment, row: number): Promise<Float32Array<ArrayBuffer>> {
    // Any number of rows may be asked for at a time.
    const { signal, unlink } = linkSignals(this.closing);
    const reading = this.#files!.readRow(stored, segment, row, this.metric === 'cosine');
    return unlessStopped(reading, signal).finally(unlink);
  }

  /** The index as it is now. */
  toSave(): IndexToSave {
    const rows = this.rows?.snapshot ?? NO_ROWS;
    const { metric, precision } = this;
    return { rows, dims: this.rows?.dims ?? 0, metric, precision, graph: this.#graph?.toSave(rows) };
  }

  /** Writes a file, and goes on with it where it takes the place of the index's own. */
  async save(index: IndexToSave, file: string): Promise<void> {
    const files = this.#files;
    const isOwn = files && (await files.isOwn(file));
    await saveIndex(index, file, this.closing);
    const { rows } = this;
    if (isOwn && rows) await this.changes.inTurn(() => files.switchTo(file, rows, index.rows));
  }

  /** Tells that some rows are in files. Called before the first search. */
  useFiles(files: IndexFiles): void {
    this.#files = files;
  }

  scope(dims: number): RowsScope {
    const { threads, kernel, searchKernel, warn } = this.#options;
    return { dims, threads, kernel, searchKernel, warn };
  }

  // --- graph ---------------------------------------------------------------------------------------------------------

  get graph(): IndexGraph | undefined {
    return this.#graph;
  }

  get graphInfo(): GraphInfo | undefined {
    if (this.#graph) return this.#graph.info;
    const { degree, effort } = this.#graphToCome ?? {};
    if (degree === undefined || effort === undefined) return undefined;
    return { degree, effort, rows: 0, pending: 0, bytes: 0, calibration: [] };
  }

  /**
   * Builds a graph, which then takes the place of the one there is. Graphs are built in the order in which they are asked for.
   *
   * @returns the report of the build
   */
  async buildGraph(options: GraphOptions, building: GraphBuilding = {}): Promise<IndexingPerformanceReport> {
    const { degree = DEFAULT_DEGREE, effort = DEFAULT_EFFORT } = options;
    const before = this.#building;
    const built = before.then(() => this.#buildGraph({ degree, effort }, building));
    this.#building = built.then(
      () => undefined,
      () => undefined,
    );
    return await built;
  }

  /** Takes the graph of a saved index, whose rows are in `rooms`; without one, and tells why, where that is damaged. */
  async loadGraph(
    source: ByteSource,
    places: SavedGraphPlaces,
    rooms: readonly RowRoom[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { DamagedGraph } = await import('./graph/index-graph.js');
    const create = await this.#graphCreator();
    const { warn } = this.#options;
    let graph: IndexGraph | undefined;
    try {
      if ('damage' in places) throw new DamagedGraph(places.damage);
      const { degree, effort } = places;
      graph = create(this.rows!, { degree, effort });
      await graph.load(source, places, rooms, signal);
      this.#graphs.add(graph);
      this.#graph = graph;
    } catch (error) {
      await graph?.close(error);
      if (!(error instanceof DamagedGraph)) throw error;
      warn(`${source.name}: the graph in it is damaged (${error.message}); all rows are scanned until one is built`);
    }
  }

  async dropGraph(): Promise<void> {
    this.#graphToCome = undefined;
    await this.#replaceGraph(undefined);
  }

  async #buildGraph(shape: GraphShapeOptions, building: GraphBuilding): Promise<IndexingPerformanceReport> {
    const { closing, core } = this;
    const { signal } = building;
    closing.throwIfAborted();
    signal?.throwIfAborted();
    const createOne = await this.#graphCreator();
    closing.throwIfAborted();
    const create = (rows: Rows) => {
      const graph = createOne(rows, shape);
      this.#graphs.add(graph);
      return graph;
    };
    if (!this.rows) {
      this.#graphToCome = { ...shape, create };
      const { reportOfNothing } = await import('./graph/measured-build.js');
      return reportOfNothing(core, boundPlatform(), this.#options.threads);
    }
    const graph = create(this.rows);
    let report: IndexingPerformanceReport;
    try {
      report = await graph.build(building);
    } catch (error) {
      this.#graphs.delete(graph);
      await graph.close(error);
      closing.throwIfAborted();
      throw error;
    }
    await this.#replaceGraph(graph);
    return report;
  }

  /** Makes graphs, once the code and the kernel for them are loaded. */
  async #graphCreator(): Promise<(rows: Rows, shape: GraphShapeOptions) => IndexGraph> {
    const { core, closing } = this;
    const { IndexGraph, graphKernelOf } = await import('./graph/index-graph.js');
    const graphKernel = await graphKernelOf(core);
    const { metric, segmentBytes: partBytes, onPutIn } = this.#options;
    return (rows, shape) => {
      const [searches, scope, scores] = [this.searchesOf(rows), this.scope(rows.dims), this.#files?.scores];
      return new IndexGraph({
        core,
        scope,
        graphKernel,
        metric,
        rows,
        searches,
        scores,
        ...shape,
        partBytes,
        onPutIn,
        closing,
      });
    };
  }

  async #replaceGraph(graph: IndexGraph | undefined): Promise<void> {
    const before = this.#graph;
    this.#graph = graph;
    if (!before) return;
    this.#graphs.delete(before);
    await before.close(new IndexingError('Disposed', 'the graph was dropped, or built anew'));
  }

  #published(rows: Rows, rooms: readonly RowRoom[]): void {
    for (const graph of this.#graphs) graph.expect(rooms);
    if (!this.#graphToCome) return;
    this.#graph = this.#graphToCome.create(rows);
    this.#graphToCome = undefined;
    this.#graph.begin();
  }

  *#forget(places: readonly Place[]): Steps<void> {
    for (const graph of this.#graphs) yield* graph.forget(places);
  }

  *#prepareMove(kept: KeptRows, to: Segment | undefined): Steps<() => void> {
    const moves: (() => void)[] = [];
    for (const graph of this.#graphs) moves.push(yield* graph.prepareMove(kept, to));
    return () => {
      for (const move of moves) move();
    };
  }

  /** What waits and is under way rejects with `reason`. Resolves when no thread is at work on the rows any more. */
  async close(reason: unknown): Promise<void> {
    this.#closing.abort(reason);
    await Promise.all([...this.#graphs].map((graph) => graph.close(reason)));
    await Promise.all([this.changes.idle(), this.#searches?.idle(), this.#building]);
    this.#files?.close();
    for (const { memory } of this.rows?.segments ?? []) {
      this.core.forgetMemory(memory.key);
      this.core.memories.discard(memory);
    }
  }

  #createRows(dims: number): Rows {
    const { core, threads, kernel, searchKernel, scan, precision, inFile, segmentBytes } = this.#options;
    if ((inFile || precision !== 'float32') && !canBeCompact(dims)) {
      const how = inFile ? 'in a file' : `as ${precision}`;
      const detail = `vectors must have at most 65,536 components to be kept ${how}, got ${dims}`;
      throw new IndexingError('InvalidConfiguration', detail);
    }
    const gainsInt8 = scan === 'int8' && searchKernel.backend === 'simd' && hasInt8Scan(dims);
    return new Rows({
      shape: { dims, lanes: threads, form: precision, int8: inFile || precision !== 'float32' || gainsInt8 },
      kernels: { indexing: kernel, search: searchKernel },
      segmentBytes,
      core,
    });
  }
}
