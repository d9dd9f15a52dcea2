import type { IndexingProgress, VectorSource } from 'simdex';
import { expect, test } from 'vitest';
import { countedBy, createIndexer, inSharedMemory, randomMatrix, randomRows, rejectionOf } from './support.js';

const few = randomRows(10, 16);
const some = randomRows(400, 16);
const many = inSharedMemory(randomMatrix(100_000, 300));

test.each<[string, number, VectorSource]>([
  ['no', 2, []],
  ['few', 2, few],
  ['some', 2, some],
  ['many', 2, many],
])('the last progress of a run of %s vectors equals its result, and none goes back', async (_, threads, vectors) => {
  const indexer = createIndexer(threads);
  const seen: IndexingProgress[] = [];
  const result = await indexer.indexVectorsMonitored(vectors, { onProgress: (progress) => seen.push(progress) });
  const total = result.vectors.length;
  expect(seen.at(-1)).toMatchObject({
    type: 'progress',
    processed: total,
    total,
    percent: 100,
    etaMs: 0,
    queueDepth: 0,
  });
  expect(seen.at(-1)!.threads.reduce((sum, thread) => sum + thread.processed, 0)).toBe(total);
  for (let i = 1; i < seen.length; i++) {
    expect(seen[i]!.processed).toBeGreaterThanOrEqual(seen[i - 1]!.processed);
    expect(seen[i]!.queueDepth).toBeLessThanOrEqual(seen[i - 1]!.queueDepth);
    for (const { utilization } of seen[i]!.threads) {
      expect(utilization).toBeGreaterThanOrEqual(0);
      expect(utilization).toBeLessThanOrEqual(1);
    }
  }
});

test('rejected vectors are progress too', async () => {
  const indexer = createIndexer(2);
  const seen: IndexingProgress[] = [];
  const vectors = randomRows(200, 8).map((row, i) => (i % 3 === 0 ? new Float32Array(8) : row));
  const onProgress = (progress: IndexingProgress) => seen.push(progress);
  const { indexedCount } = await indexer.indexVectorsMonitored(vectors, { onInvalid: 'skip', onProgress });
  expect(seen.at(-1)!.processed).toBe(200);
  expect(indexedCount).toBe(133);
});

test.each([
  ['few', few],
  ['some', some],
  ['many', many],
])('a listener that throws fails a run of %s vectors with what it threw', async (_, vectors) => {
  const indexer = createIndexer(2, { maxMemoryBytes: 150e6 });
  const thrown = new Error('the listener failed');
  let calls = 0;
  const onProgress = () => {
    calls++;
    throw thrown;
  };
  expect(await rejectionOf(indexer.indexVectorsMonitored(vectors, { onProgress }))).toBe(thrown);
  expect(calls).toBe(1);
  const { total, threads } = countedBy(indexer);
  expect(threads).toBe(total);
  expect((await indexer.indexVectorsMonitored(vectors)).indexedCount).toBe(
    'data' in vectors ? 100_000 : vectors.length,
  );
});

test('a run reports while it lasts', async () => {
  const indexer = createIndexer(1);
  const seen: number[] = [];
  const vectors = inSharedMemory(randomMatrix(4000, 4096));
  // Until a report before the last one was seen; a fast machine needs more than one run on one thread.
  for (let run = 0; run < 50 && !seen.some((processed) => processed < 4000); run++) {
    const result = await indexer.indexVectorsMonitored(vectors, {
      onProgress: ({ processed }) => seen.push(processed),
    });
    result.dispose();
  }
  expect(seen.some((processed) => processed < 4000)).toBe(true);
});
