import { expect, test } from 'vitest';
import { differencesFrom } from './reference.js';
import { countedBy, createIndexer, randomRows } from './support.js';

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

test('4 threads index 1,000 vectors of 128 components', async () => {
  const indexer = createIndexer(4);
  const vectors = randomRows(1000, 128);
  const result = await indexer.indexVectorsMonitored(vectors);
  expect(differencesFrom(vectors, result)).toEqual([]);
  expect(result.indexedCount).toBe(1000);
  expect(result.rejected).toEqual([]);
  expect(result.vectors.matrix.data).toHaveLength(128_000);
  expect(sum(result.batchResults.map((batch) => batch.processedCount))).toBe(1000);
  expect(result.performanceReport).toMatchObject({ totalVectors: 1000, threadCount: 4 });
  expect(countedBy(indexer)).toEqual({ total: 1000, threads: 1000 });
});

test('2 threads index 200 vectors of 64 components, with figures for each thread', async () => {
  const indexer = createIndexer(2);
  const { performanceReport } = await indexer.indexVectorsMonitored(randomRows(200, 64));
  expect(performanceReport?.threadTimesMs).toHaveLength(2);
  expect(performanceReport?.threadPerformance.map(({ threadId }) => threadId)).toEqual([0, 1]);
  const operations = performanceReport!.threadPerformance.map(({ operationsCompleted }) => operationsCompleted);
  expect(sum(operations)).toBe(200);
  expect(indexer.threadMonitors.map((thread) => thread.getStats().totalIndexes)).toEqual(operations);
  for (const { averageTimeMs, minTimeMs, maxTimeMs } of performanceReport!.threadPerformance) {
    expect(minTimeMs).toBeGreaterThan(0);
    expect(averageTimeMs).toBeGreaterThanOrEqual(minTimeMs);
    expect(maxTimeMs).toBeGreaterThanOrEqual(averageTimeMs);
  }
});

test('8 threads index 500 vectors of 64 and 100 of 512 components from one source', async () => {
  const indexer = createIndexer(8);
  const short = randomRows(500, 64, 2);
  const long = randomRows(100, 512, 3);
  const vectors = Array.from({ length: 600 }, (_, i) =>
    i % 6 === 5 ? long[(i - 5) / 6]! : short[i - Math.floor(i / 6)]!,
  );
  const result = await indexer.indexVectorsMonitored(vectors);
  expect(differencesFrom(vectors, result)).toEqual([]);
  expect(result.indexedCount).toBe(600);
  const positions = result.batchResults.flatMap((batch) => [...batch.indexData.keys()]);
  expect(positions.sort((a, b) => a - b)).toEqual(vectors.map((_, i) => i));
  expect(() => result.vectors.matrix).toThrow(/64 to 512 components make no matrix/);
});

test('a second run is counted on top of the first and known to the history of batch sizes', async () => {
  const indexer = createIndexer(2);
  const first = await indexer.indexVectorsMonitored(randomRows(400, 64), { batchSize: 100 });
  const second = await indexer.indexVectorsMonitored(randomRows(300, 64), { batchSize: 70 });
  expect(first.performanceReport?.batchSizeHistory?.map(({ batchSize }) => batchSize)).toEqual([100]);
  expect(second.performanceReport?.batchSizeHistory?.map(({ batchSize }) => batchSize)).toEqual([100, 70]);
  for (const { vectorsPerSecond } of second.performanceReport!.batchSizeHistory!) {
    expect(vectorsPerSecond).toBeGreaterThan(0);
  }
  expect(second.performanceReport?.totalVectors).toBe(300);
  expect(countedBy(indexer)).toEqual({ total: 700, threads: 700 });
});

const withTwoInvalid = () => {
  const vectors = randomRows(102, 32);
  vectors[40] = new Float32Array(0);
  vectors[17] = new Float32Array(32);
  return vectors;
};

test.each([1, 2, 8])('%d threads fail with the lowest vector of 102 that cannot be indexed', async (threads) => {
  const indexer = createIndexer(threads);
  await expect(indexer.indexVectorsMonitored(withTwoInvalid())).rejects.toMatchObject({
    name: 'IndexingError',
    code: 'ZeroMagnitude',
    vectorIndex: 17,
    message: 'Vector has zero magnitude: every component of vectors[17] is zero',
  });
});

test.each([1, 2, 8])('%d threads skip 2 of 102 vectors when told to', async (threads) => {
  const indexer = createIndexer(threads);
  const vectors = withTwoInvalid();
  const result = await indexer.indexVectorsMonitored(vectors, { onInvalid: 'skip' });
  expect(differencesFrom(vectors, result)).toEqual([]);
  expect(result.indexedCount).toBe(100);
  expect(result.rejected).toEqual([
    { index: 17, code: 'ZeroMagnitude' },
    { index: 40, code: 'EmptyVector' },
  ]);
  expect(result.vectors.get(17)).toBeUndefined();
  expect(result.vectors.get(40)).toBeUndefined();
  expect(result.vectors.magnitudes[17]).toBeNaN();
  expect(result.vectors.magnitudes[40]).toBeNaN();
  expect(result.vectors.magnitudes.filter((magnitude) => Number.isNaN(magnitude))).toHaveLength(2);
  expect([...result.vectors]).toHaveLength(100);
  expect(result.performanceReport).toMatchObject({ totalVectors: 100, rejectedCount: 2 });
  expect(countedBy(indexer)).toEqual({ total: 100, threads: 100 });
});

test('4 threads index 2,000 vectors of 256 components, and all totals agree', async () => {
  const indexer = createIndexer(4);
  const { performanceReport, indexedCount } = await indexer.indexVectorsMonitored(randomRows(2000, 256));
  const { globalStats, threadStats, activeThreads, busyThreads, monitoringEnabled } = indexer.getMonitoringStats();
  expect(indexedCount).toBe(2000);
  expect(globalStats.totalIndexes).toBe(2000);
  expect(threadStats.map(({ threadId }) => threadId)).toEqual([0, 1, 2, 3]);
  expect(sum(threadStats.map(({ stats }) => stats.totalIndexes))).toBe(2000);
  expect(Math.min(...threadStats.map(({ stats }) => stats.minIndexTimeMs))).toBe(globalStats.minIndexTimeMs);
  expect(Math.max(...threadStats.map(({ stats }) => stats.maxIndexTimeMs))).toBe(globalStats.maxIndexTimeMs);
  expect(performanceReport?.totalVectors).toBe(2000);
  expect([activeThreads, busyThreads]).toEqual([4, 0]);
  expect(monitoringEnabled).toBe(true);
});

test('every one of 3 threads has work in 300 vectors of 128 components', async () => {
  const { batchResults } = await createIndexer(3).indexVectorsMonitored(randomRows(300, 128));
  expect(new Set(batchResults.map(({ threadId }) => threadId))).toEqual(new Set([0, 1, 2]));
  for (const { processedCount, batchTimeMs, averageVectorTimeMs, indexData } of batchResults) {
    expect(indexData.size).toBe(processedCount);
    expect(averageVectorTimeMs).toBeCloseTo(batchTimeMs / processedCount, 12);
  }
});
