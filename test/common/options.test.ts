import { expect, test } from 'vitest';
import { differencesFrom } from '../indexing/reference.js';
import { allocatedFor, bitsOf, countedBy, randomMatrix, randomRows, rejectionOf } from '../indexing/support.js';
import { createIndexer, environment, turn } from './environment.js';

const rows = randomRows(3000, 64);

test('the backend is the one of this environment, and what is missing was told once by name', async () => {
  const heard: string[] = [];
  const logger = { info: () => undefined, warn: (message: string) => heard.push(message) };
  const indexer = createIndexer({ logger });
  await indexer.ready();
  await indexer.indexVectorsMonitored(rows);
  await indexer.indexVectorsMonitored(rows);
  const { kernel, shared } = environment.backend;
  expect(indexer.backend).toEqual({ kernel, shared, threads: shared ? 2 : 1 });
  const told = (name: string) => heard.filter((message) => message.includes(name)).length;
  expect(told('No cross-origin isolation') + told('No SharedArrayBuffer') + told('No workers')).toBe(shared ? 0 : 1);
  expect(told('JavaScript kernel')).toBe(kernel === 'javascript' && environment.kernel === 'auto' ? 1 : 0);
});

test('batchSize: batches of exactly that size, and totals that count each vector once', async () => {
  const indexer = createIndexer();
  let indexed = 0;
  for (const batchSize of [1, 70, 1000, 2999, 100_000]) {
    const { batchResults, indexedCount, performanceReport } = await indexer.indexVectorsMonitored(rows, { batchSize });
    const full = Math.floor(3000 / batchSize);
    expect(batchResults.map(({ processedCount }) => processedCount)).toEqual(
      [...new Array<number>(full).fill(batchSize), 3000 % batchSize].filter((count) => count > 0),
    );
    expect(performanceReport!.batchSize).toBe(batchSize);
    expect(performanceReport!.totalVectors).toBe(3000);
    expect(indexedCount).toBe(3000);
    indexed += indexedCount;
    expect(countedBy(indexer)).toEqual({ total: indexed, threads: indexed });
  }
});

test('the lowest vector that cannot be indexed fails the run; skip lists them all', async () => {
  const indexer = createIndexer();
  const wrong = rows.map((row) => row.slice());
  wrong[2900]!.fill(0);
  wrong[1703]![5] = Number.NaN;
  wrong[1702]![60] = Number.POSITIVE_INFINITY;
  for (const batchSize of [undefined, 10, 3000]) {
    await expect(indexer.indexVectorsMonitored(wrong, { batchSize })).rejects.toMatchObject({
      code: 'NonFinite',
      vectorIndex: 1702,
    });
    const result = await indexer.indexVectorsMonitored(wrong, { batchSize, onInvalid: 'skip' });
    expect(result.rejected).toEqual([
      { index: 1702, code: 'NonFinite' },
      { index: 1703, code: 'NonFinite' },
      { index: 2900, code: 'ZeroMagnitude' },
    ]);
    expect(differencesFrom(wrong, result)).toEqual([]);
    expect(result.vectors.magnitudes[2900]).toBeNaN();
  }
  await expect(indexer.indexVectorsMonitored([...rows, []])).rejects.toMatchObject({
    code: 'EmptyVector',
    vectorIndex: 3000,
  });
});

test('inPlace and into: the result lies in the matrix given', async () => {
  const indexer = createIndexer();
  const matrix = randomMatrix(2000, 32);
  const expected = bitsOf(await indexer.indexVectorsMonitored(matrix));
  const source = allocatedFor(indexer, matrix);
  const inPlace = await indexer.indexVectorsMonitored(source, { inPlace: true });
  expect(bitsOf(inPlace)).toEqual(expected);
  expect(inPlace.vectors.matrix.data).toEqual(source.data);
  const into = indexer.allocate(2500, 32);
  into.data.fill(42);
  expect(bitsOf(await indexer.indexVectorsMonitored(matrix, { into }))).toEqual(expected);
  expect(into.data.subarray(2000 * 32).every((component) => component === 42)).toBe(true);
  expect(into.data.subarray(0, 2000 * 32)).toEqual(source.data);
});

