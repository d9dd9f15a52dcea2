import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planBatches } from '../../src/indexing/plan.js';
import { layOutMatrix } from '../../src/memory/matrix-memory.js';
import type { BatchSample } from '../../src/reporting/report-data.js';
import { predictRun, type RecordedRun } from '../../src/reporting/what-if.js';
import { runsOf } from '../seed.js';

/** Times in 1/1024 ms, so that sums of them are exact. */
const tick = (most: number) => fc.integer({ min: 0, max: most * 1024 }).map((ticks) => ticks / 1024);

interface Given {
  readonly startsMs: readonly number[];
  readonly claimMs: number;
  readonly batches: readonly { readonly vectors: number; readonly dims: number; readonly busyMs: number }[];
  readonly copyMs: number;
  readonly copyStartMs: number;
  readonly tailMs: number;
}

const given: fc.Arbitrary<Given> = fc.record({
  startsMs: fc.array(tick(20), { minLength: 1, maxLength: 8 }),
  claimMs: tick(1),
  batches: fc
    .array(
      fc.record({
        vectors: fc.integer({ min: 1, max: 500 }),
        dims: fc.constantFrom(8, 64, 512),
        busyMs: tick(30).map((ms) => ms + 1 / 1024),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((batches) => batches.sort((a, b) => a.dims - b.dims)),
  copyMs: tick(100),
  copyStartMs: tick(5),
  tailMs: tick(3),
});

/**
 * The records of such a run, by a clock that goes from event to event: threads take the next number from a counter, and
 * wait for the rows of their batch; the rows are copied in at an even pace.
 */
function record({ startsMs, claimMs, batches, copyMs, copyStartMs, tailMs }: Given): RecordedRun {
  const components = batches.map(({ vectors, dims }) => vectors * dims);
  const total = components.reduce((sum, count) => sum + count, 0);
  const endedAtMs = copyStartMs + copyMs;
  const readyAt = (batch: number) => {
    const done = components.slice(0, batch + 1).reduce((sum, count) => sum + count, 0);
    return copyMs > 0 ? endedAtMs - copyMs * (1 - done / total) : 0;
  };
  let counter = startsMs.length;
  const samples: BatchSample[] = [];
  /** Threads that will ask, and for which batch: their own first, -1 for the next of the counter. */
  const asking = startsMs.map((atMs, threadId) => ({ atMs, threadId, batch: threadId }));
  while (asking.length > 0) {
    asking.sort((a, b) => a.atMs - b.atMs || a.threadId - b.threadId);
    const { atMs, threadId, batch: own } = asking.shift()!;
    const batch = own >= 0 ? own : counter++;
    const work = batches[batch];
    if (!work) continue;
    const claimedAtMs = Math.max(atMs, readyAt(batch));
    const { vectors, dims, busyMs } = work;
    samples.push({ threadId, vectors, dims, rejected: 0, claimedAtMs, endedAtMs: claimedAtMs + busyMs });
    asking.push({ atMs: claimedAtMs + busyMs + claimMs, threadId, batch: -1 });
  }
  samples.sort((a, b) => a.claimedAtMs - b.claimedAtMs);
  return {
    totalTimeMs: Math.max(...samples.map((sample) => sample.endedAtMs)) + tailMs,
    threads: startsMs.length,
    batches: samples,
    copyIn: copyMs > 0 ? { bytes: 4 * total, busyMs: copyMs, endedAtMs } : undefined,
    availableThreads: 256,
    memoryBytesPerMs: undefined,
  };
}

/** Threads that start together, and rows that are there. */
const ready = given.map((all) => ({ ...all, startsMs: all.startsMs.map(() => 0), copyMs: 0 }));
const isNear = (found: number, expected: number) => Math.abs(found - expected) <= 1e-9 * Math.max(1, expected);

test('a replay with the own threads and batches takes exactly as long as the run', () => {
  fc.assert(
    fc.property(given, (schedule) => {
      const run = record({ ...schedule, copyMs: 0 });
      const replay = predictRun(run, {})!;
      expect(replay.totalTimeMs).toBe(run.totalTimeMs);
      expect(replay).toMatchObject({ threads: run.threads, batches: run.batches.length });
    }),
    runsOf(2000),
  );
});

test('also where threads wait for rows that are copied in', () => {
  fc.assert(
    fc.property(given, (schedule) => {
      const run = record(schedule);
      expect(isNear(predictRun(run, {})!.totalTimeMs, run.totalTimeMs)).toBe(true);
    }),
    runsOf(2000),
  );
});

test('also with more threads than processors, and at the limit of the memory', () => {
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 4 }), tick(1000), (schedule, availableThreads, memoryBytesPerMs) => {
      const run = { ...record(schedule), availableThreads, memoryBytesPerMs };
      expect(isNear(predictRun(run, {})!.totalTimeMs, run.totalTimeMs)).toBe(true);
    }),
    runsOf(1000),
  );
});

test('more threads are never slower while there are processors, nor faster than the work and its longest batch', () => {
  fc.assert(
    fc.property(ready, fc.integer({ min: 1, max: 16 }), (schedule, threads) => {
      const run = record({ ...schedule, claimMs: 0, tailMs: 0 });
      const busyMs = run.batches.map(({ claimedAtMs, endedAtMs }) => endedAtMs - claimedAtMs);
      const work = busyMs.reduce((sum, ms) => sum + ms, 0);
      const longest = Math.max(...busyMs);
      const { totalTimeMs } = predictRun(run, { threads })!;
      expect(predictRun(run, { threads: threads + 1 })!.totalTimeMs).toBeLessThanOrEqual(totalTimeMs);
      expect(totalTimeMs).toBeGreaterThanOrEqual(Math.max(longest, work / threads) - 1e-9);
      expect(totalTimeMs).toBeLessThanOrEqual(work / threads + longest + 1e-9);
    }),
    runsOf(1000),
  );
});

