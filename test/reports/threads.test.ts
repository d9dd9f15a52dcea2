/**
 * What public reports of pools of threads tell of: tinypool, piscina, workerpool, poolifier, geotiff.js, onnxruntime-web. Tasks that never
 * resolve, listeners that stay, threads that nobody needs, memory that is shared or is not.
 */
import { getEventListeners } from 'node:events';
import { Engine, MonitoredParallelIndexer, VectorIndex } from 'simdex';
import { expect, test } from 'vitest';

const DIMS = 8;
const matrix = (count: number, dims = DIMS) => ({
  data: Float32Array.from({ length: count * dims }, (_, i) => ((i * 7919) % 997) + 1),
  dims,
});

/** Large enough to go to the threads. */
const LARGE = 20_000;

test('workerpool: listeners of a signal go away with their calls', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const { signal } = new AbortController();
  for (const count of [10, LARGE, LARGE]) (await indexer.indexVectorsMonitored(matrix(count), { signal })).dispose();
  await Promise.all([1, 2, 3].map(() => indexer.indexVectorsMonitored(matrix(LARGE), { signal })));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('piscina: an abort leaves no thread behind and the next call works', async () => {
  await using engine = new Engine({ threads: 2 });
  await using indexer = new MonitoredParallelIndexer('auto', {}, { engine });
  await engine.ready();
  const controller = new AbortController();
  const reason = new Error('enough');
  const calls = [1, 2, 3, 4].map(() => indexer.indexVectorsMonitored(matrix(LARGE), { signal: controller.signal }));
  controller.abort(reason);
  for (const outcome of await Promise.allSettled(calls)) expect(outcome).toEqual({ status: 'rejected', reason });
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  expect((await indexer.indexVectorsMonitored(matrix(LARGE))).indexedCount).toBe(LARGE);
  expect(engine.threads).toBe(2);
});

test('piscina: a signal that was aborted before the call', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const reason = new Error('too late');
  for (const count of [1, LARGE])
    await expect(indexer.indexVectorsMonitored(matrix(count), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
});

test('tinypool: ending a pool whose tasks wait settles every task', async () => {
  const engine = new Engine({ threads: 2 });
  const indexer = new MonitoredParallelIndexer('auto', {}, { engine });
  const calls = Array.from({ length: 20 }, () => indexer.indexVectorsMonitored(matrix(LARGE)));
  const settled = Promise.allSettled(calls);
  await engine.dispose();
  for (const outcome of await settled)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'Disposed' });
  await expect(indexer.indexVectorsMonitored(matrix(LARGE))).rejects.toMatchObject({ code: 'Disposed' });
});

test('tinypool: ending twice, and at the same time', async () => {
  const indexer = new MonitoredParallelIndexer(2);
  (await indexer.indexVectorsMonitored(matrix(LARGE))).dispose();
  await Promise.all([indexer.dispose(), indexer.dispose()]);
  await indexer.dispose();
});

test('geotiff.js: many pools in turn leave no threads', async () => {
  const threads = () => process.getActiveResourcesInfo().filter((name) => /worker|MessagePort/i.test(name)).length;
  const before = threads();
  for (let i = 0; i < 5; i++) {
    await using indexer = new MonitoredParallelIndexer(2);
    (await indexer.indexVectorsMonitored(matrix(LARGE))).dispose();
  }
  await expect.poll(threads, { timeout: 30_000 }).toBeLessThanOrEqual(before);
});

test('poolifier: answers that are there at once do not stop later ones', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, i) => indexer.indexVectorsMonitored(matrix(i % 2 === 0 ? 3 : LARGE))),
  );
  expect(results.map(({ indexedCount }) => indexedCount)).toEqual(results.map((_, i) => (i % 2 === 0 ? 3 : LARGE)));
});

test('poolifier: an error of one call is told to that call alone', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const broken = matrix(LARGE);
  broken.data.fill(0, 5 * DIMS, 6 * DIMS);
  const outcomes = await Promise.allSettled(
    [matrix(LARGE), broken, matrix(LARGE)].map((source) => indexer.indexVectorsMonitored(source)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'ZeroMagnitude', vectorIndex: 5 } });
});

test('onnxruntime-web: input in a SharedArrayBuffer, and at an offset of one', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const shared = new Float32Array(new SharedArrayBuffer(4 * 4 * 100 + 16), 16);
  shared.fill(2);
  const { vectors } = await indexer.indexVectorsMonitored({ data: shared, dims: 4 }, { order: 'original' });
  expect(vectors.get(99)).toMatchObject({ magnitude: 4 });
  await using index = await VectorIndex.build({ data: shared, dims: 4 });
  expect(index.size).toBe(100);
});

test('onnxruntime-web: an array whose memory was transferred away', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const source = matrix(10);
  structuredClone(source.data, { transfer: [source.data.buffer] });
  await expect(indexer.indexVectorsMonitored(source)).rejects.toMatchObject({ code: 'InvalidConfiguration' });
});

test('onnxruntime-web: a result that was disposed is not read as if it were there', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const result = await indexer.indexVectorsMonitored(matrix(LARGE));
  result.dispose();
  result.dispose();
  expect(() => result.vectors.get(0)).toThrow(expect.objectContaining({ code: 'Disposed' }));
});

test('piscina: numbers of threads that are none', () => {
  for (const threads of [0, -1, 1.5, Number.NaN, 257, '2', null])
    expect(() => new MonitoredParallelIndexer(threads as number)).toThrow(
      expect.objectContaining({ code: 'InvalidConfiguration' }),
    );
});
