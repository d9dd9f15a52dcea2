/** Reports and runs to test with: one known by heart, and any. */
import fc from 'fast-check';
import { ExponentialHistogram, highestBucket, lowestBucket } from '../../src/monitoring/exponential-histogram.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { noLosses } from '../../src/reporting/losses.js';
import {
  bottleneckNames,
  type IndexingPerformanceReportData,
  optimizationMoments,
  optimizationNames,
  optimizationOutcomes,
  orderNames,
  phaseNames,
  type RunConditions,
} from '../../src/reporting/report-data.js';
import type { MeasuredRun, ReportParts } from '../../src/reporting/summarize-run.js';

export const allParts: ReportParts = {
  enablePerThreadMonitoring: true,
  batchSizeMonitoring: true,
  queueDepthMonitoring: true,
  threadUtilizationMonitoring: true,
};

export const noParts: ReportParts = {
  enablePerThreadMonitoring: false,
  batchSizeMonitoring: false,
  queueDepthMonitoring: false,
  threadUtilizationMonitoring: false,
};

export function timesOf(...groups: readonly (readonly [elapsedMs: number, count: number])[]): TimeDistribution {
  const times = new TimeDistribution();
  for (const [elapsedMs, count] of groups) times.recordGroup(elapsedMs, count);
  return times;
}

function magnitudesOf(...values: readonly number[]): ExponentialHistogram {
  const histogram = new ExponentialHistogram();
  for (const value of values) histogram.record(value, 1);
  return histogram;
}

export const sampleConditions: RunConditions = {
  runs: 1,
  startedThreads: 0,
  freshBytes: 4096,
  availableThreads: 2,
  cpuMs: 730,
  memory: { bytesPerMs: 2e7, firstTouchBytesPerMs: 1e6, oneThreadShare: 0.75 },
};

/** Two threads index 1,200 vectors in half a second: 600 in 400 ms, 600 in 320 ms. */
export function sampleRun(): MeasuredRun {
  return {
    totalTimeMs: 500,
    waitedMs: 0,
    subject: {
      input: 'vectors.npy',
      rows: 1203,
      dims: 8,
      order: 'sorted',
      machine: 'AMD EPYC 9R14',
      cores: 2,
      versions: { simdex: '0.1.0', Node: '20.20.2' },
      date: '2026-03-01T12:00:00.000Z',
    },
    rejectedCount: 3,
    threads: [
      { busyMs: 400, indexTimes: timesOf([150, 300], [225, 300]) },
      { busyMs: 320, indexTimes: timesOf([300, 600]) },
    ],
    batchSize: 300,
    timingGroupSize: 16,
    clockTickMs: 0.001,
    backend: { kernel: 'simd', threads: 2, shared: true },
    batches: [
      { threadId: 0, vectors: 302, dims: 8, rejected: 2, claimedAtMs: 0, endedAtMs: 150 },
      { threadId: 1, vectors: 601, dims: 8, rejected: 1, claimedAtMs: 100, endedAtMs: 420 },
      { threadId: 0, vectors: 300, dims: 8, rejected: 0, claimedAtMs: 150, endedAtMs: 400 },
    ],
    completed: [
      { atMs: 150, vectors: 300 },
      { atMs: 400, vectors: 600 },
      { atMs: 420, vectors: 1200 },
    ],
    magnitudes: magnitudesOf(1, 1, 2, 8),
    copyIn: { bytes: 38_496, busyMs: 30, endedAtMs: 90 },
    conditions: sampleConditions,
    losses: noLosses,
    batchCount: 3,
    optimizations: [
      { action: 'threads', when: 'between', before: 4, after: 2, effect: 1.25, outcome: 'kept' },
      { action: 'batchSize', when: 'between', before: 300, after: undefined, effect: undefined, outcome: 'measuring' },
    ],
    batchSizes: [{ batchSize: 300, vectorsPerSecond: 2400 }],
    queueDepths: [
      { atMs: 0, depth: 2 },
      { atMs: 100, depth: 1 },
      { atMs: 400, depth: 0 },
    ],
  };
}

/** Records that are ordinary objects, as those of reports are. */
const plain = <T>(fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> }) => fc.record(fields, { noNullPrototype: true });

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const figure = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const ratio = fc.double({ min: 0, max: 1, noNaN: true });

const histogram = plain({
  zeros: count,
  buckets: fc.array(plain({ bucket: fc.integer({ min: lowestBucket, max: highestBucket }), count }), { maxLength: 5 }),
});

