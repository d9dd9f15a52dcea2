import { expect, test } from 'vitest';
import { StreamMeasurement } from '../../src/indexing/measuring/measured-stream.js';
import { ExponentialHistogram } from '../../src/monitoring/exponential-histogram.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { noLosses } from '../../src/reporting/losses.js';
import type { QueueDepthSample } from '../../src/reporting/report-data.js';
import { type MeasuredRun, summarizeRun } from '../../src/reporting/summarize-run.js';

const PARTS = {
  enablePerThreadMonitoring: true,
  batchSizeMonitoring: true,
  queueDepthMonitoring: true,
  threadUtilizationMonitoring: true,
};
const MOST_POINTS = 8192;

const CONDITIONS = {
  runs: 1,
  startedThreads: 2,
  freshBytes: 100,
  availableThreads: 2,
  cpuMs: 3,
  memory: undefined,
};

function runOf(queueDepths: readonly QueueDepthSample[], vectorsPerSecond = 1000): MeasuredRun {
  return {
    totalTimeMs: 1,
    rejectedCount: 1,
    threads: [{ busyMs: 1, indexTimes: new TimeDistribution() }],
    batchSize: 10,
    timingGroupSize: 5,
    clockTickMs: 0.001,
    backend: { kernel: 'simd', threads: 1, shared: true },
    batchSizes: [
      { batchSize: 1, vectorsPerSecond: 1 },
      { batchSize: 10, vectorsPerSecond },
    ],
    batches: queueDepths.map(({ atMs }) => ({
      threadId: 0,
      vectors: 10,
      dims: 4,
      rejected: 1,
      claimedAtMs: atMs,
      endedAtMs: atMs + 1,
    })),
    completed: queueDepths.map(({ atMs }, i) => ({ atMs: atMs + 1, vectors: 9 * (i + 1) })),
    magnitudes: new ExponentialHistogram(),
    copyIn: { bytes: 160, busyMs: 0.5, endedAtMs: 2 },
    conditions: { ...CONDITIONS },
    losses: { ...noLosses, imbalanceMs: 2, startUpMs: 1, firstTouchMs: 5 },
    batchCount: queueDepths.length,
    optimizations: undefined,
    queueDepths,
  };
}

function reportOf(measurement: StreamMeasurement, totalTimeMs: number) {
  return summarizeRun(measurement.summary(totalTimeMs)!, PARTS);
}

test('there is nothing before the first run', () => {
  expect(new StreamMeasurement().summary(0)).toBeUndefined();
});

test('few runs keep every point', () => {
  const measurement = new StreamMeasurement();
  measurement.add(
    runOf([
      { atMs: 0, depth: 2 },
      { atMs: 1, depth: 1 },
    ]),
    10,
  );
  measurement.add(runOf([{ atMs: 0, depth: 3 }]), 20);
  const report = reportOf(measurement, 30);
  const { queueDepth, batchSizeHistory, rejectedCount } = report;
  expect(report.batches.map(({ claimedAtMs, endedAtMs }) => [claimedAtMs, endedAtMs])).toEqual([
    [10, 11],
    [11, 12],
    [20, 21],
  ]);
  expect(report.completed).toEqual([
    { atMs: 11, vectors: 9 },
    { atMs: 12, vectors: 18 },
    { atMs: 21, vectors: 27 },
  ]);
  expect(report.conditions).toEqual({ ...CONDITIONS, runs: 2, startedThreads: 4, freshBytes: 200, cpuMs: 6 });
  expect(measurement.summary(30)).toMatchObject({
    losses: { imbalanceMs: 4, startUpMs: 2, firstTouchMs: 0 },
    batchCount: 3,
  });
  expect(report.copyIn).toEqual({ bytes: 320, busyMs: 1, endedAtMs: 22 });
  expect(queueDepth!.samples).toEqual([
    { atMs: 10, depth: 2 },
    { atMs: 11, depth: 1 },
    { atMs: 20, depth: 3 },
  ]);
  expect(batchSizeHistory).toHaveLength(2);
  expect(rejectedCount).toBe(2);
});

// The depths of a run fall from 8 to 1: every eighth point alone would show 8 all the time.
test('a long stream is thinned evenly, and neither the mean nor the maximum of its queue is lost', () => {
  const measurement = new StreamMeasurement();
  const runs = 20_000;
  const spike = 12_345;
  for (let run = 0; run < runs; run++) {
    const depths = Array.from({ length: 8 }, (_, i) => ({ atMs: i, depth: run === spike && i === 3 ? 100 : 8 - i }));
    measurement.add(runOf(depths, run), run * 8);
  }
  const endMs = runs * 8;
  const { queueDepth, batchSizeHistory } = reportOf(measurement, endMs);
  const { samples, max, mean } = queueDepth!;
  expect(samples.length).toBeLessThanOrEqual(MOST_POINTS);
  expect(samples.length).toBeGreaterThan(MOST_POINTS / 4);
  expect(batchSizeHistory!.length).toBeLessThanOrEqual(MOST_POINTS);
  expect(max).toBe(100);
  expect(mean).toBeCloseTo((runs * 36 - 5 + 100) / endMs, 2);
  const firstHalf = samples.filter(({ atMs }) => atMs < endMs / 2).length;
  expect(firstHalf / samples.length).toBeCloseTo(0.5, 1);
  const history = batchSizeHistory!.map(({ vectorsPerSecond }) => vectorsPerSecond);
  expect(history.filter((run) => run < runs / 2).length / history.length).toBeCloseTo(0.5, 1);
});

test('one run of very many batches is bounded too', () => {
  const measurement = new StreamMeasurement();
  const depths = Array.from({ length: 300_000 }, (_, i) => ({ atMs: i, depth: 300_000 - i }));
  measurement.add(runOf(depths), 0);
  const { samples, max, mean } = reportOf(measurement, 300_000).queueDepth!;
  expect(samples.length).toBeLessThanOrEqual(MOST_POINTS);
  expect(max).toBe(300_000);
  expect(Math.abs(mean / 150_000.5 - 1)).toBeLessThan(1e-3);
});

test('a long stream keeps whole chunks, and curves that rise to the end', () => {
  const measurement = new StreamMeasurement();
  const chunks = 10_001;
  const depths = [0, 1, 2].map((atMs) => ({ atMs, depth: 0 }));
  for (let chunk = 0; chunk < chunks; chunk++) measurement.add(runOf(depths), 10 * chunk);
  const { batches, completed } = reportOf(measurement, 10 * chunks);
  expect(batches.length).toBeGreaterThan(90);
  expect(batches.length).toBeLessThanOrEqual(192);
  for (let i = 0; i < batches.length; i += 3) {
    const atMs = batches[i]!.claimedAtMs;
    expect(atMs % 10).toBe(0);
    expect([batches[i + 1]!.claimedAtMs, batches[i + 2]!.claimedAtMs]).toEqual([atMs + 1, atMs + 2]);
  }
  expect(completed.length).toBeLessThanOrEqual(MOST_POINTS + 1);
  expect(completed.at(-1)).toEqual({ atMs: 10 * (chunks - 1) + 3, vectors: 27 * chunks });
  for (let i = 1; i < completed.length; i++) {
    expect(completed[i]!.vectors).toBeGreaterThan(completed[i - 1]!.vectors);
    expect(completed[i]!.atMs).toBeGreaterThan(completed[i - 1]!.atMs);
  }
});
