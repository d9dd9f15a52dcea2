/**
 * Puts waiting rows of an index into its graph, portion by portion. Each portion is a job of all threads. A part that is full is copied to
 * a larger memory, while searches go on in the old one. If it cannot grow, another part is made.
 */
import { TimeSlices } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import { NOWHERE } from '../../engine/worker/graph-task.js';
import { GRAPH, type GraphLayout, MAX_ENTRIES, rowBelow } from '../../kernel/graph/graph-layout.js';
import { clearRow } from '../../kernel/graph/graph-memory.js';
import { type GraphSpace, measureSpace } from '../../kernel/graph/graph-space.js';
import type { CompiledKernel } from '../../kernel/instantiate.js';
import type { Metric } from '../../kernel/search/error-bound.js';
import { isThere } from '../../memory/deaths.js';
import { maxGraphRows } from '../../memory/graph-part-layout.js';
import type { RowRoom, Rows } from '../rows.js';
import { DoneUnits } from './done-units.js';
import { type GraphScope, InsertJob, RecordsJob, runGraphJob } from './graph-jobs.js';
import { GraphPart } from './graph-part.js';
import { GraphRows } from './graph-rows.js';

export interface GraphBuildOptions {
  readonly core: EngineCore;
  readonly scope: GraphScope;
  readonly kernel: CompiledKernel;
  readonly metric: Metric;
  readonly degree: number;
  readonly effort: number;
  /** Most bytes of a part's memory; undefined for what WebAssembly allows. */
  readonly partBytes: number | undefined;
  readonly rows: Rows;
  /** Told of rows that were put in, and what each took its thread, in milliseconds. */
  readonly onPutIn: (count: number, meanMs: number) => void;
}

/** Time that a unit of a job takes, in milliseconds. */
const UNIT_MS = 4;
/** Most rows of a unit, so that all threads have some. */
const MAX_UNIT_ROWS = 64;
/** Components that the space of a part is measured by: a few milliseconds. */
const MEASURED_COMPONENTS = 2 ** 19;
const LEAST_MEASURED = 16;
/** Room for rows to come, in a part that is made or grows. */
const GROWTH = 1.5;
const LEAST_ROOM = 256;
const COPY_WORDS = 2 ** 18;
const STRIDE = 2 ** 12;

export class GraphBuild {
  readonly graphRows: GraphRows;
  readonly #options: GraphBuildOptions;
  readonly #maxRows: number;
  /** Time that a row takes one thread, in milliseconds, as far as is known. */
  #rowMs: number;