test('memory from allocate is shared where threads share memory, ordinary elsewhere, and never detached', async () => {
  const indexer = createIndexer();
  const matrix = indexer.allocate(2000, 16);
  const isShared = typeof SharedArrayBuffer !== 'undefined' && matrix.data.buffer instanceof SharedArrayBuffer;
  // A page without workers may be isolated all the same.
  if (environment.backend.shared) expect(isShared).toBe(true);
  else if (typeof SharedArrayBuffer === 'undefined') expect(matrix.data.buffer).toBeInstanceOf(ArrayBuffer);
  matrix.data.set(randomMatrix(2000, 16).data);
  await indexer.indexVectorsMonitored(matrix);
  await indexer.indexVectorsMonitored(matrix, { inPlace: true });
  expect(matrix.data.length).toBe(2000 * 16);
  if (!isShared)
    expect(() => structuredClone(matrix.data, { transfer: [matrix.data.buffer as ArrayBuffer] })).toThrow();
});

test('progress grows to the total, and a listener that throws fails its run only', async () => {
  const indexer = createIndexer();
  const many = randomMatrix(20_000, 96);
  const seen: number[] = [];
  const result = await indexer.indexVectorsMonitored(many, {
    onProgress: ({ processed, total, threads }) => {
      expect(total).toBe(20_000);
      expect(threads.reduce((sum, thread) => sum + thread.processed, 0)).toBe(processed);
      seen.push(processed);
    },
  });
  expect(seen.at(-1)).toBe(result.indexedCount);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  const thrown = new Error('no more');
  const failing = indexer.indexVectorsMonitored(many, {
    onProgress: () => {
      throw thrown;
    },
  });
  expect(await rejectionOf(failing)).toBe(thrown);
  expect((await indexer.indexVectorsMonitored(rows)).indexedCount).toBe(3000);
});

test('options that are none are refused by name', async () => {
  const indexer = createIndexer();
  const refused = (options: object, detail: string) =>
    expect(indexer.indexVectorsMonitored(rows, options)).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining(detail),
    });
  await refused({ order: 'ascending' }, `order must be 'sorted' or 'original', got "ascending"`);
  await refused({ batchSize: 0 }, 'batchSize must be a positive integer, got 0');
  await refused({ inPlace: true }, 'inPlace needs a source from allocate of the same indexer');
  await refused({ batchsize: 5 }, 'options.batchsize must be one of');
  await expect(indexer.indexVectorsMonitored({} as never)).rejects.toThrow('vectors must be');
  expect(() => createIndexer({ worker: 5 as never })).toThrow('worker must be a URL');
});

test('a run that does not fit is refused with both sizes, and the indexer goes on', async () => {
  const indexer = createIndexer({ maxMemoryBytes: 2 ** 20 });
  const refused = indexer.indexVectorsMonitored(randomMatrix(5000, 64));
  await expect(refused).rejects.toMatchObject({ code: 'InsufficientMemory' });
  await expect(refused).rejects.toThrow(
    /1\.\d MiB \([\d,]+ bytes\) are needed, .*1\.0 MiB \(1,048,576 bytes\).*use indexStream/,
  );
  expect((await indexer.indexVectorsMonitored(randomMatrix(1500, 64))).indexedCount).toBe(1500);
});

test('a stream of chunks gives a result for each', async () => {
  const indexer = createIndexer();
  const chunks = [randomRows(1500, 32, 1), randomRows(10, 32, 2), randomRows(1200, 32, 3)];
  const found: string[][] = [];
  const stream = indexer.indexStream(chunks);
  for await (const result of stream) found.push(differencesFrom(chunks[found.length]!, result));
  expect(found).toEqual([[], [], []]);
  expect(stream.performanceReport?.totalVectors).toBe(2710);
  await turn();
});
