/**
 * What a run's records tell: the work, times and queue of its threads. Everything is counted here, once, from batches that
 * are done; rejected vectors took time but were not indexed, so they have no index time.
 */
import { rejectionOf } from '../kernel/rejection.js';
import { type ControlBlock, DONE } from '../memory/control-block.js';
import { ExponentialHistogram } from '../monitoring/exponential-histogram.js';
import { TimeDistribution } from '../monitoring/time-distribution.js';
import { lossesOf } from '../reporting/losses.js';
import type {
  BatchSample,
  BatchSizeSample,
  CompletedSample,
  QueueDepthSample,
  RunBackend,
} from '../reporting/report-data.js';
import type { MeasuredRun } from '../reporting/summarize-run.js';
import { TimeSlices } from '../time-slices.js';
import type { RunRecords } from './run.js';

/** Vectors whose magnitudes are looked at, at most twice as many: a distribution is told by them as well as by all. */
const MAGNITUDE_SAMPLE = 4096;

/** A run as measured, and when it began (milliseconds, as of clock.ts). */
export interface MeasuredRecords extends MeasuredRun {
  readonly startedAtMs: number;
}

/**
 * @param batchSizes sizes and throughputs to show, this run's among them
 * @param clockTickMs resolution of the clock
 */
export async function measureRun(
  records: RunRecords,
  backend: RunBackend,
  batchSizes: readonly BatchSizeSample[],
  clockTickMs: number,
): Promise<MeasuredRecords> {
  const { control, buffer, batchSize, startedAtMs, totalTimeMs, copyIn, conditions } = records;
  const threads = Array.from({ length: records.threads }, () => ({ busyMs: 0, indexTimes: new TimeDistribution() }));
  const batches: BatchSample[] = [];
  const magnitudes = new MagnitudeSample(records);
  let rejectedCount = 0;
  let timingGroupSize = 0;
  const measureBatch = (index: number) => {
    if (control.state(index) !== DONE) return;
    const { count, dims, sliceRows } = control.batch(index);
    const threadId = control.threadId(index);
    const rejected = control.rejected(index);
    const claimedAtMs = Math.max(0, control.claimedAtMs(index) - startedAtMs);
    const endedAtMs = Math.max(claimedAtMs, control.endedAtMs(index) - startedAtMs);
    const thread = threads[threadId]!;
    thread.busyMs += endedAtMs - claimedAtMs;
    addIndexTimes(thread.indexTimes, control, index, buffer);
    magnitudes.add(index);
    batches.push({ threadId, vectors: count, dims, rejected, claimedAtMs, endedAtMs });
    rejectedCount += rejected;
    timingGroupSize = Math.max(timingGroupSize, Math.min(count, sliceRows));
  };
  await new TimeSlices().forEach(control.batchCount, 1, measureBatch);
  batches.sort((a, b) => a.claimedAtMs - b.claimedAtMs);
  return {
    startedAtMs,
    totalTimeMs,
    rejectedCount,
    threads,
    batchSize,
    timingGroupSize,
    clockTickMs,
    backend,
    batchSizes,
    batches,
    completed: completedOf(batches),
    magnitudes: magnitudes.histogram,
    copyIn,
    conditions,
    losses: lossesOf({ totalTimeMs, threads: records.threads, batches, copyIn, conditions }),
    batchCount: batches.length,
    queueDepths: queueDepthsOf(batches, control.batchCount),
  };
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

/** Gives each indexed vector of a timing group an equal share of the group's time. */
function addIndexTimes(times: TimeDistribution, control: ControlBlock, index: number, buffer: ArrayBufferLike): void {
  const { count, sliceRows, magnitudes } = control.batch(index);
  const bits = control.rejected(index) > 0 ? new Uint32Array(buffer, magnitudes, count) : undefined;
  for (const [group, nanoseconds] of control.timings(index).entries()) {
    const first = group * sliceRows;
    const last = Math.min(first + sliceRows, count);
    let indexed = last - first;
    if (bits) for (let i = first; i < last; i++) if (rejectionOf(bits[i]!)) indexed--;
    times.recordGroup(nanoseconds / 1e6, indexed);
  }
}

/** Batches not yet claimed, from the start of the run on and after every claim. */
function queueDepthsOf(batches: readonly BatchSample[], batchCount: number): QueueDepthSample[] {
  const afterClaims = batches.map(({ claimedAtMs }, i) => ({ atMs: claimedAtMs, depth: batchCount - i - 1 }));
  return [{ atMs: 0, depth: batchCount }, ...afterClaims];
}
