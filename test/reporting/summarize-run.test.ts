import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noLosses } from '../../src/reporting/losses.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { runsOf } from '../seed.js';
import { allParts, noParts, sampleConditions, sampleRun, timesOf } from './report-samples.js';

test('every figure of a run is computed', () => {
  const { indexTime, indexTimeHistogram, ...figures } = summarizeRun(sampleRun(), allParts);
  expect(figures).toEqual({
    totalVectors: 1200,
    totalTimeMs: 500,
    waitedMs: 0,
    subject: sampleRun().subject,
    phases: [
      { name: 'indexing', ms: 420 },
      { name: 'rest', ms: 80 },
    ],
    vectorsPerSecond: 2400,
    batchSize: 300,
    threadCount: 2,
    threadEfficiency: 0.8,
    threadTimesMs: [400, 320],
    threadPerformance: [
      { threadId: 0, operationsCompleted: 600, averageTimeMs: 0.625, minTimeMs: 0.5, maxTimeMs: 0.75 },
      { threadId: 1, operationsCompleted: 600, averageTimeMs: 0.5, minTimeMs: 0.5, maxTimeMs: 0.5 },
    ],
    averageVectorTimeMs: 500 / 1200,
    recommendations: ['Performance looks good. No specific optimizations recommended.'],
    rejectedCount: 3,
    timingGroupSize: 16,
    batches: sampleRun().batches,
    completed: sampleRun().completed,
    copyIn: { bytes: 38_496, busyMs: 30, endedAtMs: 90 },
    conditions: sampleConditions,
    bottlenecks: [],
    optimizations: sampleRun().optimizations,
    // 2^0, 2^1 and 2^3 end buckets -1, 31 and 95.
    magnitudeHistogram: {
      zeros: 0,
      buckets: [
        { bucket: -1, count: 2 },
        { bucket: 31, count: 1 },
        { bucket: 95, count: 1 },
      ],
    },
    backend: { kernel: 'simd', threads: 2, shared: true },
    batchSizeHistory: [{ batchSize: 300, vectorsPerSecond: 2400 }],
    queueDepth: {
      max: 2,
      mean: (2 * 100 + 1 * 300) / 500,
      samples: [
        { atMs: 0, depth: 2 },
        { atMs: 100, depth: 1 },
        { atMs: 400, depth: 0 },
      ],
    },
    threadUtilization: [0.8, 0.64],
  });
  expect(indexTimeHistogram).toEqual({
    zeros: 0,
    buckets: [
      { bucket: -33, count: 900 },
      { bucket: Math.floor(32 * Math.log2(0.75)), count: 300 },
    ],
  });
  expect(indexTime).toMatchObject({ count: 1200, meanMs: 0.5625, minMs: 0.5, maxMs: 0.75 });
  expect(indexTime.p50Ms / 0.5).toBeCloseTo(1, 1);
  expect(indexTime.p99Ms / 0.75).toBeCloseTo(1, 1);
});

test('rates leave out the time before the run began', () => {
  const run = sampleRun();
  const waited = summarizeRun({ ...run, totalTimeMs: 1500, waitedMs: 1000 }, allParts);
  expect(waited).toMatchObject({
    totalTimeMs: 1500,
    waitedMs: 1000,
    vectorsPerSecond: 2400,
    averageVectorTimeMs: 500 / 1200,
    threadUtilization: [0.8, 0.64],
  });
  expect(summarizeRun({ ...run, waitedMs: undefined }, allParts).waitedMs).toBe(0);
});

test('a run of nothing has zeros, and full efficiency', () => {
  const run = {
    ...sampleRun(),
    totalTimeMs: 0,
    rejectedCount: 0,
    threads: [{ busyMs: 0, indexTimes: timesOf() }],
    batchSizes: [],
    queueDepths: [],
  };
  expect(summarizeRun(run, allParts)).toMatchObject({
    totalVectors: 0,
    vectorsPerSecond: 0,
    averageVectorTimeMs: 0,
    threadEfficiency: 1,
    threadUtilization: [0],
    queueDepth: { max: 0, mean: 0, samples: [] },
    batchSizeHistory: [],
    indexTime: { count: 0, meanMs: 0 },
    threadPerformance: [{ threadId: 0, operationsCompleted: 0, averageTimeMs: 0, minTimeMs: 0, maxTimeMs: 0 }],
  });
});

test('vectors in no time at all have throughput 0', () => {
  expect(summarizeRun({ ...sampleRun(), totalTimeMs: 0 }, allParts).vectorsPerSecond).toBe(0);
});

