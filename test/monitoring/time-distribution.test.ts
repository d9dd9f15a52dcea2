import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { runsOf } from '../seed.js';
import { durationMs, nearestRank, trueStdDev, trueSum } from './durations.js';

const runs = runsOf(1500);

function distributionOf(durations: readonly number[]): TimeDistribution {
  const distribution = new TimeDistribution();
  for (const ms of durations) distribution.record(ms);
  return distribution;
}

test('an empty distribution is all zeros', () => {
  expect(new TimeDistribution().summary()).toEqual({
    count: 0,
    meanMs: 0,
    p50Ms: 0,
    p95Ms: 0,
    p99Ms: 0,
    minMs: 0,
    maxMs: 0,
    stdDevMs: 0,
  });
});

test('count, sum, mean, extremes and standard deviation are those of the samples', () => {
  fc.assert(
    fc.property(fc.array(durationMs, { minLength: 1, maxLength: 60 }), (samples) => {
      const distribution = distributionOf(samples);
      const [min, max] = [Math.min(...samples), Math.max(...samples)];
      expect(distribution.count).toBe(samples.length);
      expect(distribution.sumMs).toBe(trueSum(samples));
      expect(distribution.minMs).toBe(min);
      expect(distribution.maxMs).toBe(max);
      expect(distribution.meanMs).toBe(Math.min(Math.max(trueSum(samples) / samples.length, min), max));
      const stdDev = trueStdDev(samples);
      expect(Math.abs(distribution.stdDevMs - stdDev)).toBeLessThanOrEqual(stdDev * 1e-15);
    }),
    runs,
  );
});

test('percentiles are within 2 % of the nearest rank and never beyond the extremes', () => {
  fc.assert(
    fc.property(fc.array(durationMs, { minLength: 1, maxLength: 60 }), (samples) => {
      const distribution = distributionOf(samples);
      const { p50Ms, p95Ms, p99Ms } = distribution.summary();
      for (const [percent, found] of [[50, p50Ms] as const, [95, p95Ms] as const, [99, p99Ms] as const]) {
        const exact = nearestRank(samples, percent);
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.02);
        expect(found).toBeGreaterThanOrEqual(distribution.minMs);
        expect(found).toBeLessThanOrEqual(distribution.maxMs);
      }
    }),
    runs,
  );
});

test('equal samples have their value as mean and percentiles, and no deviation', () => {
  fc.assert(
    fc.property(durationMs, fc.integer({ min: 1, max: 1e6 }), (ms, count) => {
      const distribution = new TimeDistribution();
      distribution.record(ms, count);
      expect(distribution.summary()).toEqual({
        count,
        meanMs: ms,
        p50Ms: ms,
        p95Ms: ms,
        p99Ms: ms,
        minMs: ms,
        maxMs: ms,
        stdDevMs: 0,
      });
    }),
    runs,
  );
});

test('a small deviation around a large mean is not lost', () => {
  expect(distributionOf([1e9, 1e9 + 2e-6]).stdDevMs).toBeCloseTo(1e-6, 7);
});

test('a duration recorded n times equals n records of it', () => {
  fc.assert(
    fc.property(durationMs, fc.integer({ min: 1, max: 30 }), durationMs, (ms, count, other) => {
      const weighted = distributionOf([other]);
      weighted.record(ms, count);
      const repeated = distributionOf([other, ...Array.from({ length: count }, () => ms)]);
      expect(weighted.summary()).toEqual(repeated.summary());
      expect(weighted.sumMs).toBe(repeated.sumMs);
    }),
    runs,
  );
});

