import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExponentialHistogram } from '../../src/monitoring/exponential-histogram.js';
import { runsOf } from '../seed.js';
import { durationMs, nearestRank } from './durations.js';

const runs = runsOf(2000);
const bound = 2 ** (1 / 64) - 1 + 1e-12;

/** From the smallest subnormal to the top of the domain. */
const anyValue = fc.double({ min: 0, max: 2 ** 1000, noNaN: true });

function histogramOf(values: readonly number[]): ExponentialHistogram {
  const histogram = new ExponentialHistogram();
  for (const value of values) histogram.record(value, 1);
  return histogram;
}

test('percentiles are within 1.1 % of the nearest rank, at any magnitude', () => {
  const values = fc.array(
    fc.oneof(
      durationMs,
      anyValue.filter((value) => value === 0 || value > 1e-300),
    ),
    {
      minLength: 1,
      maxLength: 80,
    },
  );
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 100, noNaN: true }), (samples, percent) => {
      const exact = nearestRank(samples, percent);
      const found = histogramOf(samples).percentile(percent);
      if (exact === 0) expect(found).toBe(0);
      else expect(Math.abs(found / exact - 1)).toBeLessThanOrEqual(bound);
    }),
    runs,
  );
});

test('percentiles use the nearest rank', () => {
  const histogram = histogramOf([1, 10, 100, 1000]);
  const about = (percent: number) => 10 ** Math.round(Math.log10(histogram.percentile(percent)));
  expect([0, 25, 25.01, 50, 75, 75.01, 100].map(about)).toEqual([1, 1, 10, 10, 100, 1000, 1000]);
});

test('an empty histogram has percentile 0', () => {
  expect(new ExponentialHistogram().percentile(50)).toBe(0);
});

test('zeros are counted by themselves and come first', () => {
  const histogram = new ExponentialHistogram();
  histogram.record(0, 3);
  histogram.record(8, 1);
  expect(histogram.percentile(75)).toBe(0);
  expect(histogram.percentile(76)).toBeCloseTo(8, 0);
  expect(histogram.snapshot()).toEqual({ zeros: 3, buckets: [{ bucket: 95, count: 1 }] });
});

test('a bucket holds its upper bound and not its lower one', () => {
  const buckets = histogramOf([1, 1 + 2 ** -30, 2, 2 + 2 ** -30]).snapshot().buckets;
  expect(buckets.map(({ bucket }) => bucket)).toEqual([-1, 0, 31, 32]);
});

test('every power of two lies in the last bucket of the octave below it', () => {
  for (let exponent = -1074; exponent <= 1000; exponent++) {
    const { buckets } = histogramOf([2 ** exponent]).snapshot();
    expect(buckets).toEqual([{ bucket: 32 * exponent - 1, count: 1 }]);
  }
});

test('a value recorded n times equals n records of it', () => {
  fc.assert(
    fc.property(durationMs, fc.integer({ min: 1, max: 40 }), (value, count) => {
      const weighted = new ExponentialHistogram();
      weighted.record(value, count);
      const repeated = histogramOf(Array.from({ length: count }, () => value));
      expect(weighted.snapshot()).toEqual(repeated.snapshot());
      expect(weighted.count).toBe(count);
    }),
    runs,
  );
});

test('merging is exact, associative and commutative', () => {
  const samples = fc.array(fc.oneof(durationMs, fc.constant(0), fc.constant(2 ** -70)), { maxLength: 30 });
  fc.assert(
    fc.property(samples, samples, samples, (a, b, c) => {
      const all = histogramOf([...a, ...b, ...c]);
      const left = histogramOf(a);
      left.merge(histogramOf(b));
      left.merge(histogramOf(c));
      const inner = histogramOf(c);
      inner.merge(histogramOf(b));
      const right = histogramOf(a);
      right.merge(inner);
      expect(left.snapshot()).toEqual(all.snapshot());
      expect(right.snapshot()).toEqual(all.snapshot());
      expect([left.count, right.count]).toEqual([all.count, all.count]);
    }),
    runsOf(1000),
  );
});

test('merging leaves the other histogram as it was', () => {
  const other = histogramOf([1, 2, 3]);
  const before = other.snapshot();
  const histogram = histogramOf([5]);
  histogram.merge(other);
  histogram.record(2, 4);
  expect(other.snapshot()).toEqual(before);
});
