/**
 * The graph of an index: it is built by all threads, kept up as rows come and go, measured, and searched.
 *
 * It is changed by one activity at a time (rows are put in, or lists are mended), each as jobs on the engine. Searches go on meanwhile.
 * They scan the rows that are not in the graph yet, so a new row is found at once.
 */
import { IndexingError, messageOf } from '../../base/errors.js';
import { linkSignals } from '../../base/signals.js';
import { TimeSlices } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import { boundPlatform } from '../../engine/lanes/platform.js';
import type { ByteSource } from '../../formats/format.js';
import type { SavedGraphPlaces } from '../../formats/saved-graph.js';
import type { PreparedKernel } from '../../kernel/instantiate.js';
import type { Metric } from '../../kernel/search/error-bound.js';
import { MAX_EFFORT } from '../../memory/graph-part-layout.js';
import type { IndexingPerformanceReport } from '../../reporting/report.js';
import type { GraphFigures } from '../../reporting/report-data.js';
import type { ExactScores } from '../file/exact-scores.js';
import type { Place } from '../id-table.js';
import type { KeptRows } from '../kept-rows.js';
import type { PreparedQueries } from '../queries.js';
import type { RowRoom, Rows, Snapshot } from '../rows.js';
import type { RowsScope } from '../rows-job.js';
import type { SearchFilter } from '../search-filter.js';
import type { SearchHits } from '../search-hits.js';
import type { IndexSearches } from '../searches.js';
import type { Segment } from '../segment.js';
import { doInSlices, type Steps } from '../steps.js';
import { type CalibrationPoint, effortFor } from './calibration.js';
import { GraphBuild } from './graph-build.js';
import { type MendOptions, mendPart, repairPart } from './graph-mend.js';
import { DEFAULT_RECALL, type GraphBuilding, type GraphInfo, type SearchQuality } from './graph-options.js';
import type { GraphMoment } from './graph-rows.js';
import { type GraphRequest, GraphSearches } from './graph-searches.js';
import { loadGraph } from './load-graph.js';
import { measureByOwnRows, measureByQueries, timeExactSearches } from './measuring.js';
import { type GraphToSave, graphToSave } from './save-graph.js';

export { graphKernelOf } from './graph-kernel-of.js';
export { DamagedGraph } from './read-lists.js';

export interface IndexGraphOptions {
  readonly core: EngineCore;
  readonly scope: RowsScope;
  readonly graphKernel: PreparedKernel;
  readonly metric: Metric;
  readonly rows: Rows;
  readonly searches: IndexSearches;
  /** Scores candidates whose rows may be in a file; undefined where all are in memory. */
  readonly scores: ExactScores | undefined;
  readonly degree: number;
  readonly effort: number;
  /** Most bytes of a part's memory; undefined for what WebAssembly allows. */
  readonly partBytes: number | undefined;
  /** Told of rows that were put in, and what each took its thread, in milliseconds. */
  readonly onPutIn: (count: number, meanMs: number) => void;
  /** Aborted when the index is disposed. */
  readonly closing: AbortSignal;
}

/** Rows of a job. While somebody waits for the graph, jobs are larger. */
const PORTION = 2 ** 15;
const SMALL_PORTION = 2 ** 12;
/** Changes that come within this time are put in together, in milliseconds. */
const PAUSE_MS = 20;
const PROGRESS_MS = 100;
/** Number of hits of the searches that a report tells of. */
const REPORTED_HITS = 10;
/** After a failure upkeep is tried again later: twice as late each time. */
const PATIENCE_MS = 250;
const MOST_PATIENCE_MS = 60_000;
/** Lists are mended once so many rows are gone: a part of all, and a number. */
const MOST_GONE = 0.2;
const LEAST_GONE = 32;
/** It is measured again once so many rows came or went, as a part of those that there were, and not relied on once it is so many. */
const CHANGED = 0.25;
const CHANGED_TOO_MUCH = 1;

export interface GraphNow {
  readonly graph: IndexGraph;
  readonly moment: GraphMoment;
}

