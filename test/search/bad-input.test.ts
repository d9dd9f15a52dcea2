/**
 * What cannot be is refused with the error of the contract, before anything is changed.
 */
import { type BuildOptions, ParallelIndexer, SearchFilter, VectorIndex, type VectorSource } from 'simdex';
import { describe, expect, onTestFinished, test } from 'vitest';
import { build, positions, randomRows } from './support.js';

const rows = randomRows(20, 4);
/** Deliberately of the wrong type. */
const wrong = (value: unknown) => value as never;

describe('an index is not built from', () => {
  const sources: [string, VectorSource, BuildOptions, object][] = [
    ['a vector of zeros, by cosine', [...rows, new Float32Array(4)], {}, { code: 'ZeroMagnitude', vectorIndex: 20 }],
    ['NaN', [rows[0]!, Float32Array.of(1, 2, Number.NaN, 0)], {}, { code: 'NonFinite', vectorIndex: 1 }],
    [
      'an infinity, by dot',
      [
        [1, 2],
        [1e39, 1],
      ],
      { metric: 'dot' },
      { code: 'NonFinite', vectorIndex: 1 },
    ],
    ['a vector of no components', [[1, 2], []], {}, { code: 'EmptyVector', vectorIndex: 1 }],
    ['no components at all', [[], []], {}, { code: 'EmptyVector', vectorIndex: 0 }],
    [
      'rows of different lengths',
      [
        [1, 2],
        [1, 2, 3],
      ],
      {},
      { code: 'InvalidConfiguration', vectorIndex: 1 },
    ],
    ['what is no vector', wrong([[1, 2], 'ab']), {}, { code: 'InvalidConfiguration' }],
    ['what is no source', wrong(5), {}, { code: 'InvalidConfiguration' }],
    ['too few ids', rows, { ids: positions(19) }, { code: 'InvalidConfiguration' }],
    ['an id given twice', rows, { ids: positions(20).map((i) => i % 19) }, { code: 'InvalidConfiguration' }],
    ['ids of two kinds', [[1], [2]], { ids: [1, '2'] }, { code: 'InvalidConfiguration' }],
    ['an id that is no integer', [[1], [2]], { ids: [1, 1.5] }, { code: 'InvalidConfiguration' }],
    ['an id beyond 2^53', [[1], [2]], { ids: [1, 2 ** 53] }, { code: 'InvalidConfiguration' }],
    ['ids that are one string', [[1], [2]], { ids: wrong('ab') }, { code: 'InvalidConfiguration' }],
    ['an unknown metric', rows, { metric: wrong('manhattan') }, { code: 'InvalidConfiguration' }],
    ['no threads', rows, { threadCount: 0 }, { code: 'InvalidConfiguration' }],
    ['an unknown kernel', rows, { kernel: wrong('gpu') }, { code: 'InvalidConfiguration' }],
    ['an unknown scan', rows, { scan: wrong('int4') }, { code: 'InvalidConfiguration' }],
    ['a worker that is no URL', rows, { worker: wrong(1) }, { code: 'InvalidConfiguration' }],
    ['a signal that is none', rows, { signal: wrong({}) }, { code: 'InvalidConfiguration' }],
    ['a listener that is no function', rows, { onProgress: wrong(1) }, { code: 'InvalidConfiguration' }],
    ['a misspelt option', rows, wrong({ metrc: 'dot' }), { code: 'InvalidConfiguration' }],
  ];
  test.each(sources)('%s', async (_, source, options, error) => {
    await expect(VectorIndex.build(source, options)).rejects.toMatchObject({ name: 'IndexingError', ...error });
  });

  test('sorted rows, however they are given', async () => {
    const indexer = new ParallelIndexer(1);
    onTestFinished(() => indexer.dispose());
    const sorted = await indexer.indexVectors(rows);
    const views = [...sorted.vectors].map(({ normalized }) => normalized);
    for (const source of [sorted.vectors.matrix, views, sorted.vectors.copy().matrix]) {
      await expect(VectorIndex.build(source)).rejects.toThrow(/components were sorted.*order: 'original'/);
    }
    const original = await indexer.indexVectors(rows, { order: 'original' });
    expect((await build(original.vectors.matrix)).size).toBe(20);
  });

  test('a matrix that was sorted is welcome once it is filled anew', async () => {
    const indexer = new ParallelIndexer(1);
    onTestFinished(() => indexer.dispose());
    const matrix = indexer.allocate(2, 2);
    matrix.data.set([3, 1, 2, 4]);
    (await indexer.indexVectors(matrix, { inPlace: true })).dispose();
    matrix.dispose();
    const again = indexer.allocate(2, 2);
    again.data.set([3, 1, 2, 4]);
    expect((await build(again)).size).toBe(2);
    // Also by who keeps the matrix, as a loop that reuses it does.
    (await indexer.indexVectors(again, { inPlace: true })).dispose();
    await expect(VectorIndex.build(again)).rejects.toThrow(/components were sorted/);
    again.data.set([1, 2, 4, 3]);
    expect((await build(again)).size).toBe(2);
    expect((await build([again.data.subarray(0, 2), again.data.subarray(2, 4)])).size).toBe(2);
  });

  test('names the position of a vector in a later portion and a later chunk', async () => {
    async function* chunks() {
      yield randomRows(70_000, 1);
      yield [...randomRows(66_000, 1), [Number.NaN]];
    }
    await expect(VectorIndex.build(chunks(), { metric: 'dot' })).rejects.toMatchObject({
      vectorIndex: 136_000,
      message: expect.stringContaining('vectors[136000]'),
    });
  });

  test('chunks that end before the ids do', async () => {
    async function* chunks() {
      yield rows;
    }
    await expect(VectorIndex.build(chunks(), { ids: positions(21) })).rejects.toThrow('ids.length must be 20');
  });

  test('a source whose signal is aborted, with its reason', async () => {
    await expect(VectorIndex.build(rows, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    const controller = new AbortController();
    async function* chunks() {
      yield rows;
      controller.abort('enough');
      yield rows;
    }
    await expect(VectorIndex.build(chunks(), { signal: controller.signal })).rejects.toBe('enough');
  });

  test('a source whose listener throws', async () => {
    const onProgress = () => {
      throw new Error('mine');
    };
    await expect(VectorIndex.build(rows, { onProgress })).rejects.toThrow('mine');
  });
});

describe('a search refuses', () => {
  const queries: [string, unknown, unknown, unknown, object][] = [
    ['other dims', [1, 2, 3], 1, {}, { code: 'InvalidConfiguration' }],
    ['NaN', [1, 2, Number.NaN, 4], 1, {}, { code: 'InvalidConfiguration' }],
    ['a number beyond float32', [1, 2, 1e39, 4], 1, {}, { code: 'InvalidConfiguration' }],
    ['what is no number', [1, 2, '3', 4], 1, {}, { code: 'InvalidConfiguration' }],
    ['what is no vector', undefined, 1, {}, { code: 'InvalidConfiguration' }],
    ['a zero query', [0, 0, -0, 0], 1, {}, { code: 'ZeroMagnitude' }],
    ['k of 0', [1, 2, 3, 4], 0, {}, { code: 'InvalidConfiguration' }],
    ['k of 1.5', [1, 2, 3, 4], 1.5, {}, { code: 'InvalidConfiguration' }],
    ['a filter that is none', [1, 2, 3, 4], 1, { filter: [1] }, { code: 'InvalidConfiguration' }],
    ['a signal that is none', [1, 2, 3, 4], 1, { signal: 1 }, { code: 'InvalidConfiguration' }],
    ['a misspelt option', [1, 2, 3, 4], 1, { fliter: () => true }, { code: 'InvalidConfiguration' }],
  ];
  test.each(queries)('%s', async (name, query, k, options, error) => {
    const index = await build(rows);
    await expect(index.search(wrong(query), wrong(k), wrong(options))).rejects.toMatchObject(error);
    // In a batch, as everywhere in a source, strings are converted as a typed array does it.
    if (name === 'what is no number') return;
    await expect(index.searchBatch([rows[0]!, wrong(query)], wrong(k), wrong(options))).rejects.toMatchObject({
      name: 'IndexingError',
    });
    expect(index.monitor.getStats().totalQueries).toBe(0);
  });

  test('a batch, telling which query it is', async () => {
    const index = await build(rows);
    const batch = [rows[0]!, rows[1]!, new Float32Array(4)];
    await expect(index.searchBatch(batch, 1)).rejects.toMatchObject({ code: 'ZeroMagnitude', vectorIndex: 2 });
  });

  test('a filter without a predicate', () => {
    expect(() => new SearchFilter(wrong('odd'))).toThrow('predicate must be a function');
  });
});

test('after dispose every call is refused, and a second dispose does nothing', async () => {
  const index = await VectorIndex.build(rows);
  await index.dispose();
  await index.dispose();
  const refused = { code: 'Disposed', message: expect.stringContaining('the index was disposed') };
  await expect(index.search(rows[0]!, 1)).rejects.toMatchObject(refused);
  await expect(index.searchBatch(rows, 1)).rejects.toMatchObject(refused);
  await expect(index.add(rows)).rejects.toMatchObject(refused);
  await expect(index.upsert(rows, { ids: positions(20) })).rejects.toMatchObject(refused);
  await expect(index.remove([1])).rejects.toMatchObject(refused);
  await expect(index.save('nowhere')).rejects.toMatchObject(refused);
  expect(() => index.has(1)).toThrow('the index was disposed');
  expect(() => index.toBytes()).toThrow('the index was disposed');
});

test('await using disposes of an index', async () => {
  let kept: VectorIndex;
  {
    await using index = await VectorIndex.build(rows);
    kept = index;
  }
  expect(() => kept.has(1)).toThrow('the index was disposed');
});