  constructor(options: GraphBuildOptions) {
    this.#options = options;
    const { rows, metric, degree, effort, scope, partBytes } = options;
    this.#maxRows = maxGraphRows({ dims: rows.dims, metric, degree }, scope.threads, partBytes);
    this.graphRows = new GraphRows(this.#maxRows);
    // A guess until the first rows are in.
    this.#rowMs = (effort * (rows.dims + 400)) / 2e5;
  }

  /** Most rows of a part. */
  get maxRows(): number {
    return this.#maxRows;
  }

  get rowMs(): number {
    return this.#rowMs;
  }

  get rowsPerUnit(): number {
    return Math.max(1, Math.min(MAX_UNIT_ROWS, Math.floor(UNIT_MS / this.#rowMs)));
  }

  /**
   * Puts as many as `most` rows in that wait. Rejects with `ThreadPanic`, `InsufficientMemory`, `signal.reason`: they wait on then.
   *
   * @param onBegin gets what the job does, when it begins, and its rows
   */
  async putIn(most: number, signal: AbortSignal, onBegin?: (units: DoneUnits, rows: number) => void): Promise<void> {
    const { core, scope, effort, rows } = this.#options;
    const { graphRows } = this;
    const wanted = Math.min(most, graphRows.waitingCount);
    const part = await this.#partWithRoom(wanted, signal);
    const predictedMs = (wanted * this.#rowMs) / scope.threads;
    let taken: readonly number[] | undefined;
    let units: DoneUnits | undefined;
    const begin = () => {
      const some = graphRows.takeWaiting(part, rows, wanted);
      taken = some.rows;
      if (taken.length === 0) return undefined;
      const segments = some.segments.map((segment) => segment.graphSource);
      const options = { effort, rowsPerUnit: this.rowsPerUnit };
      const job = new InsertJob(core, scope, part, taken, segments, options);
      units = new DoneUnits(job.control, rows.dims, this.#options.onPutIn);
      onBegin?.(units, taken.length);
      return job;
    };
    try {
      await runGraphJob(core, begin, predictedMs, signal);
      if (taken) graphRows.finishTaking(part, taken, rows);
    } catch (error) {
      if (taken) graphRows.giveUpTaking(part, taken, rows);
      throw error;
    } finally {
      if (units) this.#learn(units);
    }
  }

  /** Makes the records of a part that was loaded, of all rows in it. */
  async makeRecords(part: GraphPart, rooms: readonly RowRoom[], signal: AbortSignal): Promise<void> {
    const { core, scope } = this.#options;
    const segments = [...new Set(rooms.map(({ segment }) => segment))].map((segment) => segment.graphSource);
    await runGraphJob(core, () => new RecordsJob(core, scope, part, segments), 0, signal);
  }

  /** A new part with room for `capacity` rows, as far as one may have. @throws {IndexingError} `InsufficientMemory` */
  createPart(space: GraphSpace, capacity: number): GraphPart {
    const { core, kernel, metric, degree, rows, scope } = this.#options;
    const shape = { capacity: Math.min(this.#maxRows, Math.max(1, capacity)), dims: rows.dims, metric, degree };
    return new GraphPart({ core, kernel, shape, space, lanes: scope.threads });
  }

  #learn(units: DoneUnits): void {
    units.takeIn();
    let totalMs = 0;
    let count = 0;
    for (const { vectors, claimedAtMs, endedAtMs } of units.batches) {
      totalMs += endedAtMs - claimedAtMs;
      count += vectors;
    }
    if (totalMs > 0) this.#rowMs = (this.#rowMs + totalMs / count) / 2;
  }

  async #partWithRoom(wanted: number, signal: AbortSignal): Promise<GraphPart> {
    const { graphRows } = this;
    const last = graphRows.parts.at(-1);
    // All of the rows that wait are to have room, not only these.
    const toCome = graphRows.waitingCount;
    if (last && (last.room >= wanted || (last.capacity === this.#maxRows && last.room > 0))) return last;
    const isFull = last?.capacity === this.#maxRows;
    if (!last || isFull) {
      const part = this.createPart(await this.#measure(signal), Math.ceil(toCome * 1.125) + LEAST_ROOM);
      graphRows.setLast(part, undefined);
      return part;
    }
    const capacity = Math.max(Math.ceil(last.capacity * GROWTH), last.used + Math.ceil(toCome * 1.125) + LEAST_ROOM);
    const larger = await this.#copyTo(last, this.createPart(last.options.space, capacity), signal);
    graphRows.setLast(larger, last);
    last.discard();
    return larger;
  }

  /** The space for rows like those that wait. */
  async #measure(signal: AbortSignal): Promise<GraphSpace> {
    const { rows, metric } = this.#options;
    const { dims } = rows;
    const { waiting, waitingCount } = this.graphRows.moment;
    const slices = new TimeSlices(signal);
    const most = Math.max(LEAST_MEASURED, Math.floor(MEASURED_COMPONENTS / dims));
    const step = Math.max(1, Math.floor(waitingCount / most));
    const sample: Float32Array[] = [];
    let radius = 0;
    let position = 0;
    for (const { segment, first, count } of waiting) {
      const magnitudes = segment.magnitudes(first, count);
      for (let i = 0; i < count; i++, position++) {
        if (position % STRIDE === 0 && slices.isDue()) await slices.nextTurn();
        if (!isThere(segment.deaths, first + i, rows.version)) continue;
        radius = Math.max(radius, magnitudes[i]!);
        if (position % step === 0) sample.push(segment.rowAt(first + i));
      }
    }
    const together = new Float32Array(sample.length * dims);
    for (const [i, row] of sample.entries()) together.set(row, i * dims);
    return measureSpace(together, dims, metric, Math.min(radius, 3e38));
  }

  /** Copies the rows of a part that are in use to a larger one; nobody changes the graph meanwhile. */
  async #copyTo(from: GraphPart, to: GraphPart, signal: AbortSignal): Promise<GraphPart> {
    const slices = new TimeSlices(signal);
    const source = new Uint32Array(from.memory.buffer);
    const target = new Uint32Array(to.memory.buffer);
    const copy = async (begin: number, end: number, at: number) => {
      await slices.forEach((end - begin) / 4, COPY_WORDS, (first, last) => {
        target.set(source.subarray(begin / 4 + first, begin / 4 + last), at / 4 + first);
      });
    };
    let used = from.used;
    for (const [i, level] of to.layout.levels.entries()) {
      const before = from.layout.levels[i];
      if (before) {
        await copy(before.records, before.records + used * before.stride, level.records);
        await copy(before.lists, before.lists + 4 * used * (before.degree + 1), level.lists);
        const entries = (before.base + GRAPH.entries) / 4;
        target.set(source.subarray(entries, entries + MAX_ENTRIES), (level.base + GRAPH.entries) / 4);
      } else {
        await this.#fillLevel(to, to.layout.levels[i - 1]!, level, used, from);
      }
      used = Math.min(Math.ceil(used / 16), to.layout.levels[i + 1]?.capacity ?? 0);
    }
    // Rows of the index may move meanwhile: then their places are copied once more.
    for (let version = -1; version !== this.graphRows.version; ) {
      version = this.graphRows.version;
      await slices.forEach(2 * from.used, COPY_WORDS, (first, last) => {
        to.places.set(from.places.subarray(first, last), first);
      });
    }
    to.takeOver(from);
    return to;
  }

  /** A graph above that the smaller part had not: it has few rows, since the one below it is about to have so many that it needs one. */
  async #fillLevel(
    to: GraphPart,
    below: GraphLayout,
    level: GraphLayout,
    used: number,
    from: GraphPart,
  ): Promise<void> {
    const { kernel, words, buffer, budget } = to.open;
    const bytes = new Uint8Array(buffer);
    const { base } = to.open.place(this.#options.scope.threads).scratch;
    const isRow = (row: number): boolean => {
      const levels = to.layout.levels;
      let at = row;
      for (let i = levels.indexOf(level); i > 0; i--) at = rowBelow(at);
      return at < from.used && from.places[2 * at] !== NOWHERE;
    };
    for (let row = 0; row < used; row++) {
      if (!isRow(row)) continue;
      clearRow(words, level, row);
      const record = below.records + rowBelow(row) * below.stride;
      bytes.copyWithin(level.records + row * level.stride, record, record + level.tail + 8);
      let state = kernel.beginInsert(level.base, base, row, this.#options.effort, 0);
      while (state !== 0) state = kernel.insert(base, this.#options.scope.threads + 1, budget);
    }
  }
}
