import type { VectorSource } from 'simdex';
import { expect, test } from 'vitest';
import { differencesFrom } from '../indexing/reference.js';
import {
  allocatedFor,
  bitsOf,
  inSharedMemory,
  randomMatrix,
  randomRows,
  rowsOf,
  seededRandom,
} from '../indexing/support.js';
import { createIndexer } from './environment.js';

test.each(['sorted', 'original'] as const)('vectors of any length are what float64 says (%s)', async (order) => {
  const indexer = createIndexer();
  for (const dims of [1, 2, 3, 7, 16, 65, 100, 384, 1000]) {
    const rows = randomRows(200, dims, dims);
    expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows, { order }))).toEqual([]);
  }
});

test('components at both ends of the float32 range', async () => {
  const random = seededRandom(1);
  const scales = [1e38, 3e38, 1e-40, 1e-44, 1e-20, 1];
  const rows = Array.from({ length: 600 }, (_, i) =>
    Float32Array.from({ length: 33 }, () => (2 * random() - 1) * scales[i % scales.length]!),
  );
  expect(differencesFrom(rows, await createIndexer().indexVectorsMonitored(rows, { onInvalid: 'skip' }))).toEqual([]);
});

test('every kind of source gives the same bits', async () => {
  const indexer = createIndexer();
  const matrix = randomMatrix(700, 48);
  const rows = rowsOf(matrix);
  const expected = bitsOf(await indexer.indexVectorsMonitored(matrix));
  const padded = new Float32Array(10 + matrix.data.length);
  padded.set(matrix.data, 10);
  const allocated = allocatedFor(indexer, matrix);
  const sources: VectorSource[] = [
    rows,
    rows.map((row) => [...row]),
    { data: padded.subarray(10), dims: 48 },
    allocated,
    ...(typeof SharedArrayBuffer === 'undefined' ? [] : [inSharedMemory(matrix, 3)]),
  ];
  for (const source of sources) expect(bitsOf(await indexer.indexVectorsMonitored(source))).toEqual(expected);
  expect(allocated.data).toEqual(matrix.data);
});

test('ragged vectors keep their places', async () => {
  const random = seededRandom(2);
  const rows = Array.from({ length: 900 }, () => randomRows(1, 1 + Math.floor(random() * 90), random() * 1e9)[0]!);
  const result = await createIndexer().indexVectorsMonitored(rows);
  expect(differencesFrom(rows, result)).toEqual([]);
  expect(() => result.vectors.matrix).toThrow('make no matrix');
});

test('neither batch sizes nor a second run change a bit', async () => {
  const indexer = createIndexer();
  const rows = randomRows(1200, 40);
  const expected = bitsOf(await indexer.indexVectorsMonitored(rows));
  for (const batchSize of [1, 13, 600, 5000]) {
    const result = await indexer.indexVectorsMonitored(rows, { batchSize });
    expect(bitsOf(result)).toEqual(expected);
    result.dispose();
  }
});

test('an empty source, and one of few vectors', async () => {
  const indexer = createIndexer();
  expect((await indexer.indexVectorsMonitored([])).indexedCount).toBe(0);
  const few = randomRows(5, 9);
  expect(differencesFrom(few, await indexer.indexVectorsMonitored(few))).toEqual([]);
});
