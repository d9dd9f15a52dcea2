/**
 * What a run's records tell: the work, times and queue of its threads. Everything is counted here, once, from batches that
 * are done; rejected vectors took time but were not indexed, so they have no index time.
 */
import { rejectionOf } from '../kernel/rejection.js';
import { type ControlBlock, DONE } from '../memory/control-block.js';
import { TimeDistribution } from '../monitoring/time-distribution.js';
import type { BatchSizeSample, QueueDepthSample, RunBackend } from '../reporting/report-data.js';
import type { MeasuredRun } from '../reporting/summarize-run.js';
import { TimeSlices } from '../time-slices.js';
import type { RunRecords } from './run.js';

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
  const { control, buffer, batchSize, startedAtMs, totalTimeMs } = records;
  const threads = Array.from({ length: records.threads }, () => ({ busyMs: 0, indexTimes: new TimeDistribution() }));
  const claims: number[] = [];
  let rejectedCount = 0;
  let timingGroupSize = 0;
  const measureBatch = (index: number) => {
    if (control.state(index) !== DONE) return;
    const { count, sliceRows } = control.batch(index);
    const claimedAtMs = control.claimedAtMs(index);
    const thread = threads[control.threadId(index)]!;
    thread.busyMs += Math.max(0, control.endedAtMs(index) - claimedAtMs);
    addIndexTimes(thread.indexTimes, control, index, buffer);
    claims.push(claimedAtMs);
    rejectedCount += control.rejected(index);
    timingGroupSize = Math.max(timingGroupSize, Math.min(count, sliceRows));
  };
  await new TimeSlices().forEach(control.batchCount, 1, measureBatch);
  const queueDepths = queueDepthsOf(claims, startedAtMs, control.batchCount);
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
    queueDepths,
  };
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
function queueDepthsOf(claims: number[], startedAtMs: number, batchCount: number): QueueDepthSample[] {
  claims.sort((a, b) => a - b);
  const afterClaims = claims.map((claimedAtMs, i) => ({
    atMs: Math.max(0, claimedAtMs - startedAtMs),
    depth: batchCount - i - 1,
  }));
  return [{ atMs: 0, depth: batchCount }, ...afterClaims];
}
