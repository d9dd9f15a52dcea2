/**
 * What a run's records tell: the work, times and queue of its threads. Everything is counted here, once, from batches that
 * are done; rejected vectors took time but were not indexed, so they have no index time.
 */
import { rejectionOf } from '../../kernel/rejection.js';
import { DONE } from '../../memory/control-layout.js';
import { ExponentialHistogram } from '../../monitoring/exponential-histogram.js';
import { TimeDistribution } from '../../monitoring/time-distribution.js';
import { lossesOf } from '../../reporting/losses.js';
import type {
  BatchSample,
  BatchSizeSample,
  CompletedSample,
  QueueDepthSample,
  RunBackend,
} from '../../reporting/report-data.js';
import type { MeasuredRun } from '../../reporting/summarize-run.js';
import { TimeSlices } from '../../time-slices.js';
import type { RunRecords } from '../run.js';

/** Vectors whose magnitudes are looked at, at most twice as many: a distribution is told by them as well as by all. */
const MAGNITUDE_SAMPLE = 1024;

/** Timing groups taken in between two looks at the clock: some 0.1 ms. */
const MOST_GROUPS = 256;
/** Batches looked at between two looks at the clock, their timing groups apart: below a millisecond. */
const MOST_BATCHES = 4096;

/** A run as measured, and when it began (milliseconds, as of clock.ts). */
export interface MeasuredRecords extends MeasuredRun {
  readonly startedAtMs: number;
}

/** Gets the index times of a thread; each time once, in all calls together. */
type OnIndexTimes = (threadId: number, times: TimeDistribution) => void;

interface MeasuredThread {
  busyMs: number;
  indexTimes: TimeDistribution;
}

/** What one look at the records found; taken in at once, when it is whole. */
interface Found {
  readonly batches: BatchSample[];
  readonly indexTimes: Map<number, TimeDistribution>;
  /** Timing groups. */
  groups: number;
}

/** The batches of a run that are done, each looked at once, also where the run is looked at while it lasts. */
export class RunMeasurement {
  readonly #records: RunRecords;
  readonly #backend: RunBackend;
  readonly #clockTickMs: number;
  readonly #onIndexTimes: OnIndexTimes;
  readonly #threads: MeasuredThread[];
  readonly #magnitudes: MagnitudeSample;
  /** By batch: 1 where it was looked at. */
  readonly #seen: Uint8Array;
  readonly #batches: BatchSample[] = [];
  #timingGroupSize = 0;
  #groups = 0;
  #lastLook: Promise<void> = Promise.resolve();

  /** @param clockTickMs resolution of the clock */
  constructor(records: RunRecords, backend: RunBackend, clockTickMs: number, onIndexTimes: OnIndexTimes) {
    this.#records = records;
    this.#backend = backend;
    this.#clockTickMs = clockTickMs;
    this.#onIndexTimes = onIndexTimes;
    this.#threads = Array.from({ length: records.threads }, () => ({ busyMs: 0, indexTimes: new TimeDistribution() }));
    this.#magnitudes = new MagnitudeSample(records);
    this.#seen = new Uint8Array(records.control.batchCount);
  }

  /** Mean time of a timing group so far; 0 before the first. */
  get meanGroupMs(): number {
    const busyMs = this.#threads.reduce((sum, thread) => sum + thread.busyMs, 0);
    return this.#groups === 0 ? 0 : busyMs / this.#groups;
  }

  /** Takes in the batches that were done since the last time; of a run that is not timed, without times. */
  takeIn(): Promise<void> {
    this.#lastLook = this.#lastLook.then(() => this.#look());
    return this.#lastLook;
  }

  /** Takes in the rest of a run that took `totalTimeMs`. */
  async finish(totalTimeMs: number): Promise<void> {
    await this.takeIn();
    if (!this.#records.control.timed) this.#shareOut(totalTimeMs);
  }

  /**
   * What was taken in so far.
   *
   * @param now the same records, with the time and the copying in until now
   * @param batchSizes sizes and throughputs to show, this run's among them
   */
  measured(now: RunRecords, batchSizes: readonly BatchSizeSample[]): MeasuredRecords {
    const { control, startedAtMs, totalTimeMs, batchSize, copyIn, conditions, threads } = now;
    const batches = control.timed ? this.#batches.toSorted((a, b) => a.claimedAtMs - b.claimedAtMs) : [];
    return {
      startedAtMs,
      totalTimeMs,
      rejectedCount: this.#batches.reduce((sum, { rejected }) => sum + rejected, 0),
      threads: this.#threads,
      batchSize,
      timingGroupSize: this.#timingGroupSize,
      clockTickMs: this.#clockTickMs,
      backend: this.#backend,
      batchSizes,
      batches,
      completed: completedOf(batches),
      magnitudes: this.#magnitudes.histogram,
      copyIn,
      conditions: control.timed ? conditions : undefined,
      losses: control.timed ? lossesOf({ totalTimeMs, threads, batches, copyIn, conditions }) : undefined,
      optimizations: undefined,
      batchCount: this.#batches.length,
      queueDepths: queueDepthsOf(batches, control.batchCount),
    };
  }

  /** Looks at all batches, and takes in what it found when it is whole; gives the event loop turns meanwhile. */
  async #look(): Promise<void> {
    const found: Found = { batches: [], indexTimes: new Map(), groups: 0 };
    let slices: TimeSlices | undefined;
    for (const _ of this.#find(found)) {
      slices ??= new TimeSlices();
      if (slices.isDue()) await slices.nextTurn();
    }
    this.#takeInFound(found);
  }

