/**
 * How long threads have work, as they are counted.
 */
import { expect, test } from 'vitest';
import { BusyTimes } from '../../src/engine/lanes/thread-lanes.js';

test('a thread is busy while it has a task, however that ends, and the others are not', async () => {
  const times = new BusyTimes(2);
  expect(times.read()).toEqual([
    { busyMs: 0, isBusy: false },
    { busyMs: 0, isBusy: false },
  ]);
  let end: (() => void) | undefined;
  const task = times.during(1, () => new Promise<string>((resolve) => (end = () => resolve('done'))));
  const began = performance.now();
  while (performance.now() - began < 2);
  const [, during] = times.read();
  expect(during!.isBusy).toBe(true);
  // What is under way counts.
  expect(during!.busyMs).toBeGreaterThanOrEqual(2);
  end!();
  expect(await task).toBe('done');
  const [other, after] = times.read();
  expect([other, after!.isBusy]).toEqual([{ busyMs: 0, isBusy: false }, false]);
  expect(after!.busyMs).toBeGreaterThanOrEqual(during!.busyMs);
  expect(times.read()[1]).toEqual(after);

  await expect(times.during(0, () => Promise.reject(new Error('it died')))).rejects.toThrow('it died');
  expect(times.read()[0]!.isBusy).toBe(false);
});
