import fc from 'fast-check';
import { expect, test } from 'vitest';
import { threadBalance } from '../../src/reporting/thread-balance.js';
import { runsOf } from '../seed.js';

const silent = { efficiency: 1, timeRatio: 1 };

test('ratios are of the shortest and the longest thread time', () => {
  expect(threadBalance([30, 10, 40, 20], 0)).toEqual({ efficiency: 0.25, timeRatio: 4 });
});

test('one thread is balanced', () => {
  expect(threadBalance([7], 0)).toEqual(silent);
});

test('no thread, or none that worked, is balanced', () => {
  expect(threadBalance([], 0)).toEqual(silent);
  expect(threadBalance([0, 0], 0)).toEqual(silent);
  expect(threadBalance([0, 0], 0.001)).toEqual(silent);
});

test('an idle thread beside busy ones makes efficiency 0 and the ratio 1', () => {
  expect(threadBalance([0, 50], 0.001)).toEqual({ efficiency: 0, timeRatio: 1 });
});

test('below 20 clock ticks nothing is said', () => {
  expect(threadBalance([0.5, 2 - 2 ** -52], 0.1)).toEqual(silent);
  expect(threadBalance([0.5, 2], 0.1)).toEqual({ efficiency: 0.25, timeRatio: 4 });
  expect(threadBalance([0.5, 2.1], 0.1).efficiency).toBeLessThan(1);
});

test('efficiency is a ratio of 0 to 1 and the time ratio at least 1, whatever the times', () => {
  const times = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { maxLength: 8 });
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (threadTimesMs, clockTickMs) => {
      const { efficiency, timeRatio } = threadBalance(threadTimesMs, clockTickMs);
      expect(efficiency >= 0 && efficiency <= 1 && timeRatio >= 1).toBe(true);
    }),
    runsOf(2000),
  );
});
