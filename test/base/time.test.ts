import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TimeSlices } from '../../src/base/time.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const holdFor = (ms: number) => vi.advanceTimersByTime(ms);

test('every stride is taken once, in order, the last one shorter', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(500), fc.integer({ min: 1, max: 600 }), async (total, stride) => {
      const steps: number[][] = [];
      await new TimeSlices().forEach(total, stride, (first, last) => steps.push([first, last]));
      const expected = [];
      for (let first = 0; first < total; first += stride) expected.push([first, Math.min(first + stride, total)]);
      expect(steps).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

test('others have a turn whenever a slice is used up', async () => {
  let turns = 0;
  let running = true;
  (function turn() {
    turns++;
    if (running) setImmediate(turn);
  })();
  // Each step uses its slice up.
  await new TimeSlices().forEach(10, 1, () => holdFor(5));
  running = false;
  expect(turns).toBeGreaterThanOrEqual(10);
});

test('a new slice is not due, a used one is, and a turn begins another', async () => {
  const slices = new TimeSlices();
  expect(slices.isDue()).toBe(false);
  holdFor(5);
  expect(slices.isDue()).toBe(true);
  await slices.nextTurn();
  expect(slices.isDue()).toBe(false);
});

test('an abort ends the work at the next turn', async () => {
  const controller = new AbortController();
  const steps: number[] = [];
  const work = new TimeSlices(controller.signal).forEach(100, 1, (first) => {
    steps.push(first);
    if (first === 3) controller.abort('stop');
    holdFor(5);
  });
  await expect(work).rejects.toBe('stop');
  expect(steps).toEqual([0, 1, 2, 3]);
});