  /** Yields after every stretch of work, so that the clock is not read for every batch. */
  *#find(found: Found): Generator<void, void, void> {
    const { control } = this.#records;
    let groups = 0;
    for (let index = 0; index < control.batchCount; index++) {
      if (this.#seen[index] === 1 || control.state(index) !== DONE) continue;
      this.#seen[index] = 1;
      found.batches.push(this.#batchSample(index));
      this.#magnitudes.add(index);
      if (found.batches.length % MOST_BATCHES === 0) yield;
      if (!control.timed) continue;
      const { count, sliceRows } = control.batch(index);
      this.#timingGroupSize = Math.max(this.#timingGroupSize, Math.min(count, sliceRows));
      const times = found.indexTimes.get(control.threadId(index)) ?? new TimeDistribution();
      found.indexTimes.set(control.threadId(index), times);
      const { length } = control.timings(index);
      for (let first = 0; first < length; first += MOST_GROUPS) {
        const last = Math.min(first + MOST_GROUPS, length);
        addIndexTimes(times, this.#records, index, first, last);
        found.groups += last - first;
        groups += last - first;
        if (groups < MOST_GROUPS) continue;
        groups = 0;
        yield;
      }
    }
  }

  #batchSample(index: number): BatchSample {
    const { control, startedAtMs } = this.#records;
    const { count: vectors, dims } = control.batch(index);
    const claimedAtMs = Math.max(0, control.claimedAtMs(index) - startedAtMs);
    const endedAtMs = Math.max(claimedAtMs, control.endedAtMs(index) - startedAtMs);
    const threadId = control.threadId(index);
    return { threadId, vectors, dims, rejected: control.rejected(index), claimedAtMs, endedAtMs };
  }

  #takeInFound({ batches, indexTimes, groups }: Found): void {
    for (const batch of batches) {
      this.#threads[batch.threadId]!.busyMs += batch.endedAtMs - batch.claimedAtMs;
      this.#batches.push(batch);
    }
    this.#groups += groups;
    for (const [threadId, times] of indexTimes) this.#recordTimes(threadId, times);
  }

  #recordTimes(threadId: number, times: TimeDistribution): void {
    const thread = this.#threads[threadId]!;
    // Most runs are looked at once, at their end.
    if (thread.indexTimes.count === 0) thread.indexTimes = times;
    else thread.indexTimes.merge(times);
    this.#onIndexTimes(threadId, times);
  }

  /** The whole run is one timing group: each vector gets an equal share of its time. */
  #shareOut(totalTimeMs: number): void {
    const counts = new Array<number>(this.#threads.length).fill(0);
    for (const { threadId, vectors, rejected } of this.#batches) counts[threadId]! += vectors - rejected;
    const total = counts.reduce((sum, count) => sum + count, 0);
    for (const [threadId, count] of counts.entries()) {
      const times = new TimeDistribution();
      times.recordGroup(total > 0 ? (totalTimeMs * count) / total : 0, count);
      this.#recordTimes(threadId, times);
    }
    this.#timingGroupSize = total;
  }
}

/** Magnitudes of vectors at even steps through the run. */
class MagnitudeSample {
  readonly histogram = new ExponentialHistogram();
  readonly #records: RunRecords;
  readonly #stride: number;

  constructor(records: RunRecords) {
    this.#records = records;
    const total = records.layout.groups.reduce((sum, { count }) => sum + count, 0);
    this.#stride = Math.max(1, Math.floor(total / MAGNITUDE_SAMPLE));
  }

  /** Looks at those of a batch that is done. */
  add(index: number): void {
    const { control, buffer } = this.#records;
    const { firstRank, count, magnitudes } = control.batch(index);
    const values = new Float32Array(buffer, magnitudes, count);
    const first = (this.#stride - (firstRank % this.#stride)) % this.#stride;
    for (let i = first; i < count; i += this.#stride) {
      // Rejected rows have NaN, and what float32 cannot hold is Infinity.
      if (Number.isFinite(values[i])) this.histogram.record(values[i]!, 1);
    }
  }
}

function completedOf(batches: readonly BatchSample[]): CompletedSample[] {
  const byEnd = [...batches].sort((a, b) => a.endedAtMs - b.endedAtMs);
  let sum = 0;
  return byEnd.map(({ endedAtMs, vectors, rejected }) => {
    sum += vectors - rejected;
    return { atMs: endedAtMs, vectors: sum };
  });
}

/** Gives each indexed vector of timing groups `first` to `last` an equal share of its group's time. */
function addIndexTimes(
  times: TimeDistribution,
  { control, buffer }: RunRecords,
  index: number,
  first: number,
  last: number,
): void {
  const { count, sliceRows, magnitudes } = control.batch(index);
  const bits = control.rejected(index) > 0 ? new Uint32Array(buffer, magnitudes, count) : undefined;
  const timings = control.timings(index);
  for (let group = first; group < last; group++) {
    const end = Math.min((group + 1) * sliceRows, count);
    let indexed = end - group * sliceRows;
    if (bits) for (let i = group * sliceRows; i < end; i++) if (rejectionOf(bits[i]!)) indexed--;
    times.recordGroup(timings[group]! / 1e6, indexed);
  }
}

/** Batches not yet claimed, from the start of the run on and after every claim. */
function queueDepthsOf(batches: readonly BatchSample[], batchCount: number): QueueDepthSample[] {
  const afterClaims = batches.map(({ claimedAtMs }, i) => ({ atMs: claimedAtMs, depth: batchCount - i - 1 }));
  return [{ atMs: 0, depth: batchCount }, ...afterClaims];
}
