/**
 * After an abort a thread may still be in its last slice. The memory it writes to is used again only when it has answered.
 */
import type { IndexingProgress } from 'simdex';
import { afterEach, expect, test } from 'vitest';
import { failAtBatch, failNowhere, faultyWorker, held, release } from './fault.js';
import { allocatedFor, countedBy, createIndexer, inSharedMemory, randomMatrix, rejectionOf } from './support.js';

afterEach(failNowhere);

const matrix = inSharedMemory(randomMatrix(1000, 64));

/** Starts a run of which one batch is held by its thread until `release`, and aborts it meanwhile. */
async function abortWhileHeld(run: (signal: AbortSignal) => Promise<unknown>, others?: Promise<void>): Promise<void> {
  failAtBatch('held', 0);
  const controller = new AbortController();
  const rejection = rejectionOf(run(controller.signal));
  await held();
  await others;
  controller.abort('stop');
  expect(await rejection).toBe('stop');
}

test.each(['inPlace', 'into'] as const)(
  'a matrix disposed after an abort (%s) is not handed out while a thread may write to it',
  async (use) => {
    const indexer = createIndexer(2, { worker: faultyWorker });
    await indexer.ready();
    const allocated = allocatedFor(indexer, matrix);
    await abortWhileHeld((signal) =>
      use === 'inPlace'
        ? indexer.indexVectorsMonitored(allocated, { signal, inPlace: true })
        : indexer.indexVectorsMonitored(matrix, { signal, into: allocated }),
    );
    allocated.dispose();
    expect(indexer.getMonitoringStats().busyThreads).toBe(2);
    expect(indexer.allocate(1000, 64).data.buffer).not.toBe(allocated.data.buffer);
    // The next run waits for the threads; after it the memory is free.
    release();
    (await indexer.indexVectorsMonitored(randomMatrix(200, 4))).dispose();
    expect(indexer.allocate(1000, 64).data.buffer).toBe(allocated.data.buffer);
  },
);

test('the memory of an aborted run is not handed out before its threads have answered', async () => {
  // Room for one run at a time.
  const indexer = createIndexer(2, { worker: faultyWorker, maxMemoryBytes: 500_000 });
  await indexer.ready();
  await abortWhileHeld((signal) => indexer.indexVectorsMonitored(matrix, { signal }));
  expect(indexer.getMonitoringStats().busyThreads).toBe(2);
  expect(() => indexer.allocate(1000, 64)).toThrow(expect.objectContaining({ code: 'InsufficientMemory' }));
  release();
  const next = await indexer.indexVectorsMonitored(matrix);
  expect(next.indexedCount).toBe(1000);
  expect(indexer.getMonitoringStats().busyThreads).toBe(0);
});

test('a batch that ends after its run was aborted is not counted', async () => {
  const indexer = createIndexer(2, { worker: faultyWorker });
  await indexer.ready();
  let tellDone = (): void => undefined;
  const otherDone = new Promise<void>((resolve) => {
    tellDone = resolve;
  });
  const onProgress = ({ processed }: IndexingProgress) => processed === 500 && tellDone();
  await abortWhileHeld(
    (signal) => indexer.indexVectorsMonitored(matrix, { signal, batchSize: 500, onProgress }),
    otherDone,
  );
  const { total, threads } = countedBy(indexer);
  expect(threads).toBe(total);
  expect(total).toBe(500);
  release();
  await indexer.indexVectorsMonitored(matrix);
  expect(countedBy(indexer)).toEqual({ total: 1500, threads: 1500 });
});

test('whenever a call is aborted before it begins, its memory is given back', async () => {
  const indexer = createIndexer(2, { maxMemoryBytes: 2 ** 26 });
  await indexer.ready();
  // The engine is busy with it for longer than an abort waits for threads.
  const long = inSharedMemory(randomMatrix(200_000, 24));
  for (let microtasks = 0; microtasks < 40; microtasks++) {
    const controller = new AbortController();
    const before = indexer.indexVectorsMonitored(long);
    const run = rejectionOf(indexer.indexVectorsMonitored(matrix, { signal: controller.signal }));
    for (let i = 0; i < microtasks; i++) await null;
    controller.abort('stop');
    expect(await run).toBe('stop');
    (await before).dispose();
  }
  indexer.allocate(16_700, 1000).dispose();
});
