import type { IndexOptions, VectorMatrix } from 'simdex';
import { expect, test } from 'vitest';
import { referenceOf } from './reference.js';
import { allocatedFor, bitsOf, createIndexer, inSharedMemory, randomMatrix, randomRows, rowsOf } from './support.js';

/** A small run on the calling thread, and one that the threads share. */
const sizes = [
  ['calling', 20],
  ['worker', 400],
] as const;

const invalid = (detail: string | RegExp) =>
  expect.objectContaining({
    code: 'InvalidConfiguration',
    message: expect.stringMatching(
      typeof detail === 'string'
        ? `^Invalid indexing configuration: ${detail.replace(/[[\](){}.|]/g, '\\$&')}`
        : detail,
    ),
  });

test.each(sizes)('order: sorted by default, the order of the input on request (%s thread)', async (_, count) => {
  const indexer = createIndexer(2);
  const vectors = randomRows(count, 24);
  const sorted = await indexer.indexVectorsMonitored(vectors);
  const alsoSorted = await indexer.indexVectorsMonitored(vectors, { order: 'sorted' });
  const original = await indexer.indexVectorsMonitored(vectors, { order: 'original' });
  expect([sorted, alsoSorted, original].map(({ vectors: { order } }) => order)).toEqual([
    'sorted',
    'sorted',
    'original',
  ]);
  expect(bitsOf(alsoSorted)).toEqual(bitsOf(sorted));
  vectors.forEach((row, i) => {
    const kept = original.vectors.get(i)!.normalized;
    const reference = referenceOf(row) as Exclude<ReturnType<typeof referenceOf>, string>;
    for (const [at, component] of kept.entries()) expect(component).toBeCloseTo(reference.normalized[at]!, 6);
    expect(sorted.vectors.get(i)!.normalized).toEqual(kept.slice().sort());
  });
});

test('batchSize: batches have exactly that many vectors, and the report says so', async () => {
  const indexer = createIndexer(2);
  for (const batchSize of [1, 7, 50, 150, 400, 1000]) {
    const { batchResults, performanceReport } = await indexer.indexVectorsMonitored(randomRows(400, 8), { batchSize });
    const full = Math.floor(400 / batchSize);
    const sizesExpected = [...new Array<number>(full).fill(batchSize), ...(400 % batchSize ? [400 % batchSize] : [])];
    expect(batchResults.map(({ processedCount }) => processedCount)).toEqual(sizesExpected);
    expect(performanceReport?.batchSize).toBe(batchSize);
  }
});

test('batchSize left out: at least 50 vectors, a batch for every thread', async () => {
  const { batchResults, performanceReport } = await createIndexer(4).indexVectorsMonitored(randomRows(1000, 8));
  expect(Math.min(...batchResults.map(({ processedCount }) => processedCount))).toBeGreaterThanOrEqual(50);
  expect(batchResults.length).toBeGreaterThanOrEqual(4);
  const largest = Math.max(...batchResults.map(({ processedCount }) => processedCount));
  expect(Math.abs(performanceReport!.batchSize - largest)).toBeLessThan(16);
});

test.each(sizes)(
  'inPlace: the allocated source is overwritten and becomes the result (%s thread)',
  async (_, count) => {
    const indexer = createIndexer(2);
    const matrix = randomMatrix(count, 24);
    const expected = bitsOf(await indexer.indexVectorsMonitored(matrix));
    const source = allocatedFor(indexer, matrix);
    const result = await indexer.indexVectorsMonitored(source, { inPlace: true });
    expect(bitsOf(result)).toEqual(expected);
    expect(result.vectors.matrix.data.buffer).toBe(source.data.buffer);
    expect(source.data).toEqual(result.vectors.matrix.data);
    result.dispose();
    // The memory stays with the matrix: the next run does not get it.
    const next = await indexer.indexVectorsMonitored(matrix);
    expect(next.vectors.matrix.data.buffer).not.toBe(source.data.buffer);
  },
);

test.each(sizes)(
  'into: the result lies in the matrix given, of which only those rows change (%s thread)',
  async (_, count) => {
    const indexer = createIndexer(2);
    const into = indexer.allocate(count + 10, 24);
    for (const source of [
      randomMatrix(count, 24, 1),
      inSharedMemory(randomMatrix(count, 24, 2)),
      randomRows(count - 5, 24),
    ]) {
      const expected = bitsOf(await indexer.indexVectorsMonitored(source));
      into.data.fill(42);
      const result = await indexer.indexVectorsMonitored(source, { into });
      expect(bitsOf(result)).toEqual(expected);
      const { data } = result.vectors.matrix;
      expect(data.buffer).toBe(into.data.buffer);
      expect(into.data.subarray(0, data.length)).toEqual(data);
      expect(into.data.subarray(data.length).every((component) => component === 42)).toBe(true);
      result.dispose();
    }
  },
);

