import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scratchBytes } from '../../src/kernel/kernel-exports.js';
import { layOutMatrix } from '../../src/memory/matrix-layout.js';

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
    { numRuns: 3000 },
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
    { numRuns: 1000 },
  );
});
