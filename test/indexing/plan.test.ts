import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PlanInput, planBatches } from '../../src/indexing/plan.js';
import type { Batch } from '../../src/memory/batch.js';
import { MAX_UNITS } from '../../src/memory/control-block.js';
import { layOutMatrix, type PlacedGroup } from '../../src/memory/matrix-memory.js';
import type { RowGroup } from '../../src/vectors/source-rows.js';
import { runsOf } from '../seed.js';

const RUNS = runsOf(2000);

/** Groups of ascending dims, as ragged or uniform sources have them. */
const groups = (most: number): fc.Arbitrary<RowGroup[]> =>
  fc
    .uniqueArray(fc.record({ dims: fc.nat(70_000), count: fc.integer({ min: 1, max: most }) }), {
      selector: ({ dims }) => dims,
      minLength: 1,
      maxLength: 12,
    })
    .map((all) => all.sort((a, b) => a.dims - b.dims));
const sizes = fc.oneof(fc.nat(300), fc.nat(20_000)).chain((most) => groups(most + 1));
const threads = fc.integer({ min: 1, max: 256 });
/** Nanoseconds per component. */
const pace = fc.double({ min: 0.001, max: 1e5, noNaN: true });

const input = (rows: readonly RowGroup[], threadCount: number, perComponent: number): PlanInput => ({
  groups: layOutMatrix(rows, threadCount).groups,
  threads: threadCount,
  batchSize: undefined,
  maxBatchSize: Math.max(50, Math.floor(totalOf(rows) / threadCount)),
  nsPerVector: (dims) => 1 + perComponent * dims,
  lanes: 4,
  clockTickNs: 40,
});

const totalOf = (rows: readonly RowGroup[]) => rows.reduce((sum, { count }) => sum + count, 0);
const explicit = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined });

/** Positions at which a batch is not where the rows before it end. */
function misplaced(groups: readonly PlacedGroup[], batches: readonly Batch[]): number[] {
  const wrong: number[] = [];
  let at = 0;
  for (const group of groups) {
    for (let row = 0; row < group.count; at++) {
      const batch = batches[at]!;
      const right =
        batch.firstRank === group.firstRank + row &&
        batch.dims === group.dims &&
        batch.rows === group.rows + 4 * row * group.dims &&
        batch.magnitudes === group.magnitudes + 4 * row &&
        batch.sliceRows > 0 &&
        batch.count > 0;
      row += batch.count;
      if (!right || row > group.count) wrong.push(at);
    }
  }
  if (at !== batches.length) wrong.push(at);
  return wrong;
}

test('batches partition the rows in order and cross no group', () => {
  fc.assert(
    fc.property(sizes, threads, pace, explicit, (rows, threadCount, perComponent, batchSize) => {
      const planned = { ...input(rows, threadCount, perComponent), batchSize };
      expect(misplaced(planned.groups, planBatches(planned).batches)).toEqual([]);
    }),
    RUNS,
  );
});

test('every thread has a batch where there are 50 vectors for each', () => {
  fc.assert(
    fc.property(sizes, threads, pace, (rows, threadCount, perComponent) => {
      const fewest = totalOf(rows) >= 50 * threadCount ? threadCount : 1;
      expect(planBatches(input(rows, threadCount, perComponent)).batches.length).toBeGreaterThanOrEqual(fewest);
    }),
    RUNS,
  );
});

test('a chosen batch has 50 rows or more where its group has, unless that would be more than the upper bound', () => {
  fc.assert(
    fc.property(sizes, threads, pace, (rows, threadCount, perComponent) => {
      const planned = input(rows, threadCount, perComponent);
      const { batches } = planBatches(planned);
      const small = batches.filter(({ dims, count }) => {
        const group = rows.find((candidate) => candidate.dims === dims)!;
        const leastParts = Math.ceil(group.count / planned.maxBatchSize);
        return count < Math.min(50, Math.floor(group.count / leastParts));
      });
      // Ragged rows may have to be cut smaller, but only as far as it takes to give every thread a batch.
      if (rows.length === 1 || batches.length > threadCount) expect(small).toEqual([]);
    }),
    RUNS,
  );
});

test('a chosen batch is predicted to take 4 ms at most, give or take a line of rows, unless it has few rows', () => {
  fc.assert(
    fc.property(sizes, threads, pace, (rows, threadCount, perComponent) => {
      const planned = input(rows, threadCount, perComponent);
      const { batches, batchSize } = planBatches(planned);
      expect(Math.max(...batches.map(({ count }) => count))).toBeLessThanOrEqual(batchSize + 15);
      // Fewer than 100 rows cannot be cut without going below 50.
      const long = batches.filter(
        ({ dims, count }) => count >= 100 && (count - 15) * planned.nsPerVector(dims) > 4.000001e6,
      );
      expect(long).toEqual([]);
    }),
    RUNS,
  );
});