describe('parts', () => {
  test('without per-thread monitoring there are no thread rows, but all thread times', () => {
    const data = summarizeRun(sampleRun(), { ...allParts, enablePerThreadMonitoring: false });
    expect(data.threadPerformance).toEqual([]);
    expect(data.threadTimesMs).toEqual([400, 320]);
    expect(data.threadEfficiency).toBe(0.8);
  });

  test('without batch size monitoring there is no history', () => {
    const data = summarizeRun(sampleRun(), { ...allParts, batchSizeMonitoring: false });
    expect(data.batchSizeHistory).toBeUndefined();
  });

  test('without batch size monitoring the latency recommendations are silent', () => {
    const run = {
      ...sampleRun(),
      threads: [{ busyMs: 400, indexTimes: timesOf([100_000, 1000], [100_000, 20]) }],
      timingGroupSize: 2,
    };
    const latency = [expect.stringContaining('Average indexing time'), expect.stringContaining('P99')];
    expect(summarizeRun(run, allParts).recommendations).toEqual(latency);
    const { recommendations, indexTime } = summarizeRun(run, { ...allParts, batchSizeMonitoring: false });
    expect(recommendations).toEqual([expect.stringContaining('looks good')]);
    expect(indexTime.meanMs).toBeGreaterThan(50);
  });

  test('without queue depth monitoring there is none', () => {
    const data = summarizeRun(sampleRun(), { ...allParts, queueDepthMonitoring: false });
    expect(data.queueDepth).toBeUndefined();
    expect(data.threadUtilization).toBeDefined();
  });

  test('without utilisation monitoring there is none', () => {
    const data = summarizeRun(sampleRun(), { ...allParts, threadUtilizationMonitoring: false });
    expect(data.threadUtilization).toBeUndefined();
    expect(data.queueDepth).toBeDefined();
  });

  test('the other figures do not depend on them', () => {
    const all = summarizeRun(sampleRun(), allParts);
    expect(summarizeRun(sampleRun(), noParts)).toEqual({
      ...all,
      threadPerformance: [],
      batchSizeHistory: undefined,
      queueDepth: undefined,
      threadUtilization: undefined,
    });
  });
});

test('thread times below 20 clock ticks give efficiency 1 and no word on balance', () => {
  const threads = [
    { busyMs: 2, indexTimes: timesOf([2, 2000]) },
    { busyMs: 0.5, indexTimes: timesOf([0.5, 500]) },
  ];
  const short = summarizeRun({ ...sampleRun(), threads, clockTickMs: 0.2 }, allParts);
  expect(short.threadEfficiency).toBe(1);
  expect(short.recommendations).toEqual([expect.stringContaining('looks good')]);
  const losses = { ...noLosses, balancingGainMs: 50 };
  const clear = summarizeRun({ ...sampleRun(), threads, losses, clockTickMs: 0.1 }, allParts);
  expect(clear.threadEfficiency).toBe(0.25);
  expect(clear.recommendations).toEqual([
    expect.stringContaining('Low thread efficiency (25.0%)'),
    expect.stringContaining('ratio: 4.0'),
  ]);
});

test('a run of few timing groups says nothing of its slowest', () => {
  const indexTimes = timesOf([400, 4000], [100, 80]);
  const told = (timingGroupSize: number) =>
    summarizeRun({ ...sampleRun(), threads: [{ busyMs: 500, indexTimes }], timingGroupSize }, allParts).recommendations;
  expect(told(8)).toEqual([expect.stringContaining('P99')]);
  expect(told(16)).toEqual([expect.stringContaining('looks good')]);
  expect(told(0)).toEqual([expect.stringContaining('looks good')]);
});

test('a slow run is told so', () => {
  const { recommendations } = summarizeRun({ ...sampleRun(), totalTimeMs: 24_000 }, allParts);
  expect(recommendations).toEqual([expect.stringContaining('Low throughput (50.0 vectors/sec)')]);
});

test('utilisation never passes 1, however coarse the clocks', () => {
  const run = { ...sampleRun(), totalTimeMs: 399 };
  expect(summarizeRun(run, allParts).threadUtilization).toEqual([1, 320 / 399]);
});

test('the mean queue depth weighs each depth by how long it lasted', () => {
  const depths = fc.array(fc.record({ lastsMs: fc.integer({ min: 1, max: 50 }), depth: fc.nat({ max: 99 }) }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(depths, (steps) => {
      let atMs = 0;
      const queueDepths = steps.map(({ lastsMs, depth }) => {
        const sample = { atMs, depth };
        atMs += lastsMs;
        return sample;
      });
      const everyMs = steps.flatMap(({ lastsMs, depth }) => Array.from({ length: lastsMs }, () => depth));
      const { queueDepth } = summarizeRun({ ...sampleRun(), totalTimeMs: atMs, queueDepths }, allParts);
      expect(queueDepth?.mean).toBe(everyMs.reduce((sum, depth) => sum + depth, 0) / atMs);
      expect(queueDepth?.max).toBe(Math.max(...everyMs));
    }),
    runsOf(1000),
  );
});

test('a depth sampled after the end of the run has no weight', () => {
  const queueDepths = [
    { atMs: 0, depth: 4 },
    { atMs: 500, depth: 8 },
    { atMs: 501, depth: 0 },
  ];
  const { queueDepth } = summarizeRun({ ...sampleRun(), totalTimeMs: 500, queueDepths }, allParts);
  expect(queueDepth).toMatchObject({ max: 8, mean: 4 });
});

test('what is measured later does not change a report', () => {
  const run = sampleRun();
  const batchSizes = [...run.batchSizes];
  const queueDepths = [...run.queueDepths];
  const data = summarizeRun({ ...run, batchSizes, queueDepths }, allParts);
  batchSizes.push({ batchSize: 1, vectorsPerSecond: 1 });
  queueDepths.push({ atMs: 450, depth: 7 });
  expect(data.batchSizeHistory).toHaveLength(1);
  expect(data.queueDepth?.samples).toHaveLength(3);
});
