import fc from 'fast-check';
import { expect, test } from 'vitest';
import { calculateOptimalBatchSize } from '../../src/indexing/plan.js';
import { runsOf } from '../seed.js';

const above = (ms: number) => ms * (1 + 2 ** -52);
const below = (ms: number) => ms * (1 - 2 ** -53);

test.each([
  [1000, 4, undefined, 250],
  [1003, 4, undefined, 250],
  [196, 4, undefined, 50],
  [200, 4, undefined, 50],
  [204, 4, undefined, 51],
  [0, 4, undefined, 50],

  [1000, 4, above(100), 100],
  [396, 4, above(100), 99],
  [404, 4, above(100), 100],
  [44, 4, above(100), 11],
  [36, 4, above(100), 10],
  [0, 4, above(100), 10],

  [1000, 4, 100, 250],
  [100, 4, 100, 50],
  [100, 4, below(100), 50],
  [1000, 4, 10, 250],
  [100, 4, 10, 50],
  [204, 4, 10, 51],

  [1000, 4, below(10), 250],
  [396, 4, below(10), 100],
  [404, 4, below(10), 101],
  [396, 4, 0, 100],
])('%d vectors on %d threads at %s ms each: %d', (total, threadCount, meanIndexTimeMs, expected) => {
  expect(calculateOptimalBatchSize(total, threadCount, meanIndexTimeMs)).toBe(expected);
});

test('a batch size is a positive whole number and does not shrink as the total grows', () => {
  const mean = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined });
  fc.assert(
    fc.property(fc.nat(), fc.nat({ max: 1e6 }), fc.integer({ min: 1, max: 256 }), mean, (total, more, threads, ms) => {
      const size = calculateOptimalBatchSize(total, threads, ms);
      expect(Number.isInteger(size) && size > 0).toBe(true);
      expect(calculateOptimalBatchSize(total + more, threads, ms)).toBeGreaterThanOrEqual(size);
    }),
    runsOf(2000),
  );
});
