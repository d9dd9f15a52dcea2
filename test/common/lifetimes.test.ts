import { MonitoredParallelIndexer } from 'simdex';
import { expect, test } from 'vitest';
import { differencesFrom } from '../indexing/reference.js';
import { countedBy, endOf, randomMatrix, randomRows, rejectionOf } from '../indexing/support.js';
import { createIndexer, environment, turn } from './environment.js';

const few = randomRows(10, 16);
const some = randomRows(3000, 32);
const many = randomMatrix(40_000, 128);
const DISPOSED = { code: 'Disposed', message: /the indexer was disposed; make a new one/ };

test('a signal that is aborted already ends a run before it begins', async () => {
  const indexer = createIndexer();
  const reason = new Error('changed my mind');
  for (const vectors of [few, some]) {
    const run = indexer.indexVectorsMonitored(vectors, { signal: AbortSignal.abort(reason) });
    expect(await rejectionOf(run)).toBe(reason);
  }
  expect(countedBy(indexer)).toEqual({ total: 0, threads: 0 });
});

test.each([500, 40_000])(
  'an abort in batches of %d: whole batches count, and the next run has its room',
  async (batchSize) => {
    const indexer = createIndexer({ maxMemoryBytes: 30e6 });
    await indexer.ready();
    for (let round = 0; round < 4; round++) {
      const before = countedBy(indexer).total;
      const controller = new AbortController();
      const end = endOf(indexer.indexVectorsMonitored(many, { signal: controller.signal, batchSize }));
      for (let i = 0; i < round; i++) await turn();
      const reason = { round };
      controller.abort(reason);
      // Turns last long on a busy machine: a run may be done before it is aborted. The first never is.
      const done = (await end) === 'done';
      if (!done || round === 0) expect(await end).toBe(reason);
      const { total, threads } = countedBy(indexer);
      expect(threads).toBe(total);
      expect((total - before) % batchSize).toBe(0);
      expect(total - before === 40_000).toBe(done);
    }
    // One run takes 21 of the 30 MB: it would find no room if an aborted one had kept its memory.
    expect((await indexer.indexVectorsMonitored(many)).indexedCount).toBe(40_000);
  },
);

test('runs take their turns; one that waits is aborted at once', async () => {
  const indexer = createIndexer();
  const order: string[] = [];
  const controller = new AbortController();
  const first = indexer.indexVectorsMonitored(many).then(() => order.push('first'));
  const waiting = rejectionOf(indexer.indexVectorsMonitored(some, { signal: controller.signal })).then((reason) => {
    order.push('waiting');
    return reason;
  });
  // As long as the first: a long call makes way for short ones.
  const last = indexer.indexVectorsMonitored(many).then(() => order.push('last'));
  controller.abort('no longer');
  expect(await waiting).toBe('no longer');
  await Promise.all([first, last]);
  expect(order).toEqual(['waiting', 'first', 'last']);
  expect(countedBy(indexer).total).toBe(80_000);
});

test('the calling thread has its turns while a run lasts', async () => {
  const indexer = createIndexer();
  let running = true;
  let turns = 0;
  const run = indexer.indexVectorsMonitored(many).finally(() => {
    running = false;
  });
  while (running) {
    await turn();
    turns++;
  }
  await run;
  expect(turns).toBeGreaterThan(3);
});

test('after dispose every call rejects and results stay readable', async () => {
  const indexer = new MonitoredParallelIndexer(2, {}, { kernel: environment.kernel });
  const result = await indexer.indexVectorsMonitored(some);
  await indexer.dispose();
  await indexer.dispose();
  await expect(indexer.indexVectorsMonitored(some)).rejects.toMatchObject(DISPOSED);
  await expect(indexer.indexVectorsMonitored(few)).rejects.toMatchObject(DISPOSED);
  await expect(indexer.ready()).rejects.toMatchObject(DISPOSED);
  expect(() => indexer.allocate(1, 1)).toThrow(/disposed/);
  expect(differencesFrom(some, result)).toEqual([]);
  expect(indexer.monitor.getStats().totalIndexes).toBe(3000);
  const copy = result.vectors.copy();
  result.dispose();
  expect(() => result.vectors.get(0)).toThrow(/disposed/);
  expect(copy.get(2999)!.normalized.length).toBe(32);
});

test.each([0, 1, 3])('dispose %d turns into a run ends it', async (turns) => {
  const indexer = new MonitoredParallelIndexer(2, {}, { kernel: environment.kernel });
  const runs = [many, some].map((vectors) => rejectionOf(indexer.indexVectorsMonitored(vectors)));
  for (let i = 0; i < turns; i++) await turn();
  await indexer.dispose();
  for (const run of runs) expect(await run).toMatchObject(DISPOSED);
});

test('a disposed result gives its memory to the next run', async () => {
  const indexer = createIndexer();
  const first = await indexer.indexVectorsMonitored(many);
  const { buffer } = first.vectors.matrix.data;
  first.dispose();
  const second = await indexer.indexVectorsMonitored(many);
  expect(second.vectors.matrix.data.buffer).toBe(buffer);
});
