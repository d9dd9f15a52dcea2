/**
 * Which runs are done on the calling thread: seen by a worker module that never starts, so that a run which needs a
 * thread fails.
 */
import { expect, test } from 'vitest';
import { differencesFrom } from './reference.js';
import { bitsOf, createIndexer, inSharedMemory, randomMatrix, randomRows } from './support.js';

const worker = new URL('./workers/throws-at-start.mjs', import.meta.url);

test.each([
  [1, 49, 128],
  [2, 99, 128],
  [4, 199, 64],
])('on %i threads %i vectors of %i components need no thread', async (threads, count, dims) => {
  const vectors = randomRows(count, dims);
  const result = await createIndexer(threads, { worker }).indexVectorsMonitored(vectors);
  expect(differencesFrom(vectors, result)).toEqual([]);
});

test.each([
  ['50 vectors for every thread', 2, 100, 128],
  ['50 vectors for one thread', 1, 50, 16],
  ['few vectors that are much work', 2, 60, 16_384],
])('%s need threads', async (_, threads, count, dims) => {
  const indexing = createIndexer(threads, { worker }).indexVectorsMonitored(randomRows(count, dims));
  await expect(indexing).rejects.toMatchObject({ code: 'ThreadPanic' });
});

test('few vectors wait for no run, and count for thread 0', async () => {
  const indexer = createIndexer(2);
  await indexer.ready();
  const order: string[] = [];
  const long = indexer.indexVectorsMonitored(inSharedMemory(randomMatrix(60_000, 256))).then(() => order.push('long'));
  const { batchResults } = await indexer.indexVectorsMonitored(randomRows(99, 16));
  order.push('few');
  expect(batchResults.map(({ threadId }) => threadId)).toEqual(batchResults.map(() => 0));
  await long;
  expect(order).toEqual(['few', 'long']);
});

test('what small calls left in their memory changes no later one', async () => {
  const garbage = [
    Array.from({ length: 80 }, (_, i) => new Float32Array(500).fill(i % 2 ? Number.NaN : 3e38)),
    [new Float32Array(8000).fill(-1e-40)],
    Array.from({ length: 60 }, (_, i) => Float32Array.from({ length: i % 9 }, () => Number.POSITIVE_INFINITY)),
  ];
  for (const order of ['sorted', 'original'] as const) {
    for (const vectors of [randomRows(7, 33), [...randomRows(5, 3), ...randomRows(4, 130)], randomRows(1, 1)]) {
      const fresh = await createIndexer(2).indexVectorsMonitored(vectors, { order });
      const used = createIndexer(2);
      for (const rows of garbage) await used.indexVectorsMonitored(rows, { order, onInvalid: 'skip' });
      const result = await used.indexVectorsMonitored(vectors, { order });
      expect(bitsOf(result)).toEqual(bitsOf(fresh));
      expect(differencesFrom(vectors, result)).toEqual([]);
    }
  }
});
