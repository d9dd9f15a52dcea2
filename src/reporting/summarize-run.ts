/**
 * From what was measured in a run to the figures of its report. Pure: every derived figure is computed here, and a
 * quotient whose divisor is 0 is 0.
 */
import type { ExponentialHistogram } from '../monitoring/exponential-histogram.js';
import { TimeDistribution } from '../monitoring/time-distribution.js';
import { findBottlenecks } from './bottlenecks.js';
import type { Losses } from './losses.js';
import { phasesOfRun } from './phases.js';
import { recommend } from './recommendations.js';
import type {
  BatchSample,
  BatchSizeSample,
  Bottleneck,
  CompletedSample,
  CopyIn,
  IndexingPerformanceReportData,
  Optimization,
  Phase,
  QueueDepth,
  QueueDepthSample,
  RunBackend,
  RunConditions,
  RunSubject,
} from './report-data.js';
import { slowGroupsMs } from './slow-groups.js';
import { threadBalance } from './thread-balance.js';

export interface ThreadRun {
  /** Time spent on batches, not waiting. */
  readonly busyMs: number;
  /** Times of the vectors this thread indexed; their number is the number it indexed. */
  readonly indexTimes: TimeDistribution;
}

/** Which parts a report has: the fields of the indexer's configuration that say so. */
export interface ReportParts {
  readonly enablePerThreadMonitoring: boolean;
  readonly batchSizeMonitoring: boolean;
  readonly queueDepthMonitoring: boolean;
  readonly threadUtilizationMonitoring: boolean;
}

export interface MeasuredRun {
  /** From the call until the result, on the caller's clock. */
  readonly totalTimeMs: number;
  /** The part of it before the run began; default: 0. */
  readonly waitedMs?: number | undefined;
  /** What the report is about, as far as somebody knows. */
  readonly subject?: RunSubject | undefined;
  readonly rejectedCount: number;
  /** The thread at position `i` is thread `i`; one entry for each that took part or could have. */
  readonly threads: readonly ThreadRun[];
  /** Most rows in a batch. */
  readonly batchSize: number;
  readonly timingGroupSize: number;
  /** Resolution of the clock that measured `busyMs`. */
  readonly clockTickMs: number;
  readonly backend: RunBackend;
  /** Batch sizes in use during the run and their throughput, in order of time; not read without `batchSizeMonitoring`. */
  readonly batchSizes: readonly BatchSizeSample[];
  /** Batches that are done, in the order in which they were claimed. */
  readonly batches: readonly BatchSample[];
  /** In order of time. */
  readonly completed: readonly CompletedSample[];
  /** Magnitudes of an even sample of the indexed vectors. */
  readonly magnitudes: ExponentialHistogram;
  readonly copyIn: CopyIn | undefined;
  /** undefined where batches are not timed; nothing is said of bottlenecks then. */
  readonly conditions: RunConditions | undefined;
  readonly losses: Losses | undefined;
  /** Batches that are done: of a long stream, `batches` holds only some of them. */
  readonly batchCount: number;
  /** undefined without `autoOptimization`. */
  readonly optimizations: readonly Optimization[] | undefined;
  /** In order of time; not read without `queueDepthMonitoring`. */
  readonly queueDepths: readonly QueueDepthSample[];
}

