/**
 * The figures of a run, from its records: the work, the times and the queue of its threads. Everything is counted here, once,
 * from batches that are done. Rejected vectors took time but were not indexed, so they have no index time.
 */
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
import type { RunRecords } from '../run-records.js';
import { DoneBatches, type FoundBatches } from './done-batches.js';

/** A run as measured, and when it began (milliseconds, as of `nowMs`). */
export interface MeasuredRecords extends MeasuredRun {
  readonly startedAtMs: number;
}

/** Gets the index times of a thread; each time once, in all calls together. */
type OnIndexTimes = (threadId: number, times: TimeDistribution) => void;

interface MeasuredThread {
  busyMs: number;
  indexTimes: TimeDistribution;
}

/** The batches of a run that are done, each counted once, also where the run is looked at while it lasts. */
export class RunMeasurement {
  readonly #records: RunRecords;
  readonly #backend: RunBackend;
  readonly #clockTickMs: number;
  readonly #onIndexTimes: OnIndexTimes;
  readonly #done: DoneBatches;
  readonly #threads: MeasuredThread[];
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
    this.#done = new DoneBatches(records);
    this.#threads = Array.from({ length: records.threads }, () => ({ busyMs: 0, indexTimes: new TimeDistribution() }));
  }

  /** Mean time of a timing group so far; 0 before the first. */
  get meanGroupMs(): number {
    const busyMs = this.#threads.reduce((sum, thread) => sum + thread.busyMs, 0);
    return this.#groups === 0 ? 0 : busyMs / this.#groups;
  }

  /** Takes in the batches that were done since the last time; of a run that is not timed, without times. */
  takeIn(): Promise<void> {
    this.#lastLook = this.#lastLook.then(() => this.#takeInFound());
    return this.#lastLook;
  }

  /** Takes in the rest of a run that took `totalTimeMs`. */
  async finish(totalTimeMs: number): Promise<void> {
    await this.takeIn();
    if (!this.#records.control.timed) this.#shareOut(totalTimeMs);
  }

  /** Takes in the rest before it returns: for a run of few batches, which was not looked at before. */
  finishNow(totalTimeMs: number): void {
    this.#take(this.#done.lookNow());
    if (!this.#records.control.timed) this.#shareOut(totalTimeMs);
  }

  /**
   * What was taken in so far.
   *
   * @param now the same records, with the time and the copying in until now
   * @param batchSizes sizes and throughputs to show, this run's among them
   */
  measured(now: RunRecords, batchSizes: readonly BatchSizeSample[]): MeasuredRecords {
    const { control, startedAtMs, totalTimeMs, waitedMs, batchSize, copyIn, conditions, threads } = now;
    const batches = control.timed ? this.#batches.toSorted((a, b) => a.claimedAtMs - b.claimedAtMs) : [];
    return {
      startedAtMs,
      totalTimeMs,
      waitedMs,
      rejectedCount: this.#batches.reduce((sum, { rejected }) => sum + rejected, 0),
      threads: this.#threads,
      batchSize,
      timingGroupSize: this.#timingGroupSize,
      clockTickMs: this.#clockTickMs,
      backend: this.#backend,
      batchSizes,
      batches,
      completed: completedOf(batches),
      magnitudes: this.#done.magnitudes,
      copyIn,
      conditions: control.timed ? conditions : undefined,
      losses: control.timed ? lossesOf({ totalTimeMs, waitedMs, threads, batches, copyIn, conditions }) : undefined,
      optimizations: undefined,
      batchCount: this.#batches.length,
      queueDepths: queueDepthsOf(batches, control.batchCount, waitedMs),
    };
  }

  /** At once, when the look is whole. */
  async #takeInFound(): Promise<void> {
    this.#take(await this.#done.look());
  }

  #take({ batches, indexTimes, groups, timingGroupSize }: FoundBatches): void {
    for (const batch of batches) {
      this.#threads[batch.threadId]!.busyMs += batch.endedAtMs - batch.claimedAtMs;
      this.#batches.push(batch);
    }
    this.#groups += groups;
    this.#timingGroupSize = Math.max(this.#timingGroupSize, timingGroupSize);
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

/** How many vectors were indexed after each batch. */
export function completedOf(batches: readonly BatchSample[]): CompletedSample[] {
  const byEnd = [...batches].sort((a, b) => a.endedAtMs - b.endedAtMs);
  let sum = 0;
  return byEnd.map(({ endedAtMs, vectors, rejected }) => {
    sum += vectors - rejected;
    return { atMs: endedAtMs, vectors: sum };
  });
}

/** Batches not yet claimed, from the start of the run on and after every claim. */
export function queueDepthsOf(
  batches: readonly BatchSample[],
  batchCount: number,
  startMs: number,
): QueueDepthSample[] {
  const afterClaims = batches.map(({ claimedAtMs }, i) => ({ atMs: claimedAtMs, depth: batchCount - i - 1 }));
  return [{ atMs: startMs, depth: batchCount }, ...afterClaims];
}