function dataForThreads(threads: number): fc.Arbitrary<IndexingPerformanceReportData> {
  const perThread = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: threads, maxLength: threads });
  const threadPerformance = plain({
    threadId: count,
    operationsCompleted: count,
    averageTimeMs: figure,
    minTimeMs: figure,
    maxTimeMs: figure,
  });
  const subject = plain({
    input: fc.option(fc.string(), { nil: undefined }),
    rows: count,
    dims: fc.option(count, { nil: undefined }),
    order: fc.constantFrom(...orderNames),
    machine: fc.option(fc.string(), { nil: undefined }),
    cores: fc.option(count, { nil: undefined }),
    versions: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string(), { maxKeys: 3, noNullPrototype: true }),
    date: fc.string(),
  });
  return plain({
    totalVectors: count,
    totalTimeMs: figure,
    waitedMs: figure,
    subject: fc.option(subject, { nil: undefined }),
    phases: fc.option(fc.array(plain({ name: fc.constantFrom(...phaseNames), ms: figure }), { maxLength: 4 }), {
      nil: undefined,
    }),
    vectorsPerSecond: figure,
    batchSize: count,
    threadCount: fc.constant(threads),
    threadEfficiency: ratio,
    threadTimesMs: perThread(figure),
    threadPerformance: fc.oneof(fc.constant([]), perThread(threadPerformance)),
    averageVectorTimeMs: figure,
    recommendations: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 }),
    indexTime: plain({
      count,
      meanMs: figure,
      p50Ms: figure,
      p95Ms: figure,
      p99Ms: figure,
      minMs: figure,
      maxMs: figure,
      stdDevMs: figure,
    }),
    indexTimeHistogram: histogram,
    magnitudeHistogram: histogram,
    rejectedCount: count,
    timingGroupSize: count,
    batches: fc.array(
      plain({
        threadId: fc.nat({ max: threads - 1 }),
        vectors: count,
        dims: count,
        rejected: count,
        claimedAtMs: figure,
        endedAtMs: figure,
      }),
      { maxLength: 5 },
    ),
    completed: fc.array(plain({ atMs: figure, vectors: count }), { maxLength: 5 }),
    conditions: fc.option(
      plain({
        runs: count,
        startedThreads: count,
        freshBytes: count,
        availableThreads: count,
        cpuMs: fc.option(figure, { nil: undefined }),
        memory: fc.option(plain({ bytesPerMs: figure, firstTouchBytesPerMs: figure, oneThreadShare: ratio }), {
          nil: undefined,
        }),
      }),
      { nil: undefined },
    ),
    bottlenecks: fc.array(
      plain({
        name: fc.constantFrom(...bottleneckNames),
        share: ratio,
        lostMs: figure,
        gainMs: figure,
        recommendation: fc.string(),
      }),
      { maxLength: 3 },
    ),
    optimizations: fc.option(
      fc.array(
        plain({
          action: fc.constantFrom(...optimizationNames),
          when: fc.constantFrom(...optimizationMoments),
          before: count,
          after: fc.option(count, { nil: undefined }),
          effect: fc.option(figure, { nil: undefined }),
          outcome: fc.constantFrom(...optimizationOutcomes),
        }),
        { maxLength: 3 },
      ),
      { nil: undefined },
    ),
    copyIn: fc.option(plain({ bytes: count, busyMs: figure, endedAtMs: figure }), { nil: undefined }),
    backend: plain({
      kernel: fc.constantFrom('simd' as const, 'scalar' as const, 'javascript' as const),
      threads: count,
      shared: fc.boolean(),
    }),
    batchSizeHistory: fc.option(fc.array(plain({ batchSize: count, vectorsPerSecond: figure }), { maxLength: 5 }), {
      nil: undefined,
    }),
    queueDepth: fc.option(
      plain({
        max: count,
        mean: figure,
        samples: fc.array(plain({ atMs: figure, depth: figure }), { maxLength: 5 }),
      }),
      { nil: undefined },
    ),
    threadUtilization: fc.option(perThread(ratio), { nil: undefined }),
    graph: fc.option(
      plain({
        rows: count,
        degree: count,
        effort: count,
        bytes: count,
        buildMs: figure,
        k: count,
        curve: fc.array(plain({ effort: count, recall: ratio, queriesPerSecond: figure }), { maxLength: 4 }),
        exactQueriesPerSecond: figure,
      }),
      { nil: undefined },
    ),
  });
}

export const anyReportData = fc.integer({ min: 1, max: 5 }).chain(dataForThreads);
