import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ProgressUpdate } from '../../src/monitoring/monitor-update.js';
import { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';
import { RealTimeMonitor } from '../../src/monitoring/real-time-monitor.js';
import { SmallRuns } from '../../src/monitoring/small-runs.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { SimulatedRun } from './simulated-run.js';

// The clock is that of the simulated timers.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function watching(thresholds = {}) {
  const monitor = new PerformanceMonitor();
  const realTime = new RealTimeMonitor<string>(monitor, { thresholds });
  const progress: ProgressUpdate[] = [];
  const indexed: number[] = [];
  const rules: string[] = [];
  realTime.on('progress', (update) => progress.push(update));
  realTime.on('metric', ({ stats }) => indexed.push(stats.totalIndexes));
  realTime.on('alert', ({ rule, state }) => rules.push(`${rule} ${state}`));
  const call = (vectors: number, elapsedMs: number, rejected = 0) => {
    const times = new TimeDistribution();
    times.recordGroup(elapsedMs, vectors);
    monitor.mergeIndexTimes(times);
    realTime.recordSmallRun(vectors, rejected, performance.now(), elapsedMs);
  };
  return { monitor, realTime, progress, indexed, rules, call };
}

test('the small runs of a window are one progress, whose number is that of the last', async () => {
  const { realTime, progress, call } = watching();
  realTime.start();
  call(3, 2);
  await pass(8);
  call(4, 2, 1);
  await pass(92);
  expect(progress).toEqual([
    {
      type: 'progress',
      run: 2,
      last: true,
      processed: 8,
      total: 8,
      percent: 100,
      vectorsPerSecond: 800,
      etaMs: 0,
      queueDepth: 0,
      threads: [{ threadId: 0, processed: 8, utilization: 0.4 }],
    },
  ]);
  await pass(300);
  expect(progress).toHaveLength(1);
  call(1, 1);
  realTime.stop();
  expect(progress[1]).toMatchObject({ run: 3, processed: 1 });
});

test('small runs before the start and after the stop are in no window, but have their numbers', async () => {
  const { realTime, progress, call } = watching();
  call(5, 1);
  realTime.start();
  call(6, 1);
  await pass(100);
  realTime.stop();
  call(7, 1);
  realTime.start();
  await pass(100);
  call(8, 1);
  realTime.stop();
  expect(progress.map(({ run, processed }) => [run, processed])).toEqual([
    [2, 6],
    [4, 8],
  ]);
});

test('a large run beside small ones has its own number, and both are told', async () => {
  const { monitor, realTime, progress, call } = watching();
  realTime.start();
  call(1, 1);
  const run = new SimulatedRun(monitor, 100);
  const number = realTime.beginRun(run);
  call(2, 1);
  run.advance(50);
  await pass(100);
  run.advance(50);
  await run.takeIn();
  realTime.endRun(number);
  realTime.stop();
  expect(progress.map((update) => [update.run, update.processed, update.last])).toEqual([
    [3, 3, true],
    [2, 50, false],
    [2, 100, true],
  ]);
});

test('whatever the calls, progress and windows add up to the monitors, and run numbers never go back', async () => {
  const calls = fc.array(
    fc.record({
      vectors: fc.integer({ min: 0, max: 60 }),
      rejected: fc.integer({ min: 0, max: 5 }),
      // No clock is finer than a nanosecond.
      elapsedMs: fc.integer({ min: 0, max: 250_000 }).map((ns) => ns / 1e6),
      thenMs: fc.integer({ min: 0, max: 150 }),
    }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(calls, async (made) => {
      const { monitor, realTime, progress, indexed, call } = watching();
      realTime.start();
      for (const { vectors, rejected, elapsedMs, thenMs } of made) {
        call(vectors, elapsedMs, rejected);
        await pass(thenMs);
      }
      realTime.stop();
      const handled = sum(made.map(({ vectors, rejected }) => vectors + rejected));
      expect(sum(progress.map(({ processed }) => processed))).toBe(handled);
      expect(sum(indexed)).toBe(monitor.getStats().totalIndexes);
      expect(sum(indexed)).toBe(sum(made.map(({ vectors }) => vectors)));
      const numbers = progress.map(({ run }) => run);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(numbers.at(-1) ?? 0).toBe(made.length);
      for (const { percent, vectorsPerSecond, threads } of progress) {
        expect([percent, threads[0]!.utilization <= 1, Number.isFinite(vectorsPerSecond)]).toEqual([100, true, true]);
      }
    }),
    { numRuns: 60 },
  );
});

test('the rate is that from the first start to the last end; without time there is none', () => {
  const small = new SmallRuns();
  small.add(10, 5, 0, true);
  expect(small.take()!.progress.vectorsPerSecond).toBe(0);
  small.add(10, 20, 10, true);
  small.add(10, 10, 5, false);
  expect(small.take()).toMatchObject({ progress: { vectorsPerSecond: 1000 }, busyMs: 15, timesResolved: false });
  expect(small.take()).toBeUndefined();
});
