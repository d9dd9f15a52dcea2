/**
 * What to change, judged by the figures of one run. Each sentence names the figure that caused it.
 */
import type { TimeSummary } from '../monitoring/time-distribution.js';
import type { Bottleneck } from './report-data.js';

export interface RecommendationFigures {
  /** Shortest / longest thread time, 0..1. */
  readonly threadEfficiency: number;
  /** Longest / shortest thread time, from 1; 1 for a single thread. */
  readonly threadTimeRatio: number;
  readonly vectorsPerSecond: number;
  /** Index times per vector; undefined without `batchSizeMonitoring`, to which the latency rules belong. */
  readonly indexTime: TimeSummary | undefined;
  /** What held the run back; their sentences follow. */
  readonly bottlenecks: readonly Bottleneck[];
}

/** The sentences whose condition holds, in fixed order; one sentence of praise when none does. */
export function recommend(figures: RecommendationFigures): string[] {
  const { threadEfficiency, threadTimeRatio, vectorsPerSecond, indexTime, bottlenecks } = figures;
  const found: string[] = [];
  const percent = (threadEfficiency * 100).toFixed(1);
  if (threadEfficiency < 0.7) {
    found.push(`Low thread efficiency (${percent}%). Consider rebalancing work distribution or adjusting batch sizes.`);
  } else if (threadEfficiency < 0.8) {
    found.push(`Moderate thread efficiency (${percent}%). Smaller batches would improve load balancing.`);
  }
  if (vectorsPerSecond < 100) {
    found.push(
      `Low throughput (${vectorsPerSecond.toFixed(1)} vectors/sec). Consider optimizing vector processing or increasing parallelism.`,
    );
  }
  if (threadTimeRatio > 2) {
    found.push(
      `High thread time variance (max/min ratio: ${threadTimeRatio.toFixed(1)}). Consider dynamic load balancing.`,
    );
  }
  if (indexTime && indexTime.meanMs > 50) {
    found.push('Average indexing time is high. Consider reducing batch size or optimizing vector processing.');
  }
  if (indexTime && indexTime.p99Ms > 3 * indexTime.meanMs) {
    found.push('High P99 latency detected. Consider investigating outlier processing or memory allocation patterns.');
  }
  found.push(...bottlenecks.map(({ recommendation }) => recommendation));
  return found.length > 0 ? found : ['Performance looks good. No specific optimizations recommended.'];
}
