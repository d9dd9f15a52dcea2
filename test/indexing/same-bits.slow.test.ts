/**
 * The same input gives the same bits, whatever the threads, the batches, the kind of source or what memory held before.
 */
import fc from 'fast-check';
import { MonitoredParallelIndexer, type VectorSource } from 'simdex';
import { afterAll, expect, test } from 'vitest';
import { casesOf, seedOfTheDay } from '../seed.js';
import { differencesFrom } from './reference.js';
import { bitsOf, inSharedMemory, randomMatrix, rowsOf } from './support.js';

const indexers = Array.from({ length: 8 }, (_, i) => new MonitoredParallelIndexer(i + 1));
afterAll(() => Promise.all(indexers.map((indexer) => indexer.dispose())));

const component = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }),
  fc.constantFrom(0, -0, 1, -1, 1e38, -1e38, 1e-40, -1e-40, 2 ** -149, 3.4e38),
);
const order = fc.constantFrom('sorted' as const, 'original' as const);
const batchSize = fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined });
const seed = fc.integer();
const options = { onInvalid: 'skip' as const };

/** 50 vectors or more for each thread, so that the threads do the work. */
const count = (threads: number) => 50 * threads;

/** Some rows of the given components in between many random ones, ragged or not. */
function vectorsFor(threads: number, seedOfRows: number, special: number[][], dims: number): Float32Array[] {
  const rows = rowsOf(randomMatrix(count(threads), dims, seedOfRows));
  special.forEach((row, i) => {
    rows[(i * 37) % rows.length] = Float32Array.from(row);
  });
  return rows;
}

const dims = fc.integer({ min: 1, max: 33 });
const special = fc.array(fc.array(component, { maxLength: 40 }), { maxLength: 8 });
const threads = fc.integer({ min: 2, max: 8 });

async function bitsOfRun(indexer: MonitoredParallelIndexer, vectors: VectorSource, more: object) {
  const result = await indexer.indexVectorsMonitored(vectors, { ...options, ...more });
  const bits = bitsOf(result);
  result.dispose();
  return bits;
}

test('1 to 8 threads and any batch size give the same bits', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(threads, seed, special, dims, order, batchSize, async (n, rowSeed, extra, width, sorted, size) => {
      const vectors = vectorsFor(n, rowSeed, extra, width);
      const alone = await bitsOfRun(indexers[0]!, vectors, { order: sorted, batchSize: vectors.length });
      expect(await bitsOfRun(indexers[n - 1]!, vectors, { order: sorted, batchSize: size })).toEqual(alone);
    }),
    { numRuns: casesOf('same-bits', 1000), seed: seedOfTheDay },
  );
});

test('ragged rows in any order are what each is alone', { timeout: 600_000 }, async () => {
  const rows = fc.array(fc.array(component, { maxLength: 20 }), { minLength: 1, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(rows, order, batchSize, async (ragged, sorted, size) => {
      const vectors = ragged.map((row) => Float32Array.from(row));
      const result = await indexers[1]!.indexVectorsMonitored(vectors, { ...options, order: sorted, batchSize: size });
      expect(differencesFrom(vectors, result)).toEqual([]);
      const together = bitsOf(result);
      const one = ragged.length - 1;
      expect(await bitsOfRun(indexers[0]!, [vectors[one]!], { order: sorted })).toEqual([together[one]]);
      expect(await bitsOfRun(indexers[1]!, [...ragged].reverse(), { order: sorted })).toEqual(together.reverse());
      result.dispose();
    }),
    { numRuns: casesOf('same-bits', 1000), seed: seedOfTheDay },
  );
});

test('what the memory held before changes nothing, scratch included', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(threads, seed, special, dims, order, seed, async (n, rowSeed, extra, width, sorted, garbage) => {
      const indexer = indexers[n - 1]!;
      const rows = vectorsFor(
        n,
        rowSeed,
        extra.map((row) => Array.from({ length: width }, (_, i) => row[i] ?? 1)),
        width,
      );
      const data = Float32Array.from(rows.flatMap((row) => [...row]));
      const expected = await bitsOfRun(indexer, { data, dims: width }, { order: sorted });
      const into = indexer.allocate(rows.length, width);
      const everything = new Uint32Array(into.data.buffer);
      for (let i = 0; i < everything.length; i++) everything[i] = Math.imul(i + 1, garbage | 1);
      const first = await indexer.indexVectorsMonitored(rows, { ...options, order: sorted, into });
      expect(bitsOf(first)).toEqual(expected);
      // Again on the same memory, then as its own source.
      expect(bitsOf(await indexer.indexVectorsMonitored(rows, { ...options, order: sorted, into }))).toEqual(expected);
      into.data.set(data);
      expect(await bitsOfRun(indexer, into, { order: sorted, inPlace: true })).toEqual(expected);
      into.dispose();
    }),
    { numRuns: casesOf('same-bits', 1000), seed: seedOfTheDay },
  );
});

test('every kind of source gives the same bits and is left as it was', { timeout: 600_000 }, async () => {
  const kind = fc.integer({ min: 0, max: 6 });
  await fc.assert(
    fc.asyncProperty(
      threads,
      seed,
      dims,
      order,
      fc.nat(40),
      kind,
      async (n, rowSeed, width, sorted, padding, which) => {
        const indexer = indexers[n - 1]!;
        const matrix = randomMatrix(count(n), width, rowSeed);
        const before = matrix.data.slice();
        const expected = await bitsOfRun(indexer, matrix, { order: sorted });
        const padded = new Float32Array(padding + before.length + 3);
        padded.set(before, padding);
        const shared = inSharedMemory(matrix, padding);
        const view = (i: number) => shared.data.subarray(i * width, (i + 1) * width);
        const allocated = indexer.allocate(count(n), width);
        allocated.data.set(before);
        const sources: VectorSource[] = [
          rowsOf(matrix),
          rowsOf(matrix).map((row) => [...row]),
          { data: padded.subarray(padding, padding + before.length), dims: width },
          shared,
          rowsOf(matrix).map((_, i) => view(i)),
          rowsOf(matrix).map((row, i) => (i % 2 ? row : view(i))),
          allocated,
        ];
        expect(await bitsOfRun(indexer, sources[which]!, { order: sorted })).toEqual(expected);
        for (const { data } of [matrix, shared, allocated]) expect(isSame(data, before)).toBe(true);
        allocated.dispose();
      },
    ),
    { numRuns: casesOf('same-bits', 1000), seed: seedOfTheDay },
  );
});

function isSame(data: Float32Array, expected: Float32Array): boolean {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(Buffer.from(expected.buffer));
}
