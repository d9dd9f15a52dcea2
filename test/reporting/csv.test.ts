import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reportToCsv } from '../../src/reporting/csv.js';
import { noLosses } from '../../src/reporting/losses.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { runsOf } from '../seed.js';
import { allParts, anyReportData, noParts, sampleRun, timesOf } from './report-samples.js';

/** Two threads, 4 vectors, no bucket to be rounded: one time per thread. */
const run = {
  ...sampleRun(),
  totalTimeMs: 1234.5678,
  losses: { ...noLosses, startUpMs: 308.64195 },
  threads: [
    { busyMs: 1200.25, indexTimes: timesOf([0.0005, 4]) },
    { busyMs: 900, indexTimes: timesOf([0.0005, 4]) },
  ],
};

test('a report is written row by row', () => {
  expect(reportToCsv(summarizeRun(run, allParts))).toBe(
    `metric,value,unit
total_vectors,8,count
total_time,1.235,seconds
throughput,6.48,vectors_per_second
thread_efficiency,0.750,ratio
batch_size,300,count
thread_0_operations,4,count
thread_0_avg_time,0.000,milliseconds
thread_1_operations,4,count
thread_1_avg_time,0.000,milliseconds
performance_score,55,points
total_time_ms,1234.5678,milliseconds
waited_ms,0,milliseconds
thread_count,2,count
thread_0_busy_time_ms,1200.25,milliseconds
thread_1_busy_time_ms,900,milliseconds
thread_0_avg_time_ns,125.000,nanoseconds
thread_0_min_time_ns,125.000,nanoseconds
thread_0_max_time_ns,125.000,nanoseconds
thread_1_avg_time_ns,125.000,nanoseconds
thread_1_min_time_ns,125.000,nanoseconds
thread_1_max_time_ns,125.000,nanoseconds
average_vector_time_ns,154320975.000,nanoseconds
index_time_mean_ns,125.000,nanoseconds
index_time_p50_ns,125.000,nanoseconds
index_time_p95_ns,125.000,nanoseconds
index_time_p99_ns,125.000,nanoseconds
index_time_min_ns,125.000,nanoseconds
index_time_max_ns,125.000,nanoseconds
index_time_std_dev_ns,0.000,nanoseconds
rejected_vectors,3,count
timing_group_size,16,count
batches_kept,3,count
copy_in_bytes,38496,bytes
copy_in_busy_time_ms,30,milliseconds
copy_in_ended_at_ms,90,milliseconds
started_threads,0,count
fresh_memory,4096,bytes
available_threads,2,count
processor_time_ms,730,milliseconds
bottleneck_start_up_share,0.250,ratio
bottleneck_start_up_time_ms,308.64195,milliseconds
bottleneck_start_up_gain_ms,308.64195,milliseconds
phase_indexing_ms,420,milliseconds
phase_rest_ms,814.5678,milliseconds
optimization_0_threads_before,4,count
optimization_0_threads_after,2,count
optimization_0_threads_effect,1.250,ratio
optimization_1_batch_size_before,300,count
batch_size_0,300,count
batch_size_0_throughput,2400.00,vectors_per_second
queue_depth_max,2,count
queue_depth_mean,0.405,count
thread_0_utilization,0.972,ratio
thread_1_utilization,0.729,ratio
`,
  );
});

test('parts that are switched off have no rows', () => {
  const untold = { ...run, conditions: undefined, losses: undefined, optimizations: undefined };
  const metrics = reportToCsv(summarizeRun(untold, noParts))
    .split('\n')
    .map((row) => row.split(',')[0]);
  expect(metrics).toEqual([
    'metric',
    'total_vectors',
    'total_time',
    'throughput',
    'thread_efficiency',
    'batch_size',
    'performance_score',
    'total_time_ms',
    'waited_ms',
    'thread_count',
    'thread_0_busy_time_ms',
    'thread_1_busy_time_ms',
    'average_vector_time_ns',
    'index_time_mean_ns',
    'index_time_p50_ns',
    'index_time_p95_ns',
    'index_time_p99_ns',
    'index_time_min_ns',
    'index_time_max_ns',
    'index_time_std_dev_ns',
    'rejected_vectors',
    'timing_group_size',
    'batches_kept',
    'copy_in_bytes',
    'copy_in_busy_time_ms',
    'copy_in_ended_at_ms',
    '',
  ]);
});

test('every row is a name, a number (or none) and a unit, so no cell can be a formula', () => {
  fc.assert(
    fc.property(anyReportData, (data) => {
      const [header, ...rows] = reportToCsv(data).trimEnd().split('\n');
      expect(header).toBe('metric,value,unit');
      for (const row of rows) expect(row).toMatch(/^[a-z][a-z0-9_]*,(\d+(\.\d+)?(e[+-]\d+)?)?,[a-z_]+$/);
    }),
    runsOf(300),
  );
});

test('what is not a finite number is an empty cell', () => {
  const data = { ...summarizeRun(run, allParts), vectorsPerSecond: Number.NaN, totalTimeMs: Number.POSITIVE_INFINITY };
  const rows = reportToCsv(data).split('\n');
  expect(rows).toContain('throughput,,vectors_per_second');
  expect(rows).toContain('total_time,,seconds');
  expect(rows).toContain('total_time_ms,,milliseconds');
});