describe('groups', () => {
  const group = fc.record({ elapsedMs: durationMs, count: fc.integer({ min: 1, max: 1000 }) });

  function distributionOfGroups(groups: readonly { elapsedMs: number; count: number }[]): TimeDistribution {
    const distribution = new TimeDistribution();
    for (const { elapsedMs, count } of groups) distribution.recordGroup(elapsedMs, count);
    return distribution;
  }

  test('a group adds its elapsed time to the sum and its mean to everything else', () => {
    const distribution = distributionOfGroups([
      { elapsedMs: 6, count: 3 },
      { elapsedMs: 4, count: 1 },
    ]);
    expect(distribution.sumMs).toBe(10);
    expect(distribution.count).toBe(4);
    expect(distribution.minMs).toBe(2);
    expect(distribution.maxMs).toBe(4);
    expect(distribution.meanMs).toBe(2.5);
    expect(distribution.stdDevMs).toBe(Math.sqrt(0.75));
  });

  test('the sum is that of the elapsed times, exactly', () => {
    fc.assert(
      fc.property(fc.array(group, { maxLength: 40 }), (groups) => {
        expect(distributionOfGroups(groups).sumMs).toBe(trueSum(groups.map(({ elapsedMs }) => elapsedMs)));
      }),
      runs,
    );
  });

  test('one group has no deviation, whatever does not divide evenly', () => {
    fc.assert(
      fc.property(group, ({ elapsedMs, count }) => {
        const distribution = distributionOfGroups([{ elapsedMs, count }]);
        expect(distribution.stdDevMs).toBeLessThanOrEqual(elapsedMs * 1e-14);
        expect(distribution.meanMs).toBe(elapsedMs / count);
      }),
      runs,
    );
  });

  test('a group of none adds nothing', () => {
    const distribution = new TimeDistribution();
    distribution.recordGroup(5, 0);
    distribution.record(5, 0);
    expect(distribution.summary()).toEqual(new TimeDistribution().summary());
  });

  test('splitting groups over threads in any way and order changes no bit', () => {
    const assigned = fc.array(fc.tuple(group, fc.nat({ max: 7 })), { maxLength: 60 });
    fc.assert(
      fc.property(assigned, (groups) => {
        const threads = Array.from({ length: 8 }, () => new TimeDistribution());
        for (const [{ elapsedMs, count }, thread] of groups) threads[thread]!.recordGroup(elapsedMs, count);
        const all = distributionOfGroups(groups.map(([one]) => one).reverse());
        const merged = new TimeDistribution();
        for (const thread of threads) merged.merge(thread);
        const mergedBackwards = new TimeDistribution();
        for (const thread of [...threads].reverse()) mergedBackwards.merge(thread);
        expect(merged.summary()).toEqual(all.summary());
        expect(mergedBackwards.summary()).toEqual(all.summary());
        expect(merged.sumMs).toBe(all.sumMs);
      }),
      runs,
    );
  });

  test('sums of times on a grid of 2^-20 ms add up in plain arithmetic as well', () => {
    const onGrid = fc.tuple(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 7 }));
    fc.assert(
      fc.property(fc.array(onGrid, { maxLength: 60 }), (groups) => {
        const threads = Array.from({ length: 8 }, () => new TimeDistribution());
        const all = new TimeDistribution();
        for (const [ticks, thread] of groups) {
          threads[thread]!.recordGroup(ticks * 2 ** -20, 16);
          all.recordGroup(ticks * 2 ** -20, 16);
        }
        expect(threads.reduce((sum, { sumMs }) => sum + sumMs, 0)).toBe(all.sumMs);
      }),
      runs,
    );
  });
});

describe('refusals', () => {
  const refused = [Number.NaN, -1, -Number.MIN_VALUE, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53];

  test.each(refused)('a duration of %d is refused by its value and not recorded', (ms) => {
    const distribution = new TimeDistribution();
    const error = expect.objectContaining({
      code: 'InvalidConfiguration',
      message: expect.stringContaining(`got ${ms}`),
    });
    expect(() => distribution.record(ms)).toThrow(error);
    expect(() => distribution.recordGroup(ms, 3)).toThrow(error);
    expect(distribution.count).toBe(0);
    expect(distribution.sumMs).toBe(0);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('a count of %d is refused', (count) => {
    expect(() => new TimeDistribution().record(1, count)).toThrow(/count must be a whole number/);
    expect(() => new TimeDistribution().recordGroup(1, count)).toThrow(/count must be a whole number/);
  });

  test('the extremes of the domain are taken', () => {
    const distribution = distributionOf([-0, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER]);
    distribution.record(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 3);
    expect(distribution.minMs).toBe(0);
    expect(distribution.maxMs).toBe(Number.MAX_SAFE_INTEGER);
    expect(Number.isFinite(distribution.stdDevMs)).toBe(true);
  });
});
