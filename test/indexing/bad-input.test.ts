import type { VectorSource } from 'simdex';
import { expect, test } from 'vitest';
import { failAtBatch, failNowhere, faultyWorker } from './fault.js';
import { differencesFrom } from './reference.js';
import { createIndexer, randomMatrix, randomRows, rejectionOf } from './support.js';

const data = new Float32Array(12);
const wrong: [string, unknown, string][] = [
  ['null', null, 'vectors must be an array of vectors or a matrix { data, dims }, got null'],
  ['undefined', undefined, 'vectors must be an array of vectors or a matrix { data, dims }, got undefined'],
  ['a number', 7, 'vectors must be an array of vectors or a matrix { data, dims }, got 7'],
  ['a string', 'abc', 'vectors must be an array of vectors or a matrix { data, dims }, got "abc"'],
  ['one vector', data, 'vectors must be an array of vectors or a matrix { data, dims }, got an object (Float32Array)'],
  ['a matrix without dims', { data }, 'vectors must be an array of vectors or a matrix { data, dims }'],
  [
    'a matrix of doubles',
    { data: new Float64Array(4), dims: 2 },
    'vectors.data must be a Float32Array, got an object (Float64Array)',
  ],
  ['a matrix of numbers', { data: [1, 2], dims: 2 }, 'vectors.data must be a Float32Array, got an array of 2'],
  ['dims 0', { data, dims: 0 }, 'vectors.dims must be a positive integer, got 0'],
  ['dims -1', { data, dims: -1 }, 'vectors.dims must be a positive integer, got -1'],
  ['dims 1.5', { data, dims: 1.5 }, 'vectors.dims must be a positive integer, got 1.5'],
  ['dims NaN', { data, dims: Number.NaN }, 'vectors.dims must be a positive integer, got NaN'],
  ["dims '4'", { data, dims: '4' }, 'vectors.dims must be a positive integer, got "4"'],
  ['a ragged matrix', { data, dims: 5 }, 'vectors.data.length must be a multiple of vectors.dims (5), got 12'],
  ['null for a vector', [[1], null], 'vectors[1] must be an array or a typed array of numbers, got null'],
  [
    'a hole',
    Object.assign([[1]], { 2: [1] }),
    'vectors[1] must be an array or a typed array of numbers, got undefined',
  ],
  ['a number for a vector', [1, 2, 3], 'vectors[0] must be an array or a typed array of numbers, got 1'],
  [
    'bigints',
    [new BigInt64Array(3)],
    'vectors[0] must be an array or a typed array of numbers, got an object (BigInt64Array)',
  ],
  [
    'null for a component',
    [
      [1, 2],
      [null, 3, 4],
    ],
    'vectors[1][0] must be a number, got null',
  ],
  ['text for components', [['3', '4', 0]], 'vectors[0][0] must be a number, got "3"'],
  ['true for a component', [[true, 1, 1]], 'vectors[0][0] must be a number, got true'],
];

test.each(wrong)('%s for vectors is refused by name', async (_, source, message) => {
  const indexer = createIndexer(2);
  for (const run of [indexer.indexVectorsMonitored(source as never), indexer.indexer.indexVectors(source as never)]) {
    const error = await rejectionOf(run);
    expect(error).toMatchObject({ name: 'IndexingError', code: 'InvalidConfiguration' });
    expect(error.message).toContain(`Invalid indexing configuration: ${message}`);
  }
});

test('a wrong vector late in a long source is found, and the indexer stays usable', async () => {
  const indexer = createIndexer(2);
  const vectors: unknown[] = randomRows(20_000, 4);
  vectors[19_999] = '1,2,3,4';
  const error = await rejectionOf(indexer.indexVectorsMonitored(vectors as Float32Array[]));
  expect(error.message).toContain('vectors[19999] must be an array or a typed array of numbers, got "1,2,3,4"');
  expect((await indexer.indexVectorsMonitored(randomRows(200, 4))).indexedCount).toBe(200);
});

/** Rows that a plain float32 sum of squares gets wrong, and their neighbours. */
const extremes: number[][] = [
  [1e38, 1e38, -1e38],
  [3.4e38, 3.4e38, 3.4e38],
  [1e-40, -1e-40, 3e-40],
  [2 ** -149],
  [2 ** -149, 0, 0],
  [1e38, 1e-40],
  [1e20, 1, 1e-20],
  [1e-30, 1e-30],
  [1],
  [-0, 5],
];

