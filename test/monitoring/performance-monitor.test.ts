import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { disposeSymbol } from '../../src/base/dispose-symbol.js';
import { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { runsOf } from '../seed.js';
import { durationMs, manualClock, trueSum } from './durations.js';

const kinds = [
  {
    kind: 'query',
    record: (monitor: PerformanceMonitor, ms: number) => monitor.recordQueryTime(ms),
    recordAll: (monitor: PerformanceMonitor, ms: ArrayLike<number>) => monitor.recordQueryTimes(ms),
    time: <T>(monitor: PerformanceMonitor, fn: () => T) => monitor.timeQuery(fn),
    startTimer: (monitor: PerformanceMonitor) => monitor.startQueryTimer(),
    figures: (monitor: PerformanceMonitor) => {
      const stats = monitor.getStats();
      return {
        total: stats.totalQueries,
        avg: stats.avgQueryTimeMs,
        p50: stats.p50QueryTimeMs,
        p95: stats.p95QueryTimeMs,
        p99: stats.p99QueryTimeMs,
        min: stats.minQueryTimeMs,
        max: stats.maxQueryTimeMs,
        stdDev: stats.stdDevQueryTimeMs,
        perSecond: stats.queriesPerSecond,
        otherTotal: stats.totalIndexes,
        otherMax: stats.maxIndexTimeMs,
      };
    },
  },
  {
    kind: 'index',
    record: (monitor: PerformanceMonitor, ms: number) => monitor.recordIndexTime(ms),
    recordAll: (monitor: PerformanceMonitor, ms: ArrayLike<number>) => monitor.recordIndexTimes(ms),
    time: <T>(monitor: PerformanceMonitor, fn: () => T) => monitor.timeIndex(fn),
    startTimer: (monitor: PerformanceMonitor) => monitor.startIndexTimer(),
    figures: (monitor: PerformanceMonitor) => {
      const stats = monitor.getStats();
      return {
        total: stats.totalIndexes,
        avg: stats.avgIndexTimeMs,
        p50: stats.p50IndexTimeMs,
        p95: stats.p95IndexTimeMs,
        p99: stats.p99IndexTimeMs,
        min: stats.minIndexTimeMs,
        max: stats.maxIndexTimeMs,
        stdDev: stats.stdDevIndexTimeMs,
        perSecond: stats.indexesPerSecond,
        otherTotal: stats.totalQueries,
        otherMax: stats.maxQueryTimeMs,
      };
    },
  },
];

test('a new monitor shows zeros under every name', () => {
  expect(new PerformanceMonitor(manualClock()).getStats()).toEqual({
    totalQueries: 0,
    totalIndexes: 0,
    avgQueryTimeMs: 0,
    p50QueryTimeMs: 0,
    p95QueryTimeMs: 0,
    p99QueryTimeMs: 0,
    minQueryTimeMs: 0,
    maxQueryTimeMs: 0,
    stdDevQueryTimeMs: 0,
    avgIndexTimeMs: 0,
    p50IndexTimeMs: 0,
    p95IndexTimeMs: 0,
    p99IndexTimeMs: 0,
    minIndexTimeMs: 0,
    maxIndexTimeMs: 0,
    stdDevIndexTimeMs: 0,
    uptimeMs: 0,
    queriesPerSecond: 0,
    indexesPerSecond: 0,
  });
});

test('without a clock given, the platform clock runs', () => {
  const { uptimeMs } = new PerformanceMonitor().getStats();
  expect(uptimeMs).toBeGreaterThanOrEqual(0);
});

describe.each(kinds)('$kind times', ({ record, recordAll, time, startTimer, figures }) => {
  test('figures are those of the samples and of nothing else', () => {
    const clock = manualClock(500);
    const monitor = new PerformanceMonitor(clock);
    for (const ms of [2, 4, 4, 4, 5, 5, 7, 9]) record(monitor, ms);
    clock.nowMs = 2500;
    const found = figures(monitor);
    expect(found).toMatchObject({ total: 8, avg: 5, min: 2, max: 9, stdDev: 2, perSecond: 4 });
    expect(found).toMatchObject({ otherTotal: 0, otherMax: 0 });
    expect(found.p50 / 4).toBeCloseTo(1, 1);
    expect(found.p95 / 9).toBeCloseTo(1, 1);
    expect(found.p99 / 9).toBeCloseTo(1, 1);
  });

  test('percentiles of a hundred samples are told apart', () => {
    const monitor = new PerformanceMonitor(manualClock());
    recordAll(
      monitor,
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    const { p50, p95, p99 } = figures(monitor);
    for (const [found, exact] of [[p50, 50] as const, [p95, 95] as const, [p99, 99] as const]) {
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.02);
    }
  });

  test('a batch equals single records', () => {
    fc.assert(
      fc.property(fc.array(durationMs, { minLength: 1, maxLength: 30 }), (samples) => {
        const one = new PerformanceMonitor(manualClock());
        const many = new PerformanceMonitor(manualClock());
        for (const ms of samples) record(one, ms);
        recordAll(many, Float64Array.from(samples));
        expect(many.getStats()).toEqual(one.getStats());
        expect(figures(many).avg * samples.length).toBeCloseTo(trueSum(samples), 1);
      }),
      runsOf(1000),
    );
  });

  test('a batch with a bad duration is refused by its position, whole', () => {
    const monitor = new PerformanceMonitor(manualClock());
    expect(() => recordAll(monitor, [1, 2, Number.NaN])).toThrow(/ms\[2\] must be a duration .* got NaN/);
    expect(figures(monitor).total).toBe(0);
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('%d is refused', (ms) => {
    const monitor = new PerformanceMonitor(manualClock());
    expect(() => record(monitor, ms)).toThrow(
      expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringContaining(String(ms)) }),
    );
    expect(figures(monitor).total).toBe(0);
  });

  test('a call is timed and its value returned', () => {
    const clock = manualClock(10);
    const monitor = new PerformanceMonitor(clock);
    const value = time(monitor, () => {
      clock.nowMs += 3;
      return 'value';
    });
    expect(value).toBe('value');
    expect(figures(monitor)).toMatchObject({ total: 1, max: 3, otherTotal: 0 });
  });

  test('a promise is timed until it is fulfilled', async () => {
    const clock = manualClock();
    const monitor = new PerformanceMonitor(clock);
    const promise = time(monitor, async () => {
      await Promise.resolve();
      clock.nowMs += 7;
      return 5;
    });
    expect(figures(monitor).total).toBe(0);
    expect(await promise).toBe(5);
    expect(figures(monitor)).toMatchObject({ total: 1, max: 7 });
  });

  test('a call that throws or rejects is not recorded, and its error passes through', async () => {
    const monitor = new PerformanceMonitor(manualClock());
    const error = new Error('no');
    expect(() =>
      time(monitor, () => {
        throw error;
      }),
    ).toThrow(error);
    await expect(time(monitor, () => Promise.reject(error))).rejects.toBe(error);
    expect(figures(monitor).total).toBe(0);
  });

  test('a timer records once, at stop', () => {
    const clock = manualClock(100);
    const monitor = new PerformanceMonitor(clock);
    const timer = startTimer(monitor);
    clock.nowMs += 12;
    expect(figures(monitor).total).toBe(0);
    expect(timer.stop()).toBe(12);
    clock.nowMs += 50;
    expect(timer.stop()).toBe(12);
    timer[disposeSymbol]();
    expect(figures(monitor)).toMatchObject({ total: 1, max: 12, otherTotal: 0 });
  });

  test('a timer records at the end of its block', () => {
    const clock = manualClock();
    const monitor = new PerformanceMonitor(clock);
    {
      using _timer = startTimer(monitor);
      clock.nowMs += 4;
    }
    expect(figures(monitor)).toMatchObject({ total: 1, max: 4 });
  });

  test('a clock set back gives 0, not a negative time', () => {
    const clock = manualClock(100);
    const monitor = new PerformanceMonitor(clock);
    const timer = startTimer(monitor);
    clock.nowMs = 40;
    expect(timer.stop()).toBe(0);
    expect(figures(monitor)).toMatchObject({ total: 1, perSecond: 0 });
    expect(monitor.getStats().uptimeMs).toBe(0);
  });

  test('reset forgets the samples and starts the uptime anew', () => {
    const clock = manualClock();
    const monitor = new PerformanceMonitor(clock);
    record(monitor, 5);
    clock.nowMs = 1000;
    monitor.reset();
    expect(monitor.getStats()).toEqual(new PerformanceMonitor(manualClock()).getStats());
    record(monitor, 1);
    clock.nowMs = 1500;
    expect(monitor.getStats().uptimeMs).toBe(500);
    expect(figures(monitor)).toMatchObject({ total: 1, max: 1, perSecond: 2 });
  });
});

test('the types of timed calls are kept', () => {
  const monitor = new PerformanceMonitor();
  expectTypeOf(monitor.timeQuery(() => 1)).toEqualTypeOf<number>();
  expectTypeOf(monitor.timeIndex(async () => 'a')).toEqualTypeOf<Promise<string>>();
});

test('merged distributions count as index times', () => {
  const monitor = new PerformanceMonitor(manualClock());
  const times = new TimeDistribution();
  times.recordGroup(8, 4);
  monitor.recordIndexTime(6);
  monitor.mergeIndexTimes(times);
  expect(monitor.getStats()).toMatchObject({
    totalIndexes: 5,
    avgIndexTimeMs: 2.8,
    minIndexTimeMs: 2,
    totalQueries: 0,
  });
});