test.each(sizes.flatMap(([thread, count]) => [[thread, count, 'inPlace'] as const, [thread, count, 'into'] as const]))(
  '%s thread, %i rows, %s: no other run gets the memory of the matrix, whatever became of its own',
  async (_, count, use) => {
    const indexer = createIndexer(2);
    const mine = indexer.allocate(count, 24);
    const index = (source: VectorMatrix) => {
      mine.data.set(source.data);
      return use === 'inPlace'
        ? indexer.indexVectorsMonitored(mine, { inPlace: true })
        : indexer.indexVectorsMonitored(source, { into: mine });
    };
    (await index(randomMatrix(count, 24))).dispose();
    const invalid = randomMatrix(count, 24);
    invalid.data[count * 24 - 1] = Number.NaN;
    await expect(index(invalid)).rejects.toMatchObject({ code: 'NonFinite', vectorIndex: count - 1 });
    const others = [
      await indexer.indexVectorsMonitored(randomMatrix(count, 24)),
      await indexer.indexVectorsMonitored(randomMatrix(count, 24)),
    ];
    for (const { vectors } of others) expect(vectors.matrix.data.buffer).not.toBe(mine.data.buffer);
    expect(indexer.allocate(count, 24).data.buffer).not.toBe(mine.data.buffer);
  },
);

test('a matrix over the first rows of an allocated one may be indexed in place', async () => {
  const indexer = createIndexer(2);
  const source = allocatedFor(indexer, randomMatrix(500, 16));
  const rest = source.data.slice(200 * 16);
  const expected = bitsOf(await indexer.indexVectorsMonitored(randomMatrix(500, 16))).slice(0, 200);
  const first = { data: source.data.subarray(0, 200 * 16), dims: 16 };
  expect(bitsOf(await indexer.indexVectorsMonitored(first, { inPlace: true }))).toEqual(expected);
  expect(source.data.subarray(200 * 16)).toEqual(rest);
});

const wrong: [IndexOptions | Record<string, unknown>, string][] = [
  [{ order: 'ascending' }, `order must be 'sorted' or 'original', got "ascending"`],
  [{ order: null }, `order must be 'sorted' or 'original', got null`],
  [{ onInvalid: 'ignore' }, `onInvalid must be 'throw' or 'skip', got "ignore"`],
  [{ batchSize: 0 }, 'batchSize must be a positive integer, got 0'],
  [{ batchSize: -1 }, 'batchSize must be a positive integer, got -1'],
  [{ batchSize: 1.5 }, 'batchSize must be a positive integer, got 1.5'],
  [{ batchSize: Number.NaN }, 'batchSize must be a positive integer, got NaN'],
  [{ batchSize: Number.POSITIVE_INFINITY }, 'batchSize must be a positive integer, got Infinity'],
  [{ batchSize: '50' }, 'batchSize must be a positive integer, got "50"'],
  [{ signal: {} }, 'signal must be an AbortSignal, got an object (Object)'],
  [{ onProgress: 'often' }, 'onProgress must be a function, got "often"'],
  [{ inPlace: 1 }, 'inPlace must be true or false, got 1'],
  [{ inPlace: true, restore: 'again' }, 'restore must be a function, got "again"'],
  [{ restore: () => undefined }, 'restore must be left out without inPlace'],
  [{ into: null }, 'into must be a matrix from allocate, got null'],
  [{ into: 0 }, 'into must be a matrix from allocate, got 0'],
  [{ into: {} }, 'into needs a matrix from allocate of the same indexer'],
  [{ inPlace: true }, 'inPlace needs a source from allocate of the same indexer'],
  [
    { bacthSize: 5 },
    'options.bacthSize must be one of order, onInvalid, batchSize, signal, onProgress, inPlace, restore, into',
  ],
];

test.each(wrong)('%j is refused by name, whatever the size of the run', async (options, detail) => {
  const indexer = createIndexer(2);
  for (const count of [0, 20, 400]) {
    await expect(indexer.indexVectorsMonitored(randomMatrix(count, 24), options)).rejects.toEqual(invalid(detail));
  }
  await expect(indexer.indexer.indexVectors(randomRows(2, 2), null as never)).rejects.toEqual(
    invalid('options must be'),
  );
});