test('a chosen batch exceeds the upper bound by less than a line of rows', () => {
  fc.assert(
    fc.property(sizes, threads, pace, fc.integer({ min: 10, max: 1000 }), (rows, threadCount, perComponent, most) => {
      fc.pre(totalOf(rows) / most < 60_000);
      const { batches } = planBatches({ ...input(rows, threadCount, perComponent), maxBatchSize: most });
      expect(Math.max(...batches.map(({ count }) => count))).toBeLessThanOrEqual(most + 15);
    }),
    RUNS,
  );
});

test('a slice is whole lanes of the kernel, is predicted to take 1 ms at most, and a run has few of them', () => {
  fc.assert(
    fc.property(sizes, threads, pace, fc.constantFrom(1, 4), (rows, threadCount, perComponent, lanes) => {
      const planned = { ...input(rows, threadCount, perComponent), lanes };
      const { batches } = planBatches(planned);
      const ns = rows.reduce((sum, { dims, count }) => sum + count * planned.nsPerVector(dims), 0);
      const wrong = batches.filter(({ dims, sliceRows }) => {
        const least = lanes * planned.nsPerVector(dims);
        const sliceNs = sliceRows * planned.nsPerVector(dims);
        return sliceRows % lanes !== 0 || sliceNs > Math.max(least, Math.min(1e6, Math.max(60_000, ns / 8192)));
      });
      expect(wrong).toEqual([]);
    }),
    RUNS,
  );
});

test.each([
  ['a fine clock', 40, 60_000],
  ['a clock that ticks every 5 µs', 5000, 100_000],
  ['a clock that ticks every 100 µs', 100_000, 1_000_000],
])('%s: a slice is 20 steps of it or more, within a millisecond', (_, clockTickNs, sliceNs) => {
  const { batches } = planBatches({ ...input([{ dims: 10, count: 100_000 }], 2, 1), clockTickNs });
  // 11 ns a row, in fours.
  expect(new Set(batches.map(({ sliceRows }) => sliceRows))).toEqual(new Set([Math.floor(sliceNs / 11 / 4) * 4]));
});

test('a batch size that is given is exact', () => {
  fc.assert(
    fc.property(sizes, threads, fc.integer({ min: 1, max: 3000 }), (rows, threadCount, batchSize) => {
      const least = Math.ceil(totalOf(rows) / (MAX_UNITS - rows.length));
      fc.pre(batchSize >= least);
      const plan = planBatches({ ...input(rows, threadCount, 1), batchSize });
      const counts = rows.flatMap(({ count }) =>
        Array.from({ length: Math.ceil(count / batchSize) }, (_, i) => Math.min(batchSize, count - i * batchSize)),
      );
      expect(plan.batches.map(({ count }) => count)).toEqual(counts);
      expect(plan.batchSize).toBe(batchSize);
    }),
    RUNS,
  );
});

test('there are never more than 65,536 batches, and the size used is told', () => {
  fc.assert(
    fc.property(groups(2e9), threads, pace, fc.constantFrom(undefined, 1, 2, 3), (rows, count, perComponent, size) => {
      const plan = planBatches({ ...input(rows, count, perComponent), batchSize: size });
      expect(plan.batches.length).toBeLessThanOrEqual(MAX_UNITS);
      expect(plan.batchSize).toBeGreaterThanOrEqual(Math.max(...plan.batches.map((batch) => batch.count)) - 15);
    }),
    // Each plan has up to 65,536 batches to make.
    { numRuns: 60 },
  );
});

test('46,340 distinct lengths, as many as fit 4 GiB, still make a plan', () => {
  const rows = Array.from({ length: 46_340 }, (_, dims) => ({ dims, count: 1 }));
  expect(planBatches(input(rows, 8, 1)).batches).toHaveLength(46_340);
});

test.each([
  [[99, 51], 3],
  [[99, 99, 99, 99], 7],
  [[30, 30, 40], 2],
  [[149, 1], 3],
])('groups of %j rows give each of %d threads a batch', (counts, threadCount) => {
  const rows = counts.map((count, i) => ({ dims: 8 + i, count }));
  expect(planBatches(input(rows, threadCount, 1)).batches.length).toBeGreaterThanOrEqual(threadCount);
});

test('no rows, no batches', () => {
  expect(planBatches(input([], 4, 1)).batches).toEqual([]);
});