test.each(['sorted', 'original'] as const)('components from 1e-45 to 3.4e38 are indexed right (%s)', async (order) => {
  const indexer = createIndexer(2);
  for (const repeat of [1, 20]) {
    const vectors = Array.from({ length: repeat }, () => extremes.map((row) => Float32Array.from(row))).flat();
    expect(differencesFrom(vectors, await indexer.indexVectorsMonitored(vectors, { order }))).toEqual([]);
    for (const row of extremes) {
      const padded = Float32Array.from({ length: 100 }, (_, i) => row[i] ?? 0);
      const matrix = { data: Float32Array.from({ length: 100 * 101 * repeat }, (_, i) => padded[i % 100]!), dims: 100 };
      const result = await indexer.indexVectorsMonitored(matrix, { order });
      expect(differencesFrom(new Array(101 * repeat).fill(padded), result)).toEqual([]);
    }
  }
});

test('a magnitude that float32 cannot hold is Infinity, and the components are right', async () => {
  const result = await createIndexer(1).indexVectorsMonitored([[3e38, 3e38]], { order: 'original' });
  expect(result.vectors.get(0)!.magnitude).toBe(Number.POSITIVE_INFINITY);
  expect([...result.vectors.get(0)!.normalized]).toEqual([Math.fround(Math.SQRT1_2), Math.fround(Math.SQRT1_2)]);
});

test.each(['sorted', 'original'] as const)('one vector of 65,536 components is indexed right (%s)', async (order) => {
  const indexer = createIndexer(2);
  const [row] = randomRows(1, 65_536);
  expect(differencesFrom([row!], await indexer.indexVectorsMonitored([row!], { order }))).toEqual([]);
  const several = randomRows(6, 65_536);
  const result = await indexer.indexVectorsMonitored(several, { order, batchSize: 1 });
  expect(differencesFrom(several, result)).toEqual([]);
});

test('numbers beyond float32 and NaN are non-finite', async () => {
  const indexer = createIndexer(1);
  for (const component of [1e39, -1e39, Number.NaN]) {
    const vectors = [[1], [component]] as number[][];
    await expect(indexer.indexVectorsMonitored(vectors)).rejects.toMatchObject({ code: 'NonFinite', vectorIndex: 1 });
  }
});

test('a source that changes meanwhile gives undefined vectors, never more', async () => {
  const indexer = createIndexer(2);
  const rows = Array.from({ length: 400 }, () => [1, 2, 3, 4]);
  const run = indexer.indexVectorsMonitored(rows);
  for (const row of rows) row.length = 2;
  rows[3]!.push(...new Array<number>(100).fill(1));
  expect((await run).vectors.length).toBe(400);
  const emptied = randomRows(400, 8);
  const second = indexer.indexVectorsMonitored(emptied).catch((error) => error);
  emptied.length = 0;
  await second;
  expect((await indexer.indexVectorsMonitored(randomRows(400, 8))).indexedCount).toBe(400);
});

test('a row that throws when it is copied fails the run, with its position and what it threw', async () => {
  failNowhere();
  const indexer = createIndexer(2, { worker: faultyWorker, maxMemoryBytes: 400_000 });
  const thrown = new Error('the row is gone');
  /** A row that can be copied so often. */
  const rowFor = (copies: number) =>
    new Proxy([1, 2, 3, 4], {
      get(row, key) {
        if (key === '0' && copies-- <= 0) throw thrown;
        return Reflect.get(row, key);
      },
    });
  const vectors: VectorSource = Array.from({ length: 400 }, () => [1, 2, 3, 4]);
  const told = { code: 'InvalidConfiguration', vectorIndex: 170, cause: thrown };
  expect(await rejectionOf(indexer.indexVectorsMonitored(vectors.with(170, rowFor(0))))).toMatchObject(told);
  // Also when its batch has to be restored after a thread died.
  failAtBatch('process.exit', 3);
  const run = indexer.indexVectorsMonitored(vectors.with(170, rowFor(1)), { batchSize: 50 });
  expect(await rejectionOf(run)).toMatchObject(told);
  failNowhere();
  const result = await indexer.indexVectorsMonitored(randomMatrix(2000, 24));
  expect(result.indexedCount).toBe(2000);
});