test('threads beyond the processors gain nothing', () => {
  fc.assert(
    fc.property(ready, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), (schedule, processors, more) => {
      const run = { ...record({ ...schedule, startsMs: [0], claimMs: 0 }), availableThreads: processors };
      const fewest = run.batches.reduce((sum, { claimedAtMs, endedAtMs }) => sum + endedAtMs - claimedAtMs, 0);
      const { totalTimeMs } = predictRun(run, { threads: processors + more })!;
      expect(totalTimeMs).toBeGreaterThanOrEqual(fewest / processors - 1e-9);
    }),
    runsOf(1000),
  );
});

test('where the memory gives no more, threads gain nothing', () => {
  const batches = Array.from({ length: 64 }, () => ({ vectors: 100, dims: 64, busyMs: 1 }));
  const run = record({ startsMs: [0], claimMs: 0, batches, copyMs: 0, copyStartMs: 0, tailMs: 0 });
  // One thread moves 8 × 6,400 bytes in a millisecond.
  const predicted = (memoryBytesPerMs: number, threads: number) =>
    predictRun({ ...run, memoryBytesPerMs }, { threads })!.totalTimeMs;
  expect(predicted(51_200, 4)).toBe(64);
  expect(predicted(102_400, 2)).toBe(32);
  expect(predicted(102_400, 4)).toBe(32);
  expect(predicted(1e9, 4)).toBe(16);
});

test('rows that are copied in at their pace bound what threads gain', () => {
  const batches = Array.from({ length: 16 }, () => ({ vectors: 100, dims: 64, busyMs: 8 }));
  const run = record({ startsMs: [0, 0], claimMs: 0, batches, copyMs: 60, copyStartMs: 0, tailMs: 0 });
  for (const threads of [2, 4, 8]) expect(predictRun(run, { threads })!.totalTimeMs).toBeGreaterThanOrEqual(60);
  expect(predictRun(run, { threads: 8 })!.totalTimeMs).toBeLessThanOrEqual(60 + 8);
});

test('batches of a given size are those that the plan of a run makes', () => {
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 700 }), (schedule, batchSize) => {
      const run = record(schedule);
      const rows = new Map<number, number>();
      for (const { dims, vectors } of run.batches) rows.set(dims, (rows.get(dims) ?? 0) + vectors);
      const groups = [...rows].map(([dims, count]) => ({ dims, count })).sort((a, b) => a.dims - b.dims);
      const plan = planBatches({
        groups: layOutMatrix(groups, 1).groups,
        threads: 1,
        batchSize,
        maxBatchSize: 1e9,
        nsPerVector: () => 1000,
        lanes: 4,
        clockTickNs: 0,
      });
      expect(predictRun(run, { batchSize })!.batches).toBe(plan.batches.length);
      expect(predictRun(run, { batchSize })!.batchSize).toBe(Math.max(...plan.batches.map(({ count }) => count)));
    }),
    runsOf(500),
  );
});

test('batches that are cut smaller share what one thread was busy with', () => {
  const run = record({
    startsMs: [0, 0],
    claimMs: 0,
    batches: [{ vectors: 1000, dims: 64, busyMs: 100 }],
    copyMs: 0,
    copyStartMs: 0,
    tailMs: 2,
  });
  expect(predictRun(run, {})).toMatchObject({ totalTimeMs: 102, threadEfficiency: 0, batches: 1, batchSize: 1000 });
  expect(predictRun(run, { batchSize: 250 })).toMatchObject({ totalTimeMs: 52, threadEfficiency: 1, batches: 4 });
  expect(predictRun(run, { batchSize: 250, threads: 1 })).toMatchObject({ totalTimeMs: 102, threadEfficiency: 1 });
  expect(predictRun(run, { batchSize: 250, threads: 4 })!.vectorsPerSecond).toBeCloseTo(1000 / 0.027, 6);
});

test('what costs time for every batch makes small batches slow', () => {
  const batches = Array.from({ length: 20 }, () => ({ vectors: 100, dims: 64, busyMs: 5 }));
  const run = record({ startsMs: [0], claimMs: 0.5, batches, copyMs: 0, copyStartMs: 0, tailMs: 0 });
  expect(run.totalTimeMs).toBe(20 * 5 + 19 * 0.5);
  expect(predictRun(run, { batchSize: 1 })!.totalTimeMs).toBeCloseTo(100 + 1999 * 0.5, 6);
  expect(predictRun(run, { batchSize: 2000 })!.totalTimeMs).toBeCloseTo(100, 9);
});

test('a run without batches predicts nothing, and what is no setting is refused by name', () => {
  const run = record({
    startsMs: [0],
    claimMs: 0,
    batches: [{ vectors: 1, dims: 8, busyMs: 1 }],
    copyMs: 0,
    copyStartMs: 0,
    tailMs: 0,
  });
  expect(predictRun({ ...run, batches: [] }, { threads: 2 })).toBeUndefined();
  for (const threads of [0, 257, 1.5, Number.NaN])
    expect(() => predictRun(run, { threads })).toThrow(/threads must be/);
  for (const batchSize of [0, -1, 1.5]) expect(() => predictRun(run, { batchSize })).toThrow(/batchSize must be/);
});
