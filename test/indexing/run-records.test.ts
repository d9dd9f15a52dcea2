import { type IndexingPerformanceReport, MonitoredParallelIndexer } from 'simdex';
import { afterAll, expect, test } from 'vitest';

const DIMS = 24;
const COUNT = 20_000;

const indexer = new MonitoredParallelIndexer(2);
afterAll(() => indexer.dispose());

const vectors = Array.from({ length: COUNT }, (_, i) => new Float32Array(DIMS).fill(1 + (i % 7)));
vectors[11] = new Float32Array(DIMS);

async function reportOf(run: ReturnType<typeof indexer.indexVectorsMonitored>): Promise<IndexingPerformanceReport> {
  return (await run).performanceReport!;
}

test('batches and curves have a point for every batch, and end on the result', async () => {
  const { batches, completed, totalVectors, totalTimeMs, threadTimesMs } = await reportOf(
    indexer.indexVectorsMonitored(vectors, { onInvalid: 'skip', batchSize: 500 }),
  );
  expect(batches).toHaveLength(COUNT / 500);
  expect(completed).toHaveLength(COUNT / 500);
  expect(batches.map(({ vectors }) => vectors)).toEqual(new Array(COUNT / 500).fill(500));
  expect(batches.reduce((sum, { rejected }) => sum + rejected, 0)).toBe(1);
  expect(new Set(batches.map(({ dims }) => dims))).toEqual(new Set([DIMS]));
  expect(totalVectors).toBe(COUNT - 1);
  expect(completed.at(-1)!.vectors).toBe(COUNT - 1);
  for (let i = 1; i < batches.length; i++) {
    expect(batches[i]!.claimedAtMs).toBeGreaterThanOrEqual(batches[i - 1]!.claimedAtMs);
    expect(completed[i]!.atMs).toBeGreaterThanOrEqual(completed[i - 1]!.atMs);
    expect(completed[i]!.vectors).toBeGreaterThan(completed[i - 1]!.vectors);
  }
  const busyMs = [0, 0];
  for (const { threadId, claimedAtMs, endedAtMs } of batches) {
    expect(endedAtMs).toBeGreaterThanOrEqual(claimedAtMs);
    expect(endedAtMs).toBeLessThanOrEqual(totalTimeMs);
    busyMs[threadId]! += endedAtMs - claimedAtMs;
  }
  for (const [threadId, ms] of busyMs.entries()) expect(threadTimesMs[threadId]).toBeCloseTo(ms, 6);
});

test('what the calling thread copied is told, and that it copied nothing', async () => {
  const copied = await reportOf(indexer.indexVectorsMonitored(vectors, { onInvalid: 'skip' }));
  expect(copied.copyIn).toMatchObject({ bytes: COUNT * DIMS * 4 });
  expect(copied.copyIn!.busyMs).toBeGreaterThan(0);
  expect(copied.copyIn!.endedAtMs).toBeGreaterThanOrEqual(copied.copyIn!.busyMs);
  const matrix = indexer.allocate(COUNT, DIMS);
  matrix.data.fill(1);
  expect((await reportOf(indexer.indexVectorsMonitored(matrix))).copyIn).toBeUndefined();
  expect((await reportOf(indexer.indexVectorsMonitored(matrix, { inPlace: true }))).copyIn).toBeUndefined();
  // Of a small call copying is a part of the work.
  expect((await reportOf(indexer.indexVectorsMonitored(vectors.slice(0, 3)))).copyIn).toBeUndefined();
});

test('magnitudes are told from an even sample of the indexed vectors', async () => {
  const { magnitudeHistogram } = await reportOf(indexer.indexVectorsMonitored(vectors, { onInvalid: 'skip' }));
  const sampled = magnitudeHistogram.buckets.reduce((sum, { count }) => sum + count, 0);
  expect(sampled).toBeGreaterThan(1000);
  expect(sampled).toBeLessThanOrEqual(2048);
  const expected = [1, 2, 3, 4, 5, 6, 7].map((value) => Math.floor(32 * Math.log2(value * Math.sqrt(DIMS))));
  expect(magnitudeHistogram.buckets.map(({ bucket }) => bucket)).toEqual(expected);
  for (const { count } of magnitudeHistogram.buckets) expect(count / sampled).toBeCloseTo(1 / 7, 2);
  expect(magnitudeHistogram.zeros).toBe(0);
});

test('index times are told as counts too', async () => {
  const { indexTimeHistogram, totalVectors } = await reportOf(
    indexer.indexVectorsMonitored(vectors, { onInvalid: 'skip' }),
  );
  const counted = indexTimeHistogram.buckets.reduce((sum, { count }) => sum + count, indexTimeHistogram.zeros);
  expect(counted).toBe(totalVectors);
});

test('magnitudes beyond float32 are left out of the distribution', async () => {
  const huge = Array.from({ length: 10 }, () => new Float32Array(DIMS).fill(3e38));
  const { magnitudeHistogram, totalVectors } = await reportOf(indexer.indexVectorsMonitored(huge));
  expect(totalVectors).toBe(10);
  expect(magnitudeHistogram).toEqual({ zeros: 0, buckets: [] });
});
