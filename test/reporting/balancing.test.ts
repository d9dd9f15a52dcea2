import fc from 'fast-check';
import { expect, test } from 'vitest';
import { balancingGainMs, evenBatchSize, isWorthChange } from '../../src/reporting/balancing.js';
import type { BatchSample } from '../../src/reporting/report-data.js';
import type { RecordedRun } from '../../src/reporting/what-if.js';

const batch = (threadId: number, vectors: number, claimedAtMs: number, endedAtMs: number): BatchSample => {
  return { threadId, vectors, dims: 64, rejected: 0, claimedAtMs, endedAtMs };
};
const run = (batches: readonly BatchSample[], threads: number, totalTimeMs: number): RecordedRun => {
  return { totalTimeMs, threads, batches, copyIn: undefined, availableThreads: threads, memoryBytesPerMs: undefined };
};

test('one large and one small batch: even ones would halve the time', () => {
  expect(balancingGainMs(run([batch(0, 990, 0, 99), batch(1, 10, 0, 1)], 2, 100))).toBeCloseTo(49, 0);
});

test('nothing is to be gained by one thread, by batches that are small, or where all end together', () => {
  expect(balancingGainMs(run([batch(0, 1000, 0, 100)], 1, 100))).toBe(0);
  expect(balancingGainMs(run([], 2, 100))).toBe(0);
  const small = Array.from({ length: 40 }, (_, i) => batch(i % 2, 25, 10 * i, 10 * i + 10));
  expect(balancingGainMs(run(small, 2, 400))).toBe(0);
  expect(balancingGainMs(run([batch(0, 500, 0, 50), batch(1, 500, 0, 50)], 2, 50))).toBeCloseTo(0, 6);
});

test('never more than threads stood idle, never less than nothing', () => {
  const anyRun = fc.integer({ min: 2, max: 6 }).chain((threads) =>
    fc.tuple(
      fc.constant(threads),
      fc.array(fc.record({ threadId: fc.nat({ max: threads - 1 }), vectors: fc.integer({ min: 1, max: 500 }) }), {
        minLength: 1,
        maxLength: 20,
      }),
    ),
  );
  fc.assert(
    fc.property(anyRun, ([threads, works]) => {
      const freeAt = new Array<number>(threads).fill(0);
      const batches = works.map(({ threadId, vectors }) => {
        const claimedAtMs = freeAt[threadId]!;
        freeAt[threadId] = claimedAtMs + vectors;
        return batch(threadId, vectors, claimedAtMs, claimedAtMs + vectors);
      });
      const endMs = Math.max(...freeAt);
      const idleMs = freeAt.reduce((sum, at) => sum + endMs - at, 0) / threads;
      const gain = balancingGainMs(
        run(
          batches.sort((a, b) => a.claimedAtMs - b.claimedAtMs),
          threads,
          endMs,
        ),
      );
      expect(gain).toBeGreaterThanOrEqual(0);
      expect(gain).toBeLessThanOrEqual(idleMs + 1e-6 * endMs);
    }),
  );
});

test('a gain is worth a change from 5 % of the run and 20 ms on', () => {
  expect([isWorthChange(20, 400), isWorthChange(20, 401), isWorthChange(19.9, 20)]).toEqual([true, false, false]);
  expect([evenBatchSize(1000, 2), evenBatchSize(3, 8)]).toEqual([31, 1]);
});
