import { expect, test } from 'vitest';
import { StreamMeasurement } from '../../src/indexing/measured-stream.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import type { QueueDepthSample } from '../../src/reporting/report-data.js';
import { type MeasuredRun, summarizeRun } from '../../src/reporting/summarize-run.js';

const PARTS = {
  enablePerThreadMonitoring: true,
  batchSizeMonitoring: true,
  queueDepthMonitoring: true,
  threadUtilizationMonitoring: true,
};
const MOST_POINTS = 8192;

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
  const { queueDepth, batchSizeHistory, rejectedCount } = reportOf(measurement, 30);
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
