import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExactSum } from '../../src/monitoring/exact-sum.js';
import { runsOf } from '../seed.js';
import { durationMs, toUnits, trueSum } from './durations.js';

const runs = runsOf(2000);

function sumOf(terms: readonly number[]): ExactSum {
  const sum = new ExactSum();
  for (const term of terms) sum.add(term);
  return sum;
}

test('an empty sum is 0', () => {
  expect(new ExactSum().value).toBe(0);
});

test('a sum is the true sum rounded once', () => {
  fc.assert(
    fc.property(fc.array(durationMs, { maxLength: 60 }), (terms) => {
      expect(sumOf(terms).value).toBe(trueSum(terms));
    }),
    runs,
  );
});

test('a sum is rounded to nearest, ties to even, with regard to the parts far below', () => {
  expect(sumOf([1, 2 ** -53]).value).toBe(1);
  expect(sumOf([1, 2 ** -53, 2 ** -200]).value).toBe(1 + 2 ** -52);
  expect(sumOf([1 + 2 ** -52, 2 ** -53, -(2 ** -200)]).value).toBe(1 + 2 ** -52);
  expect(sumOf([1e16, 1, -1e16]).value).toBe(1);
});

test('terms that cancel leave nothing', () => {
  fc.assert(
    fc.property(fc.array(durationMs, { maxLength: 30 }), (terms) => {
      expect(sumOf([...terms, ...terms.map((term) => -term)]).value).toBe(0);
    }),
    runs,
  );
});

test('products and squares are added unrounded', () => {
  fc.assert(
    fc.property(durationMs, fc.integer({ min: 0, max: 2 ** 40 }), (ms, count) => {
      const product = new ExactSum();
      product.addProduct(ms, count);
      expect(product.value).toBe(Number(toUnits(ms) * BigInt(count)) / 2 ** 60);
      const square = new ExactSum();
      square.addSquare(ms, count);
      expect(square.value).toBe(Number(toUnits(ms) ** 2n * BigInt(count)) / 2 ** 120);
    }),
    runs,
  );
});

test('a square over a count is right far beyond float64', () => {
  fc.assert(
    fc.property(durationMs, fc.integer({ min: 1, max: 1e6 }), (ms, count) => {
      const quotient = new ExactSum();
      quotient.addSquareOver(ms, count);
      const error = ExactSum.spread(count, quotient, sumOf([ms]));
      expect(Math.abs(error)).toBeLessThanOrEqual(ms * ms * 2 ** -98);
    }),
    runs,
  );
});

test('merged sums equal the sum of all terms, in any order, bit for bit', () => {
  fc.assert(
    fc.property(fc.array(fc.array(durationMs, { maxLength: 20 }), { maxLength: 8 }), (groups) => {
      const forwards = new ExactSum();
      const backwards = new ExactSum();
      for (const group of groups) forwards.merge(sumOf(group));
      for (const group of [...groups].reverse()) backwards.merge(sumOf(group));
      expect(forwards.value).toBe(sumOf(groups.flat()).value);
      expect(backwards.value).toBe(forwards.value);
    }),
    runs,
  );
});

test('a sum merged with itself doubles', () => {
  const sum = sumOf([1, 2 ** -53]);
  sum.merge(sum);
  expect(sum.value).toBe(2);
  sum.add(-2);
  expect(sum.value).toBe(2 ** -52);
});