export class IndexGraph {
  readonly #options: IndexGraphOptions;
  readonly #build: GraphBuild;
  readonly #searches: GraphSearches;
  readonly #closing = new AbortController();
  /** Whether it has been built: from then on it keeps up by itself. */
  #isReady = false;
  #points: readonly CalibrationPoint[] = [];
  /** Rows when it was measured, and how many came or went since. */
  #measuredRows = 0;
  #changed = 0;
  #building: Promise<void> | undefined;
  /** It was loaded, and nobody knows yet of which row each is a child, which has to be known before a list changes. */
  #isUnlinked = false;
  #upkeep: Promise<void> | undefined;
  /** Times that upkeep failed, one after the other. */
  #failures = 0;

  constructor(options: IndexGraphOptions) {
    const { core, scope, graphKernel, metric, rows, degree, effort, partBytes, onPutIn, closing } = options;
    const { threads, warn } = scope;
    this.#options = options;
    this.#build = new GraphBuild({
      core,
      scope: { graphKernel: graphKernel.source, threads, warn },
      kernel: graphKernel.compiled,
      metric,
      degree,
      effort,
      partBytes,
      rows,
      onPutIn,
    });
    const { searchKernel, dims } = scope;
    const searchScope = { metric, dims, searchKernel, threads, warn, graphKernel: graphKernel.source };
    this.#searches = new GraphSearches(core, searchScope, closing, options);
  }

  get info(): GraphInfo {
    const { degree, effort, rows } = this.#options;
    const { live, parts } = this.#build.graphRows;
    return {
      degree,
      effort,
      rows: live,
      pending: Math.max(0, rows.size - live),
      bytes: parts.reduce((sum, { memory, places }) => sum + memory.buffer.byteLength + places.byteLength, 0),
      calibration: this.#points.map(({ k, effort, recall, meanMs }) => ({ k, effort, recall, meanMs })),
    };
  }

  /** The graph as it is, for a search that is called now. */
  get now(): GraphNow {
    return { graph: this, moment: this.#build.graphRows.moment };
  }

  /**
   * Puts all rows in, and measures the graph. Rejects with `ThreadPanic`, `InsufficientMemory`, `signal.reason`, and with what `onProgress`
   * throws; then it is to be closed.
   */
  build(options: GraphBuilding): Promise<IndexingPerformanceReport> {
    this.#build.graphRows.expectAll(this.#options.rows.snapshot);
    const building = this.#putAllIn(options);
    this.#building = building.then(
      () => undefined,
      () => undefined,
    );
    return building;
  }

  /** The same of an index that has had no rows: it keeps up with them by itself. */
  begin(): void {
    this.#build.graphRows.expectAll(this.#options.rows.snapshot);
    this.#keepUpFromNowOn();
  }

  /** Takes the graph of a saved index. Rejects with `DamagedGraph`, `InsufficientMemory`, `ThreadPanic`, `signal.reason`; then it is to be closed. */
  async load(
    source: ByteSource,
    places: SavedGraphPlaces,
    rooms: readonly RowRoom[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const linked = linkSignals(this.#closing.signal, signal);
    try {
      const { points } = await loadGraph(this.#build, source, places, rooms, linked.signal);
      await doInSlices(this.#build.graphRows.expectOthers(rooms), new TimeSlices(linked.signal));
      this.#setPoints(points);
      this.#isUnlinked = true;
    } finally {
      linked.unlink();
    }
    this.#keepUpFromNowOn();
  }

  /** The graph as it is now, with the rows of a snapshot. */
  toSave(snapshot: Snapshot): GraphToSave {
    return graphToSave(this.#build.graphRows, snapshot, this.#options, this.#points);
  }

  #keepUpFromNowOn(): void {
    this.#isReady = true;
    this.#wake();
  }

  async #putAllIn({ signal, onProgress, realTime }: GraphBuilding): Promise<IndexingPerformanceReport> {
    const stopped = new AbortController();
    const linked = linkSignals(this.#closing.signal, signal, stopped.signal);
    const { core, scope, rows } = this.#options;
    const { graphRows } = this.#build;
    // Pages that search through graphs, and build none, need no reports.
    const { MeasuredBuild } = await import('./measured-build.js');
    const startedAtMs = performance.now();
    const measured = new MeasuredBuild({
      core,
      platform: boundPlatform(),
      threads: scope.threads,
      dims: rows.dims,
      waiting: () => graphRows.waitingCount,
      snapshot: rows.snapshot,
    });
    const run = realTime?.beginRun(measured);
    const tell = () => {
      const { processed } = measured.progress();
      onProgress?.({ processed: Math.min(rows.size, processed), total: rows.size });
    };
    const timer =
      onProgress &&
      setInterval(() => {
        try {
          tell();
        } catch (error) {
          stopped.abort(error);
        }
      }, PROGRESS_MS);
    try {
      try {
        while (graphRows.waitingCount > 0) {
          await this.#build
            .putIn(PORTION, linked.signal, (units, count) => measured.begin(units, count))
            .finally(() => measured.endPortion());
          tell();
        }
        measured.end();
      } finally {
        if (run !== undefined) realTime?.endRun(run);
      }
      await this.#measure(linked.signal);
      const buildMs = performance.now() - startedAtMs;
      const figures = await this.#figures(buildMs, linked.signal);
      this.#keepUpFromNowOn();
      return measured.report(figures);
    } finally {
      clearInterval(timer);
      linked.unlink();
    }
  }

  /** Undefined where there was nothing to measure. Rejects with `ThreadPanic`, `signal.reason`. */
  async #figures(buildMs: number, signal: AbortSignal): Promise<GraphFigures | undefined> {
    const { rows, degree, effort, bytes } = this.info;
    const points = this.#points.filter(({ k }) => k === REPORTED_HITS);
    if (points.length === 0) return undefined;
    const curve = points.map(({ effort, recall, meanMs }) => ({ effort, recall, queriesPerSecond: 1000 / meanMs }));
    const exactMs = await timeExactSearches(REPORTED_HITS, this.#measuring(signal));
    if (exactMs === undefined) return undefined;
    return { rows, degree, effort, bytes, buildMs, k: REPORTED_HITS, curve, exactQueriesPerSecond: 1000 / exactMs };
  }

  // --- searching -----------------------------------------------------------------------------------------------------

  /** The effort of a search for `k` hits that has been asked for in this way; undefined where all rows are to be scanned. */
  effortFor(k: number, { exact = false, recall = DEFAULT_RECALL, effort }: SearchQuality): number | undefined {
    if (exact || k > MAX_EFFORT) return undefined;
    const { rows } = this.#options;
    // A scan of all is as fast, once half of them have to be scanned anyway.
    if (2 * this.#build.graphRows.moment.waitingCount > rows.size) return undefined;
    if (effort !== undefined) return effort > MAX_EFFORT ? undefined : Math.max(k, effort);
    if (recall === 1 || this.#changed > CHANGED_TOO_MUCH * this.#measuredRows) return undefined;
    const found = effortFor(this.#points, k, recall);
    // Searches may have become harder since the measurement, so the effort grows with the changes.
    return found && Math.min(MAX_EFFORT, Math.ceil(found * (1 + this.#changed / this.#measuredRows)));
  }

  /** Rejects with `signal.reason`, `ThreadPanic`. */
  async search(request: GraphRequest): Promise<SearchHits[]> {
    const hits = await this.#searches.search(request);
    const { k, offset, leastKeys } = request;
    // Where most of what a walk meets is gone, it may meet too few rows.
    if (leastKeys !== undefined || hits.every(({ length }) => length >= k - offset)) return hits;
    return this.#options.searches.search({ ...request, accepted: undefined });
  }

  /** Undefined where so few rows pass that all have to be looked at. Rejects as `search` does, and with what the filter throws. */
  searchFiltered(request: GraphRequest, filter: SearchFilter): Promise<SearchHits[] | undefined> {
    return this.#searches.searchFiltered(request, filter, this.#build.graphRows.live);
  }

  /** Measures the graph by queries of the caller, from now on. */
  async calibrate(queries: PreparedQueries, signal: AbortSignal | undefined): Promise<void> {
    const linked = linkSignals(this.#closing.signal, signal);
    try {
      const points = await measureByQueries(queries, this.#measuring(linked.signal));
      this.#setPoints(points);
    } finally {
      linked.unlink();
    }
  }

  async #measure(signal: AbortSignal): Promise<void> {
    this.#setPoints(await measureByOwnRows(this.#measuring(signal)));
  }

  #setPoints(points: readonly CalibrationPoint[]): void {
    this.#points = points;
    this.#measuredRows = this.#options.rows.size;
    this.#changed = 0;
  }

  #measuring(signal: AbortSignal) {
    const { rows, searches, metric } = this.#options;
    return { rows, graphRows: this.#build.graphRows, searches, graphSearches: this.#searches, metric, signal };
  }

  // --- changes of the index ------------------------------------------------------------------------------------------

  /** Takes in rows that were published in this moment. */
  expect(rooms: readonly RowRoom[]): void {
    this.#build.graphRows.expect(rooms);
    for (const { count } of rooms) this.#changed += count;
  }

  /** Takes in that published rows have died. */
  *forget(places: readonly Place[]): Steps<void> {
    this.#changed += places.length;
    yield* this.#build.graphRows.forget(places, this.#options.rows);
  }

  /** Takes in that a change is over. */
  changeEnded(): void {
    this.#wake();
  }

  /** See {@link GraphRows.prepareMove}. */
  prepareMove(kept: KeptRows, target: Segment | undefined): Steps<() => void> {
    return this.#build.graphRows.prepareMove(kept, target);
  }

  /**
   * What is done to it ends with `reason`; searches go on to their ends, unless the index is disposed. Resolves when nobody is at work on it any
   * more, and its memory is given back.
   */
  async close(reason: unknown): Promise<void> {
    this.#closing.abort(reason);
    await Promise.allSettled([this.#upkeep, this.#building, this.#searches.idle()]);
    for (const part of this.#build.graphRows.clear()) part.discard();
  }

  // --- upkeep --------------------------------------------------------------------------------------------------------

  #wake(): void {
    if (!this.#isReady || this.#upkeep || this.#closing.signal.aborted || !this.#hasWork()) return;
    this.#upkeep = this.#keepUp()
      .catch((error: unknown) => {
        if (this.#closing.signal.aborted) return;
        // Rows that wait are scanned until the next try.
        this.#options.scope.warn(`The graph could not be kept up to date, and will be later (${messageOf(error)})`);
        if (!(error instanceof IndexingError)) throw error;
        this.#failures++;
      })
      .finally(() => {
        this.#upkeep = undefined;
        if (this.#failures > 0) this.#wake();
      });
  }

  #hasWork(): boolean {
    return this.#isUnlinked || this.#build.graphRows.waitingCount > 0 || this.#isWorn || this.#isOutdated;
  }

  get #isWorn(): boolean {
    const { gone, live } = this.#build.graphRows;
    return gone > 0 && (live === 0 || (gone >= LEAST_GONE && gone > MOST_GONE * (gone + live)));
  }

  get #isOutdated(): boolean {
    return this.#changed > CHANGED * this.#measuredRows && this.#build.graphRows.live > 1;
  }

  async #keepUp(): Promise<void> {
    const { signal } = this.#closing;
    const { graphRows } = this.#build;
    for (let ms = PAUSE_MS; this.#hasWork(); ms = 0) {
      await pause(this.#failures === 0 ? ms : Math.min(MOST_PATIENCE_MS, PATIENCE_MS * 2 ** this.#failures), signal);
      signal.throwIfAborted();
      if (this.#isUnlinked) await this.#link(signal);
      else if (graphRows.waitingCount > 0) await this.#build.putIn(SMALL_PORTION, signal);
      else if (this.#isWorn) await this.#mend(signal);
      else await this.#measure(signal);
      this.#failures = 0;
    }
  }

  async #mend(signal: AbortSignal): Promise<void> {
    for (const part of this.#build.graphRows.parts) if (part.gone > 0) await mendPart(part, this.#mending(signal));
  }

  /** Makes every row of a graph that was loaded a child of another, and puts in again what cannot be reached. */
  async #link(signal: AbortSignal): Promise<void> {
    for (const part of this.#build.graphRows.parts) {
      // Rows that have gone since are rows of the lists all the same.
      const free = new Set(part.free);
      await repairPart(part, (node) => node < part.used && !free.has(node), this.#mending(signal));
    }
    this.#isUnlinked = false;
  }

  #mending(signal: AbortSignal): MendOptions {
    const { core, scope, effort, rows, graphKernel } = this.#options;
    const { graphRows, rowMs, rowsPerUnit } = this.#build;
    const { threads, warn } = scope;
    const jobScope = { graphKernel: graphKernel.source, threads, warn };
    return { core, scope: jobScope, effort, rows, graphRows, rowMs, rowsPerUnit, signal };
  }
}

/** Keeps no process alive; ends early when `signal` is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer: ReturnType<typeof setTimeout> & { unref?(): void } = setTimeout(end, ms);
    timer.unref?.();
    signal.addEventListener('abort', end, { once: true });
  });
}
