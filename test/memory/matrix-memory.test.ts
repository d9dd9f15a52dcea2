import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scratchBytes } from '../../src/kernel/kernel-exports.js';
import { layOutMatrices, layOutMatrix, type MatrixLayout } from '../../src/memory/matrix-memory.js';
import { runsOf } from '../seed.js';

const groups = fc.array(
  fc.record({ dims: fc.oneof(fc.nat(64), fc.nat(100_000)), count: fc.oneof(fc.nat(64), fc.nat(2 ** 31)) }),
  { maxLength: 20 },
);

test('regions start on 64-byte lines, do not overlap, and fill the memory exactly', () => {
  fc.assert(
    fc.property(groups, fc.integer({ min: 1, max: 256 }), (rows, threads) => {
      const layout = layOutMatrix(rows, threads);
      const regions = [
        ...layout.groups.map(({ rows: at, count, dims }) => ({ at, bytes: count * dims * 4 })),
        ...layout.groups.map(({ magnitudes: at, count }) => ({ at, bytes: count * 4 })),
        ...Array.from({ length: threads }, (_, thread) => ({
          at: layout.scratch + thread * layout.scratchStride,
          bytes: layout.scratchStride,
        })),
      ];
      let end = 0;
      let misplaced = 0;
      for (const { at, bytes } of regions) {
        misplaced += at % 64 === 0 && at >= end && at - end < 64 ? 0 : 1;
        end = at + bytes;
      }
      expect(misplaced).toBe(0);
      expect(layout.byteLength).toBe(end);
      expect(Number.isSafeInteger(end)).toBe(true);
    }),
    runsOf(3000),
  );
});

test('scratch is enough for the longest rows, and ranks follow one another', () => {
  fc.assert(
    fc.property(groups, fc.integer({ min: 1, max: 256 }), (rows, threads) => {
      const layout = layOutMatrix(rows, threads);
      let rank = 0;
      for (const group of layout.groups) {
        expect(group.firstRank).toBe(rank);
        expect(layout.scratchStride).toBeGreaterThanOrEqual(scratchBytes(group.dims));
        rank += group.count;
      }
      expect(layout.groups.map(({ dims, count }) => ({ dims, count }))).toEqual(rows);
    }),
    runsOf(1000),
  );
});

/** Rows and magnitudes of all matrices and the scratch of all threads, in the order in which they lie. */
function regionsOf(layouts: readonly MatrixLayout[], threads: number): { at: number; bytes: number }[] {
  const { scratch, scratchStride } = layouts[0]!;
  return [
    ...layouts.flatMap(({ groups }) => [
      ...groups.map(({ rows, count, dims }) => ({ at: rows, bytes: 4 * count * dims })),
      ...groups.map(({ magnitudes, count }) => ({ at: magnitudes, bytes: 4 * count })),
    ]),
    ...Array.from({ length: threads }, (_, thread) => ({ at: scratch + thread * scratchStride, bytes: scratchStride })),
  ];
}

test('several matrices in one memory: lines, no overlap, no gap, and one scratch for each thread', () => {
  fc.assert(
    fc.property(
      fc.array(groups, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 64 }),
      (matrices, threads) => {
        const layouts = layOutMatrices(matrices, threads);
        let end = 0;
        let misplaced = 0;
        for (const { at, bytes } of regionsOf(layouts, threads)) {
          misplaced += at % 64 === 0 && at >= end && at - end < 64 ? 0 : 1;
          end = at + bytes;
        }
        expect(misplaced).toBe(0);
        for (const [i, layout] of layouts.entries()) {
          expect(layout).toMatchObject({ byteLength: end, scratch: layouts[0]!.scratch });
          // A result is copied out from its first to its last byte: neither may be in another's.
          expect(layout.first).toBe(i === 0 ? 0 : layouts[i - 1]!.end);
          expect(layout.end).toBeLessThanOrEqual(layout.scratch);
          expect(layout.groups.map(({ dims, count }) => ({ dims, count }))).toEqual(matrices[i]);
          const inside = layout.groups.every(
            ({ rows, magnitudes, count }) => rows >= layout.first && magnitudes + 4 * count <= layout.end,
          );
          expect(inside).toBe(true);
          const longest = Math.max(0, ...matrices.flat().map(({ dims }) => scratchBytes(dims)));
          expect(layout.scratchStride).toBeGreaterThanOrEqual(longest);
        }
      },
    ),
    runsOf(1000),
  );
});
