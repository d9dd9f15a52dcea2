/**
 * All threads, or some, killed from outside: while rows are copied in, between runs, while a run is aborted.
 */
import { expect, test } from 'vitest';
import { watchThreads } from '../engine/threads.js';
import { isSame, terminate } from './killing.js';
import { differencesFrom } from './reference.js';
import { countedBy, createIndexer, inSharedMemory, randomMatrix, rowsOf, turn } from './support.js';

const threads = watchThreads();

const matrix = randomMatrix(6000, 200);
const rows = rowsOf(matrix);
const shared = inSharedMemory(matrix);

test('all threads killed while rows are copied in: the run ends right', async () => {
  const indexer = createIndexer(3);
  // 80 MB take several turns to copy.
  const large = randomMatrix(10_000, 2000);
  const expected = await indexer.indexVectorsMonitored(large, { order: 'original' });
  for (let round = 0; round < 6; round++) {
    const run = indexer.indexVectorsMonitored(large, { order: 'original' });
    for (let i = 0; i < 2 + round; i++) await turn();
    for (const worker of threads.alive) terminate(threads, worker);
    const result = await run;
    expect(isSame(result, expected)).toBe(true);
    result.dispose();
    expect(countedBy(indexer).total).toBe(10_000 * (round + 2));
  }
});

test('threads killed while idle are there again for the next run', async () => {
  const indexer = createIndexer(3);
  await indexer.ready();
  for (let round = 0; round < 5; round++) {
    const killed = [...threads.alive].slice(0, 1 + (round % 3)).map((worker) => terminate(threads, worker));
    if (round % 2 === 0) await Promise.all(killed);
    expect(differencesFrom(rows, await indexer.indexVectorsMonitored(shared))).toEqual([]);
  }
  expect(countedBy(indexer)).toEqual({ total: 30_000, threads: 30_000 });
});

test('threads killed while a run is aborted: it rejects with the reason, and its memory is free again', async () => {
  const indexer = createIndexer(3, { maxMemoryBytes: 8e6 });
  await indexer.ready();
  for (let round = 0; round < 20; round++) {
    const controller = new AbortController();
    const run = indexer.indexVectorsMonitored(shared, { signal: controller.signal, batchSize: 50 });
    const rejection = run.catch((reason) => reason);
    for (let i = 0; i < round % 7; i++) await turn();
    const killed = terminate(threads, [...threads.alive][round % threads.alive.size]);
    controller.abort('stop');
    const outcome = await rejection;
    if (outcome !== 'stop') (await run).dispose();
    await killed;
  }
  // 4.8 MB of the 8 are needed.
  expect(differencesFrom(rows, await indexer.indexVectorsMonitored(shared))).toEqual([]);
});