test('a matrix that does not fit is refused with what it holds and what is needed', async () => {
  const indexer = createIndexer(2);
  const index = (source: Parameters<typeof indexer.indexVectorsMonitored>[0], options: IndexOptions) =>
    indexer.indexVectorsMonitored(source, options);
  const into = indexer.allocate(100, 24);
  const tooMany = 'into has room for 100 vectors, got 101';
  await expect(index(randomMatrix(101, 24), { into })).rejects.toEqual(invalid(tooMany));
  const part = { data: into.data.subarray(0, 20 * 24), dims: 24 };
  const tooManyForPart = 'into needs room for 21 × 24, into holds 20 × 24';
  await expect(index(randomMatrix(21, 24), { into: part })).rejects.toEqual(invalid(tooManyForPart));
  await expect(index(randomMatrix(10, 23), { into })).rejects.toEqual(invalid('into needs room for 10 × 23'));
  const ragged = [...randomRows(10, 24), ...randomRows(10, 23)];
  await expect(index(ragged, { into })).rejects.toEqual(invalid('into needs vectors of one length'));
  await expect(index(into, { into })).rejects.toEqual(invalid('into is the memory of the source'));
  await expect(index(into, { into, inPlace: true })).rejects.toEqual(invalid('into must be left out with inPlace'));
  const ordinary = randomMatrix(400, 24);
  await expect(index(ordinary, { into: ordinary })).rejects.toEqual(invalid('into needs a matrix from allocate of'));
  const other = createIndexer(2).allocate(100, 24);
  await expect(index(other, { inPlace: true })).rejects.toEqual(invalid('inPlace needs a source from allocate of'));
  await expect(index(randomMatrix(10, 24), { into: other })).rejects.toEqual(
    invalid('into needs a matrix from allocate of'),
  );
  const shifted = { data: into.data.subarray(24), dims: 24 };
  await expect(index(shifted, { inPlace: true })).rejects.toEqual(invalid('inPlace needs a source from allocate of'));
  const reshaped = { data: into.data, dims: 12 };
  await expect(index(reshaped, { inPlace: true })).rejects.toEqual(invalid('inPlace needs a source from allocate of'));
  into.dispose();
  await expect(index(randomMatrix(10, 24), { into })).rejects.toEqual(invalid('into needs a matrix from allocate of'));
});

test('a view that reaches beyond the rows of an allocated matrix is refused', async () => {
  const indexer = createIndexer(2);
  const allocated = indexer.allocate(100, 24);
  const beyond = { data: new Float32Array(allocated.data.buffer, 0, 101 * 24), dims: 24 };
  const index = indexer.indexVectorsMonitored(beyond, { inPlace: true });
  await expect(index).rejects.toEqual(invalid('inPlace has room for 100 vectors, got 101'));
  const into = indexer.indexVectorsMonitored(randomMatrix(101, 24), { into: beyond });
  await expect(into).rejects.toEqual(invalid('into has room for 100 vectors, got 101'));
});

test('allocate refuses what is no size', () => {
  const indexer = createIndexer(2);
  expect(() => indexer.allocate(-1, 4)).toThrow(/count must be an integer from 0 on, got -1/);
  expect(() => indexer.allocate(1.5, 4)).toThrow(/count must be an integer from 0 on, got 1.5/);
  expect(() => indexer.allocate(4, 0)).toThrow(/dims must be a positive integer, got 0/);
  expect(() => indexer.allocate(4, '8' as never)).toThrow(/dims must be a positive integer, got "8"/);
  expect(() => indexer.allocate(2 ** 20, 2 ** 11)).toThrow(expect.objectContaining({ code: 'InsufficientMemory' }));
  expect(indexer.allocate(0, 4).data).toHaveLength(0);
});

test('an empty source resolves with nothing indexed, for every option', async () => {
  const indexer = createIndexer(2);
  const into = indexer.allocate(5, 3);
  const empty = indexer.allocate(0, 3);
  const runs = [
    indexer.indexVectorsMonitored([]),
    indexer.indexVectorsMonitored({ data: new Float32Array(0), dims: 7 }),
    indexer.indexVectorsMonitored([], { order: 'original', onInvalid: 'skip', batchSize: 3 }),
    indexer.indexVectorsMonitored([], { into }),
    indexer.indexVectorsMonitored(empty, { inPlace: true }),
  ];
  for (const result of await Promise.all(runs)) {
    expect(result).toMatchObject({ indexedCount: 0, rejected: [], batchResults: [] });
    expect([...result.vectors]).toEqual([]);
    expect([result.vectors.length, result.vectors.magnitudes.length, result.vectors.matrix.data.length]).toEqual([
      0, 0, 0,
    ]);
    expect(result.performanceReport).toMatchObject({ totalVectors: 0, vectorsPerSecond: 0, averageVectorTimeMs: 0 });
  }
});

test('rows given as views of one allocated matrix are not changed', async () => {
  const indexer = createIndexer(2);
  const matrix = allocatedFor(indexer, randomMatrix(300, 8));
  const before = matrix.data.slice();
  const views = Array.from({ length: 300 }, (_, i) => matrix.data.subarray(8 * i, 8 * i + 8));
  expect(bitsOf(await indexer.indexVectorsMonitored(views))).toEqual(
    bitsOf(await indexer.indexVectorsMonitored(rowsOf({ data: before, dims: 8 }))),
  );
  expect(matrix.data).toEqual(before);
});
