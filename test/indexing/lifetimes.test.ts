/**
 * Results that are disposed, forgotten, or of which a part is kept: memory stays bounded and nobody sees another's data.
 */
import { expect, test } from 'vitest';
import { runChild } from './children/run-child.js';
import { differencesFrom } from './reference.js';
import { bitsOf, createIndexer, randomMatrix, randomRows } from './support.js';

// 4,096 rows of 256 components are a result of 4 MB; without reuse or collection a thousand runs would take 4 GB.
test.each([
  ['dispose', 1000, 4096],
  ['forget', 1000, 4096],
  ['subarray', 1000, 4096],
  ['into', 1000, 4096],
  ['dispose', 10_000, 3],
  ['forget', 10_000, 3],
  ['subarray', 10_000, 3],
])('results to %s, %d runs of %d rows: memory stays bounded', { timeout: 120_000 }, async (use, runs, rows) => {
  const { mostBytes, changed, totalIndexes } = await runChild('many-runs.mjs', [use, String(runs), String(rows)]);
  expect(mostBytes).toBeLessThan(500e6);
  expect(changed).toBe(0);
  expect(totalIndexes).toBe(runs * rows);
});

const sizes = [
  ['calling', 20],
  ['worker', 300],
] as const;

test.each(sizes)('after dispose every accessor of a result throws (%s thread)', async (_, count) => {
  const result = await createIndexer(2).indexVectorsMonitored(randomRows(count, 8));
  const { vectors } = result;
  const [batch] = result.batchResults;
  const iterator = vectors[Symbol.iterator]();
  result.dispose();
  result.dispose();
  const accessors = [
    () => vectors.get(0),
    () => vectors.get(-1),
    () => vectors.magnitudes,
    () => vectors.matrix,
    () => vectors.copy(),
    () => [...vectors],
    () => iterator.next(),
    () => result.batchResults,
    () => result.rejected,
    () => batch!.indexData.get(0),
    () => [...batch!.indexData.values()],
  ];
  for (const access of accessors) {
    expect(access).toThrow('Already disposed: the result was disposed; read or copy it before');
  }
});

test.each(sizes)('copies survive dispose and the next run on the same memory (%s thread)', async (_, count) => {
  const indexer = createIndexer(2);
  for (const vectors of [
    randomRows(count, 8),
    [...randomRows(count, 8), ...randomRows(count, 5), new Float32Array(3)],
  ]) {
    const result = await indexer.indexVectorsMonitored(vectors, { onInvalid: 'skip' });
    const bits = bitsOf(result);
    const copy = result.vectors.copy();
    const one = result.vectors.get(3)!.copy();
    const { normalized, magnitude } = result.vectors.get(3)!;
    const before = normalized.slice();
    result.dispose();
    const next = await indexer.indexVectorsMonitored(
      vectors.map((row) => row.map((component) => component + 2)),
      {
        onInvalid: 'skip',
      },
    );
    // A run on threads got the same memory again; a small one has arrays of its own.
    const isReused = normalized.buffer === next.vectors.get(0)!.normalized.buffer;
    expect(isReused).toBe(count > 100);
    expect(one).toMatchObject({ magnitude, originalDims: 8 });
    expect(one.normalized).toEqual(before);
    expect(one.normalized.buffer).toBeInstanceOf(ArrayBuffer);
    const copied = { ...result, vectors: copy } as unknown as typeof result;
    expect(bitsOf(copied)).toEqual(bits);
    expect(copy.magnitudes.buffer).toBeInstanceOf(ArrayBuffer);
    expect(bitsOf({ ...result, vectors: copy.copy() } as unknown as typeof result)).toEqual(bits);
    next.dispose();
  }
});

test('a disposed memory is used again, one that is held never', async () => {
  const indexer = createIndexer(2);
  const buffers = new Set<ArrayBufferLike>();
  for (let run = 0; run < 20; run++) {
    const result = await indexer.indexVectorsMonitored(randomMatrix(500, 16));
    buffers.add(result.vectors.matrix.data.buffer);
    result.dispose();
  }
  expect(buffers.size).toBe(1);
  const held = await Promise.all(Array.from({ length: 8 }, () => indexer.indexVectorsMonitored(randomMatrix(500, 16))));
  expect(new Set(held.map(({ vectors }) => vectors.matrix.data.buffer)).size).toBe(8);
});

test('using gives the memory of a result, and of a matrix, back', async () => {
  const indexer = createIndexer(2);
  const buffers = new Set<ArrayBufferLike>();
  for (let run = 0; run < 5; run++) {
    using result = await indexer.indexVectorsMonitored(randomMatrix(500, 16));
    buffers.add(result.vectors.matrix.data.buffer);
  }
  for (let run = 0; run < 5; run++) {
    using matrix = indexer.allocate(500, 16);
    buffers.add(matrix.data.buffer);
  }
  expect(buffers.size).toBe(1);
});

test('a loop that indexes into one matrix shows the data of its last run', async () => {
  const indexer = createIndexer(2);
  const into = indexer.allocate(300, 12);
  for (let run = 0; run < 200; run++) {
    const vectors = randomRows(run % 2 ? 300 : 40, 12, run);
    const result = await indexer.indexVectorsMonitored(vectors, { into });
    expect(differencesFrom(vectors, result)).toEqual([]);
    expect(result.vectors.matrix.data.buffer).toBe(into.data.buffer);
    if (run % 3 === 0) result.dispose();
  }
});
