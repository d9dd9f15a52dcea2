import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedPerformanceMonitor } from '../../src/monitoring/shared-performance-monitor.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { runsOf } from '../seed.js';
import { durationMs, manualClock } from './durations.js';

const group = fc.record({
  threadId: fc.nat({ max: 3 }),
  elapsedMs: durationMs,
  count: fc.integer({ min: 1, max: 64 }),
});

function timesOf(groups: readonly { elapsedMs: number; count: number }[]): TimeDistribution {
  const times = new TimeDistribution();
  for (const { elapsedMs, count } of groups) times.recordGroup(elapsedMs, count);
  return times;
}

test('totals and all other figures are those of the threads together, bit for bit, in any order', () => {
  fc.assert(
    fc.property(fc.array(group, { maxLength: 40 }), fc.array(fc.nat({ max: 3 }), { maxLength: 4 }), (groups, order) => {
      const shared = new SharedPerformanceMonitor(4, manualClock());
      for (const threadId of new Set([...order, 0, 1, 2, 3])) {
        shared.mergeThreadIndexTimes(threadId, timesOf(groups.filter((one) => one.threadId === threadId)));
      }
      const unmonitored = new SharedPerformanceMonitor(0, manualClock());
      unmonitored.mergeThreadIndexTimes(2, timesOf(groups));
      const { totalIndexes } = shared.getStats();
      expect(totalIndexes).toBe(shared.threadStats().reduce((sum, { stats }) => sum + stats.totalIndexes, 0));
      expect(totalIndexes).toBe(groups.reduce((sum, { count }) => sum + count, 0));
      expect(shared.getStats()).toEqual(unmonitored.getStats());
    }),
    runsOf(1500),
  );
});

test('what a thread records is recorded for all, of both kinds and in every form', () => {
  const clock = manualClock();
  const shared = new SharedPerformanceMonitor(2, clock);
  const [first, second] = shared.threadMonitors;
  first!.recordQueryTime(1);
  first!.recordIndexTime(2);
  second!.recordQueryTimes([3, 4]);
  second!.recordIndexTimes([5]);
  second!.timeQuery(() => {
    clock.nowMs += 9;
  });
  expect(shared.getStats()).toMatchObject({ totalQueries: 4, totalIndexes: 2, maxQueryTimeMs: 9, maxIndexTimeMs: 5 });
  expect(first!.getStats()).toMatchObject({ totalQueries: 1, totalIndexes: 1, maxQueryTimeMs: 1 });
  expect(second!.getStats()).toMatchObject({ totalQueries: 3, totalIndexes: 1, minIndexTimeMs: 5 });
});

test('what is recorded for all belongs to no thread', () => {
  const shared = new SharedPerformanceMonitor(2, manualClock());
  shared.recordQueryTime(5);
  expect(shared.getStats().totalQueries).toBe(1);
  expect(shared.threadStats().map(({ stats }) => stats.totalQueries)).toEqual([0, 0]);
});

test('thread statistics carry their thread ids', () => {
  const shared = new SharedPerformanceMonitor(3, manualClock());
  shared.mergeThreadIndexTimes(1, timesOf([{ elapsedMs: 4, count: 2 }]));
  expect(shared.threadStats().map(({ threadId, stats }) => [threadId, stats.totalIndexes])).toEqual([
    [0, 0],
    [1, 2],
    [2, 0],
  ]);
});

test('without per-thread monitoring there are no thread monitors, and all is recorded together', () => {
  const shared = new SharedPerformanceMonitor(0, manualClock());
  shared.mergeThreadIndexTimes(1, timesOf([{ elapsedMs: 4, count: 2 }]));
  expect(shared.threadMonitors).toEqual([]);
  expect(shared.threadStats()).toEqual([]);
  expect(shared.getStats()).toMatchObject({ totalIndexes: 2, avgIndexTimeMs: 2 });
});

test('resetting one monitor leaves the others', () => {
  const shared = new SharedPerformanceMonitor(2, manualClock());
  for (const threadMonitor of shared.threadMonitors) threadMonitor.recordIndexTime(3);
  shared.threadMonitors[0]!.reset();
  expect([shared.getStats().totalIndexes, ...shared.threadStats().map(({ stats }) => stats.totalIndexes)]).toEqual([
    2, 0, 1,
  ]);
  shared.reset();
  expect([shared.getStats().totalIndexes, ...shared.threadStats().map(({ stats }) => stats.totalIndexes)]).toEqual([
    0, 0, 1,
  ]);
});

test('a refused duration is recorded nowhere', () => {
  const shared = new SharedPerformanceMonitor(1, manualClock());
  expect(() => shared.threadMonitors[0]!.recordIndexTime(-1)).toThrow(/got -1/);
  expect(shared.getStats().totalIndexes).toBe(0);
});
