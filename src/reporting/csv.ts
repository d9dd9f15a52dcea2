/**
 * A report as CSV: `metric,value,unit`, one figure per row, rows ended by a line feed.
 *
 * Every value is a number and every name is made here, so no cell needs quotes or can be taken for a formula. A figure
 * that is not a finite number has an empty cell.
 */
import type { IndexingPerformanceReportData } from './report-data.js';
import { performanceScore } from './score.js';

/**
 * The header, then the first rows in fixed order: `total_vectors`, `total_time` (seconds), `throughput`,
 * `thread_efficiency`, `batch_size` and two rows per thread; then the other figures, and the times in units in which they do
 * not round to zero.
 */
export function reportToCsv(report: IndexingPerformanceReportData): string {
  const rows = ['metric,value,unit'];
  const add = (metric: string, value: number, unit: string, decimals?: number) => {
    rows.push(`${metric},${cell(value, decimals)},${unit}`);
  };

  add('total_vectors', report.totalVectors, 'count');
  add('total_time', report.totalTimeMs / 1000, 'seconds', 3);
  add('throughput', report.vectorsPerSecond, 'vectors_per_second', 2);
  add('thread_efficiency', report.threadEfficiency, 'ratio', 3);
  add('batch_size', report.batchSize, 'count');
  for (const thread of report.threadPerformance) {
    add(`thread_${thread.threadId}_operations`, thread.operationsCompleted, 'count');
    add(`thread_${thread.threadId}_avg_time`, thread.averageTimeMs, 'milliseconds', 3);
  }

  add('total_time_ms', report.totalTimeMs, 'milliseconds');
  add('average_vector_time_ns', report.averageVectorTimeMs * 1e6, 'nanoseconds', 3);
  for (const thread of report.threadPerformance) {
    add(`thread_${thread.threadId}_avg_time_ns`, thread.averageTimeMs * 1e6, 'nanoseconds', 3);
    add(`thread_${thread.threadId}_min_time_ns`, thread.minTimeMs * 1e6, 'nanoseconds', 3);
    add(`thread_${thread.threadId}_max_time_ns`, thread.maxTimeMs * 1e6, 'nanoseconds', 3);
  }
  add('performance_score', performanceScore(report), 'points');
  add('rejected_vectors', report.rejectedCount, 'count');
  add('thread_count', report.threadCount, 'count');
  report.threadTimesMs.forEach((busyMs, threadId) => {
    add(`thread_${threadId}_busy_time_ms`, busyMs, 'milliseconds');
  });
  report.threadUtilization?.forEach((utilization, threadId) => {
    add(`thread_${threadId}_utilization`, utilization, 'ratio', 3);
  });
  add('index_time_mean_ns', report.indexTime.meanMs * 1e6, 'nanoseconds', 3);
  add('index_time_p50_ns', report.indexTime.p50Ms * 1e6, 'nanoseconds', 3);
  add('index_time_p95_ns', report.indexTime.p95Ms * 1e6, 'nanoseconds', 3);
  add('index_time_p99_ns', report.indexTime.p99Ms * 1e6, 'nanoseconds', 3);
  add('index_time_min_ns', report.indexTime.minMs * 1e6, 'nanoseconds', 3);
  add('index_time_max_ns', report.indexTime.maxMs * 1e6, 'nanoseconds', 3);
  add('index_time_std_dev_ns', report.indexTime.stdDevMs * 1e6, 'nanoseconds', 3);
  add('timing_group_size', report.timingGroupSize, 'count');
  if (report.queueDepth) {
    add('queue_depth_max', report.queueDepth.max, 'count');
    add('queue_depth_mean', report.queueDepth.mean, 'count', 3);
  }
  add('batches_kept', report.batches.length, 'count');
  if (report.copyIn) {
    add('copy_in_bytes', report.copyIn.bytes, 'bytes');
    add('copy_in_busy_time_ms', report.copyIn.busyMs, 'milliseconds');
    add('copy_in_ended_at_ms', report.copyIn.endedAtMs, 'milliseconds');
  }
  if (report.conditions) {
    const { startedThreads, freshBytes, availableThreads, cpuMs } = report.conditions;
    add('started_threads', startedThreads, 'count');
    add('fresh_memory', freshBytes, 'bytes');
    add('available_threads', availableThreads, 'count');
    if (cpuMs !== undefined) add('processor_time_ms', cpuMs, 'milliseconds');
  }
  for (const { name, share, lostMs } of report.bottlenecks) {
    const metric = `bottleneck_${name.replace(/\W/g, '_')}`;
    add(`${metric}_share`, share, 'ratio', 3);
    add(`${metric}_time_ms`, lostMs, 'milliseconds');
  }
  report.optimizations?.forEach(({ action, before, after, effect }, i) => {
    const metric = `optimization_${i}_${action === 'threads' ? 'threads' : 'batch_size'}`;
    add(`${metric}_before`, before, 'count');
    if (after !== undefined) add(`${metric}_after`, after, 'count');
    if (effect !== undefined) add(`${metric}_effect`, effect, 'ratio', 3);
  });
  report.batchSizeHistory?.forEach(({ batchSize, vectorsPerSecond }, i) => {
    add(`batch_size_${i}`, batchSize, 'count');
    add(`batch_size_${i}_throughput`, vectorsPerSecond, 'vectors_per_second', 2);
  });
  return `${rows.join('\n')}\n`;
}

function cell(value: number, decimals: number | undefined): string {
  if (!Number.isFinite(value)) return '';
  return decimals === undefined ? String(value) : value.toFixed(decimals);
}
