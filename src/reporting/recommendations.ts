/**
 * What to change, judged by the figures of one run. Each sentence names the figure that caused it, and none asks for a change
 * that gains too little to be noticed.
 */
import type { TimeSummary } from '../monitoring/time-distribution.js';
import { isWorthChange } from './balancing.js';
import { formatNumber } from './format.js';
import type { Bottleneck } from './report-data.js';
import { SLOW } from './slow-groups.js';

export interface RecommendationFigures {
  /** Time of the run, what it waited before left out. */
  readonly runMs: number;
  /** Shortest / longest thread time, 0..1. */
  readonly threadEfficiency: number;
  /** Longest / shortest thread time, from 1; 1 for a single thread. */
  readonly threadTimeRatio: number;
  /** What better balancing would gain. */
  readonly balancingGainMs: number;
  readonly vectorsPerSecond: number;
  /** Index times per vector; undefined without `batchSizeMonitoring`, to which the latency rules belong. */
  readonly indexTime: TimeSummary | undefined;
  /** At least as many timing groups there were. */
  readonly timingGroups: number;
  /** What slow groups took of the run. */
  readonly slowGroupsMs: number;
  /** What held the run back; their sentences follow. */
  readonly bottlenecks: readonly Bottleneck[];
}

/** A run below that is too short for the balance of its threads, or its throughput, to tell anything. */
const SHORT_RUN_MS = 100;
/** A 99th percentile of fewer groups is an accident. */
const LEAST_GROUPS = 500;

/** The sentences whose condition holds, in fixed order; one sentence of praise when none does. */
export function recommend(figures: RecommendationFigures): string[] {
  const { runMs, threadTimeRatio, balancingGainMs, vectorsPerSecond, indexTime, bottlenecks } = figures;
  const found: string[] = [];
  const efficiency = efficiencySentence(figures);
  if (efficiency) found.push(efficiency);
  if (vectorsPerSecond < 100 && runMs >= SHORT_RUN_MS) {
    found.push(
      `Low throughput (${vectorsPerSecond.toFixed(1)} vectors/sec). Consider optimizing vector processing or increasing parallelism.`,
    );
  }
  if (threadTimeRatio > 2 && isWorthChange(balancingGainMs, runMs)) {
    found.push(
      `High thread time variance (max/min ratio: ${threadTimeRatio.toFixed(1)}). Consider dynamic load balancing.`,
    );
  }
  if (indexTime && indexTime.meanMs > 50) {
    found.push('Average indexing time is high. Consider reducing batch size or optimizing vector processing.');
  }
  if (indexTime && indexTime.p99Ms > SLOW * indexTime.meanMs && slowGroupsMatter(figures)) {
    found.push('High P99 latency detected. Consider investigating outlier processing or memory allocation patterns.');
  }
  found.push(...bottlenecks.map(({ recommendation }) => recommendation));
  return found.length > 0 ? found : ['Performance looks good. No specific optimizations recommended.'];
}

function efficiencySentence(figures: RecommendationFigures): string | undefined {
  const { threadEfficiency, balancingGainMs, runMs } = figures;
  if (!(threadEfficiency < 0.8)) return undefined;
  const percent = (threadEfficiency * 100).toFixed(1);
  if (!isWorthChange(balancingGainMs, runMs)) {
    const found = `Thread efficiency was ${percent}%`;
    return runMs < SHORT_RUN_MS
      ? `${found}, in a run too short (${formatNumber(runMs)} ms) for it to matter.`
      : `${found}; better balancing would gain ${formatNumber(balancingGainMs)} ms of ${formatNumber(runMs)} ms.`;
  }
  return threadEfficiency < 0.7
    ? `Low thread efficiency (${percent}%). Consider rebalancing work distribution or adjusting batch sizes.`
    : `Moderate thread efficiency (${percent}%). Smaller batches would improve load balancing.`;
}

function slowGroupsMatter({ timingGroups, slowGroupsMs, runMs }: RecommendationFigures): boolean {
  return timingGroups >= LEAST_GROUPS && isWorthChange(slowGroupsMs, runMs);
}
