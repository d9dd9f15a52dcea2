/**
 * Whatever way rows and ids come in, what is no number and no id is refused in the same words, and nothing of the call stays.
 */
import { VectorIndex, type VectorSource } from 'simdex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIndexer, rejectionOf } from '../indexing/support.js';

let index: VectorIndex;
beforeAll(async () => {
  index = await VectorIndex.build([[1, 0, 0]], { threadCount: 1 });
});
afterAll(() => index.dispose());

const streamOf = async function* (source: VectorSource) {
  yield source;
};

const ways: [string, (source: VectorSource) => Promise<unknown>][] = [
  ['indexVectors', (source) => createIndexer(1).indexer.indexVectors(source)],
  ['indexVectorsMonitored', (source) => createIndexer(1).indexVectorsMonitored(source, { onInvalid: 'skip' })],
  [
    'indexStream',
    async (source) => {
      for await (const result of createIndexer(1).indexStream(streamOf(source))) result.dispose();
    },
  ],
  ['build', (source) => VectorIndex.build(source, { threadCount: 1 })],
  ['build by dot', (source) => VectorIndex.build(source, { threadCount: 1, metric: 'dot' })],
  ['build from a stream', (source) => VectorIndex.build(streamOf(source), { threadCount: 1 })],
  ['add', (source) => index.add(source)],
  ['upsert', (source) => index.upsert(source, { ids: [100, 101].slice(0, (source as unknown[]).length) })],
];

const wrong: [unknown, string][] = [
  [null, 'null'],
  ['4', '"4"'],
  [true, 'true'],
  [[4], 'an array of 1'],
  [4n, '4'],
  [undefined, 'undefined'],
];

describe.each(ways)('%s', (_, take) => {
  test.each(wrong)('refuses %o for a component', async (component, found) => {
    const source = [
      [3, 4, 5],
      [1, 2, component],
    ] as number[][];
    const error = await rejectionOf(take(source));
    expect(error).toMatchObject({ code: 'InvalidConfiguration', vectorIndex: 1 });
    // A stream counts from its start, and has the chunk's error as the cause.
    const { message } = (error['cause'] as Error | undefined) ?? error;
    expect(message).toContain(`vectors[1][2] must be a number, got ${found}`);
    expect(index.size).toBe(1);
  });

  test('refuses a typed array whose memory was transferred', async () => {
    const row = new Float32Array(3).fill(1);
    structuredClone(row.buffer, { transfer: [row.buffer] });
    await expect(take([row])).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('vectors[0] is a view on memory that is gone'),
    });
  });
});

test.each(wrong)('a query with %o for a component is refused, alone and among others', async (component, found) => {
  await expect(index.search([1, 2, component] as number[], 1)).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringContaining(`query[2] must be a number, got ${found}`),
  });
  await expect(
    index.searchBatch(
      [
        [1, 2, 3],
        [1, 2, component],
      ] as number[][],
      1,
    ),
  ).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringContaining(`queries[1][2] must be a number, got ${found}`),
  });
});

test('rows of every kind of numbers give the same index', async () => {
  const rows = [[3, 4, 0], Float64Array.of(3, 4, 0), Int8Array.of(3, 4, 0), Uint32Array.of(3, 4, 0)];
  const built = await VectorIndex.build([...rows, Float32Array.of(3, 4, 0)], { threadCount: 1 });
  const hits = await built.search(Uint8Array.of(3, 4, 0), 5);
  expect([...hits.scores]).toEqual(Array(5).fill(hits.scores[0]));
  await built.dispose();
});

test.each(['a\ud800', 2 ** 53, 1.5, null])('the id %o is refused where it comes in', async (id) => {
  const refusal = { code: 'InvalidConfiguration', message: expect.stringContaining('ids[0] must be a safe integer') };
  const ids = [id] as number[];
  await expect(index.add([[1, 2, 3]], { ids })).rejects.toMatchObject(refusal);
  await expect(index.upsert([[1, 2, 3]], { ids })).rejects.toMatchObject(refusal);
  await expect(VectorIndex.build([[1, 2, 3]], { ids })).rejects.toMatchObject(refusal);
  expect(index.size).toBe(1);
});