export function summarizeRun(run: MeasuredRun, parts: ReportParts): IndexingPerformanceReportData {
  const { totalTimeMs, waitedMs = 0, threads } = run;
  const ownTimeMs = Math.max(0, totalTimeMs - waitedMs);
  const indexTimes = new TimeDistribution();
  for (const thread of threads) indexTimes.merge(thread.indexTimes);
  const indexTime = indexTimes.summary();
  const indexTimeHistogram = indexTimes.histogram();
  const threadTimesMs = threads.map(({ busyMs }) => busyMs);
  const { efficiency, timeRatio } = threadBalance(threadTimesMs, run.clockTickMs);
  const bottlenecks = bottlenecksOf(run, ownTimeMs, indexTime.count);
  const vectorsPerSecond = quotient(indexTime.count, ownTimeMs / 1000);
  return {
    totalVectors: indexTime.count,
    totalTimeMs,
    waitedMs,
    vectorsPerSecond,
    batchSize: run.batchSize,
    threadCount: threads.length,
    threadEfficiency: efficiency,
    threadTimesMs,
    threadPerformance: parts.enablePerThreadMonitoring ? threads.map(performanceOf) : [],
    averageVectorTimeMs: quotient(ownTimeMs, indexTime.count),
    recommendations: recommend({
      runMs: ownTimeMs,
      threadEfficiency: efficiency,
      threadTimeRatio: timeRatio,
      balancingGainMs: run.losses?.balancingGainMs ?? 0,
      vectorsPerSecond,
      timingGroups: quotient(indexTime.count, run.timingGroupSize),
      slowGroupsMs: quotient(slowGroupsMs(indexTimeHistogram, indexTime.meanMs), threads.length),
      indexTime: parts.batchSizeMonitoring ? indexTime : undefined,
      bottlenecks,
    }),
    indexTime,
    indexTimeHistogram,
    magnitudeHistogram: run.magnitudes.snapshot(),
    rejectedCount: run.rejectedCount,
    timingGroupSize: run.timingGroupSize,
    backend: run.backend,
    batches: run.batches,
    completed: run.completed,
    copyIn: run.copyIn,
    conditions: run.conditions,
    bottlenecks,
    subject: run.subject,
    phases: run.conditions?.runs === 1 ? phasesOf(run, run.conditions, waitedMs) : undefined,
    optimizations: run.optimizations,
    batchSizeHistory: parts.batchSizeMonitoring ? [...run.batchSizes] : undefined,
    queueDepth: parts.queueDepthMonitoring ? queueDepthOf(run.queueDepths, totalTimeMs) : undefined,
    threadUtilization: parts.threadUtilizationMonitoring
      ? threadTimesMs.map((busyMs) => Math.min(1, quotient(busyMs, ownTimeMs)))
      : undefined,
    graph: undefined,
  };
}

function phasesOf(run: MeasuredRun, { startedThreads }: RunConditions, waitedMs: number): Phase[] {
  const { totalTimeMs, batches, copyIn } = run;
  return phasesOfRun({ totalTimeMs, waitedMs, batches, copyIn, startedThreads });
}

function bottlenecksOf(run: MeasuredRun, runMs: number, indexed: number): readonly Bottleneck[] {
  const { conditions, losses } = run;
  if (!conditions || !losses) return [];
  return findBottlenecks(losses, {
    runMs,
    vectors: indexed + run.rejectedCount,
    threads: run.threads.length,
    batches: run.batchCount,
    batchSize: run.batchSize,
    busyMs: run.threads.reduce((sum, { busyMs }) => sum + busyMs, 0),
    copiedBytes: run.copyIn?.bytes ?? 0,
    conditions,
  });
}

function performanceOf({ indexTimes }: ThreadRun, threadId: number) {
  return {
    threadId,
    operationsCompleted: indexTimes.count,
    averageTimeMs: indexTimes.meanMs,
    minTimeMs: indexTimes.minMs,
    maxTimeMs: indexTimes.maxMs,
  };
}

/** A depth lasts until the next sample, the last one until the end of the run. */
function queueDepthOf(samples: readonly QueueDepthSample[], endMs: number): QueueDepth {
  let max = 0;
  let weighted = 0;
  let total = 0;
  samples.forEach(({ atMs, depth }, i) => {
    const lastedMs = Math.max(0, Math.min(samples[i + 1]?.atMs ?? endMs, endMs) - atMs);
    max = Math.max(max, depth);
    weighted += depth * lastedMs;
    total += lastedMs;
  });
  return { max, mean: quotient(weighted, total), samples: [...samples] };
}

function quotient(dividend: number, divisor: number): number {
  return divisor === 0 ? 0 : dividend / divisor;
}
