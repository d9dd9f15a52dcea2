import { fileURLToPath } from 'node:url';
import { MonitoredParallelIndexer, ParallelIndexer } from 'simdex';
import { expect, test } from 'vitest';
import { asyncDisposeSymbol } from '../../src/base/dispose-symbol.js';
import { watchThreads } from '../engine/threads.js';
import { differencesFrom } from './reference.js';
import { inSharedMemory, randomMatrix, randomRows, rejectionOf, turn } from './support.js';

const { alive } = watchThreads();
const DISPOSED = { code: 'Disposed', message: /the indexer was disposed; make a new one/ };
const few = randomRows(10, 16);
const some = randomRows(400, 16);
const many = inSharedMemory(randomMatrix(60_000, 256));

test('after dispose no thread is left and every call rejects', async () => {
  const indexer = new MonitoredParallelIndexer(3);
  await indexer.indexVectorsMonitored(some);
  await indexer.indexer.measureMemory();
  expect(alive.size).toBe(3);
  await indexer.dispose();
  expect(alive.size).toBe(0);
  await expect(indexer.indexVectorsMonitored(some)).rejects.toMatchObject(DISPOSED);
  await expect(indexer.indexVectorsMonitored(few)).rejects.toMatchObject(DISPOSED);
  await expect(indexer.indexVectorsMonitored([])).rejects.toMatchObject(DISPOSED);
  await expect(indexer.indexer.indexVectors(few)).rejects.toMatchObject(DISPOSED);
  await expect(indexer.ready()).rejects.toMatchObject(DISPOSED);
  await expect(indexer.indexer.measureMemory()).rejects.toMatchObject(DISPOSED);
  expect(() => indexer.allocate(1, 1)).toThrow(/disposed/);
  expect(indexer.getMonitoringStats().globalStats.totalIndexes).toBe(400);
  expect(alive.size).toBe(0);
});

test('results stay readable after their indexer is disposed, and can be disposed too', async () => {
  const indexer = new MonitoredParallelIndexer(2);
  const result = await indexer.indexVectorsMonitored(some);
  await indexer.dispose();
  expect(differencesFrom(some, result)).toEqual([]);
  result.dispose();
  expect(() => result.vectors.get(0)).toThrow(/disposed/);
});

test('runs under way and waiting reject, and every dispose waits until the threads are gone', async () => {
  const indexer = new MonitoredParallelIndexer(2);
  await indexer.ready();
  const runs = [many, some, few, many].map((vectors) => rejectionOf(indexer.indexVectorsMonitored(vectors)));
  await turn();
  const disposals = [indexer.dispose(), indexer.dispose(), indexer[asyncDisposeSymbol]()].map((disposal) =>
    disposal.then(() => alive.size),
  );
  expect(await Promise.all(disposals)).toEqual([0, 0, 0]);
  const [long, waiting, , last] = await Promise.all(runs);
  for (const rejection of [long, waiting, last]) expect(rejection).toMatchObject(DISPOSED);
});

test('await using ends the threads of either indexer', async () => {
  for (const Indexer of [MonitoredParallelIndexer, ParallelIndexer]) {
    {
      await using indexer = new Indexer(2);
      await indexer.ready();
      expect(alive.size).toBe(2);
    }
    expect(alive.size).toBe(0);
  }
});

test('runs, done, refused and aborted, leave no listener with the threads', async () => {
  const indexer = new MonitoredParallelIndexer(3);
  const listeners = () => [...alive].map((worker) => worker.eventNames().map((name) => worker.listenerCount(name)));
  await indexer.indexVectorsMonitored(some);
  const before = listeners();
  expect(before).toHaveLength(3);
  for (let round = 0; round < 20; round++) {
    await indexer.indexVectorsMonitored(some);
    await rejectionOf(indexer.indexVectorsMonitored([...some, new Float32Array(16)]));
    const controller = new AbortController();
    const aborted = rejectionOf(indexer.indexVectorsMonitored(many, { signal: controller.signal }));
    await turn();
    controller.abort('stop');
    expect(await aborted).toBe('stop');
  }
  expect(listeners()).toEqual(before);
  await indexer.dispose();
});

test('disposing an indexer that never ran starts nothing', async () => {
  await new MonitoredParallelIndexer(4).dispose();
  expect(alive.size).toBe(0);
});

test.each([0, 1, 2, 5])('dispose %d turns after ready() or a run was called leaves no thread behind', async (turns) => {
  for (const call of ['ready', 'run'] as const) {
    const indexer = new MonitoredParallelIndexer(2);
    const pending = rejectionOf(call === 'ready' ? indexer.ready() : indexer.indexVectorsMonitored(many));
    for (let i = 0; i < turns; i++) await turn();
    await indexer.dispose();
    expect(await pending).toMatchObject(DISPOSED);
    // A thread started after dispose would show itself here.
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(alive.size).toBe(0);
  }
});

test.each(['missing.mjs', 'throws-at-start.mjs'])('dispose after a worker file failed (%s) resolves', async (name) => {
  const worker = fileURLToPath(new URL(`./workers/${name}`, import.meta.url));
  for (let round = 0; round < 5; round++) {
    const indexer = new MonitoredParallelIndexer(2, {}, { worker });
    await expect(indexer.ready()).rejects.toMatchObject({ code: 'ThreadPanic' });
    await indexer.dispose();
    expect(alive.size).toBe(0);
  }
});

test('runs take their turns in the order of the calls, whatever their sizes', async () => {
  const indexer = new MonitoredParallelIndexer(4);
  const sizes = [20_000, 60, 30_000, 100, 70];
  const done: number[] = [];
  // Fewer than 50 per thread, but long: they wait for their turn like the others.
  const sources = sizes.map((count) => randomMatrix(count, count < 200 ? 16_384 : 64));
  await Promise.all(
    sources.map(async (source, i) => {
      await indexer.indexVectorsMonitored(source);
      done.push(sizes[i]!);
    }),
  );
  expect(done).toEqual(sizes);
  await indexer.dispose();
});
