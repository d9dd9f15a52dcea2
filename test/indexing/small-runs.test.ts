/**
 * Which runs are done on the calling thread: seen by a worker module that never starts, so that a run which needs a
 * thread fails.
 */
import { expect, test } from 'vitest';
import { differencesFrom } from './reference.js';
import { createIndexer, inSharedMemory, randomMatrix, randomRows } from './support.js';

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
