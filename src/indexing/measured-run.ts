/**
 * What a run's records tell: the work, times and queue of its threads. Everything is counted here, once, from batches that
 * are done; rejected vectors took time but were not indexed, so they have no index time.
 */
import { rejectionOf } from '../kernel/rejection.js';
import { type ControlBlock, DONE } from '../memory/control-block.js';
import { TimeDistribution } from '../monitoring/time-distribution.js';
import type { BatchSizeSample, QueueDepthSample, RunBackend } from '../reporting/report-data.js';
import type { MeasuredRun, ThreadRun } from '../reporting/summarize-run.js';
import type { RunRecords } from './run.js';

/** A run as measured, and when it began (milliseconds, as of clock.ts). */
export interface MeasuredRecords extends MeasuredRun {
  readonly startedAtMs: number;
}

/**
 * @param batchSizes sizes and throughputs to show, this run's among them
 * @param clockTickMs resolution of the clock
 */
export function measureRun(
  records: RunRecords,
  backend: RunBackend,
  batchSizes: readonly BatchSizeSample[],
  clockTickMs: number,
): MeasuredRecords {
  const { control } = records;
  let rejectedCount = 0;
  let timingGroupSize = 0;
  for (let index = 0; index < control.batchCount; index++) {
    if (control.state(index) !== DONE) continue;
    rejectedCount += control.rejected(index);
    const { count, sliceRows } = control.batch(index);
    timingGroupSize = Math.max(timingGroupSize, Math.min(count, sliceRows));
  }
  return {
    startedAtMs: records.startedAtMs,
    totalTimeMs: records.totalTimeMs,
    rejectedCount,
    threads: threadRuns(records),
    batchSize: records.batchSize,
    timingGroupSize,
    clockTickMs,
    backend,
    batchSizes,
    queueDepths: queueDepths(records),
  };
}

function threadRuns({ control, buffer, threads }: RunRecords): ThreadRun[] {
  const runs = Array.from({ length: threads }, () => ({ busyMs: 0, indexTimes: new TimeDistribution() }));
  for (let index = 0; index < control.batchCount; index++) {
    if (control.state(index) !== DONE) continue;
    const run = runs[control.threadId(index)]!;
    run.busyMs += Math.max(0, control.endedAtMs(index) - control.claimedAtMs(index));
    addIndexTimes(run.indexTimes, control, index, buffer);
  }
  return runs;
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
function queueDepths({ control, startedAtMs }: RunRecords): QueueDepthSample[] {
  const claims: number[] = [];
  for (let index = 0; index < control.batchCount; index++) {
    if (control.state(index) === DONE) claims.push(control.claimedAtMs(index));
  }
  claims.sort((a, b) => a - b);
  const samples = [{ atMs: 0, depth: control.batchCount }];
  for (const [i, claimedAtMs] of claims.entries()) {
    samples.push({ atMs: claimedAtMs - startedAtMs, depth: control.batchCount - i - 1 });
  }
  return samples;
}
