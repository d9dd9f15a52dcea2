/**
 * Threads that die at every moment of a batch's life, once and twice: a call resolves with every row right, or rejects with
 * `ThreadPanic`. It never resolves with a batch undone.
 */
import { MonitoredParallelIndexer } from 'simdex';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type Death, deaths, dieAt, dieNowhere, dyingWorker, MOMENTS, type Moment, WAYS } from './dying.js';
import { differencesFrom } from './reference.js';
import {
  allocatedFor,
  countedBy,
  createIndexer,
  inSharedMemory,
  randomMatrix,
  rejectionOf,
  rowsOf,
} from './support.js';

afterEach(dieNowhere);

const indexers = new Map<string, MonitoredParallelIndexer>();
afterAll(() => Promise.all([...indexers.values()].map((indexer) => indexer.dispose())));

/** The same for all cases that ask for the same: threads take long to start. */
function indexerOf(threads: number, maxMemoryBytes?: number): MonitoredParallelIndexer {
  const key = `${threads} ${maxMemoryBytes}`;
  const known = indexers.get(key);
  if (known) return known;
  const indexer = new MonitoredParallelIndexer(threads, {}, { worker: dyingWorker, maxMemoryBytes });
  indexers.set(key, indexer);
  return indexer;
}

const matrix = randomMatrix(2000, 40);
const rows = rowsOf(matrix);
const sources = { ordinary: matrix, shared: inSharedMemory(matrix, 3) };
const batchSize = 100;

/** Threads wait for rows, and are asked to yield, only in some runs. */
const BY_CHANCE: readonly Moment[] = ['while it waits for rows', 'when it is asked to yield'];
const CERTAIN = MOMENTS.filter((moment) => !BY_CHANCE.includes(moment));
const OF_A_BATCH: readonly Moment[] = ['before a claim', 'after a claim', 'in a unit', 'before the end of a unit'];
/** The batch belongs to the thread then, so its death counts against the batch. */
const CLAIMED: readonly Moment[] = ['after a claim', 'in a unit', 'before the end of a unit'];

const cases = CERTAIN.flatMap((moment) => WAYS.map((way) => [moment, way] as const));

test.each(cases)('one death %s (%s) loses nothing and counts nothing twice', async (moment, way) => {
  for (const threads of [1, 3]) {
    const indexer = indexerOf(threads);
    let indexed = countedBy(indexer).total;
    for (const source of Object.values(sources)) {
      for (const skip of [0, threads]) {
        dieAt({ moment, way, skip: moment.endsWith('task') ? 0 : skip });
        const result = await indexer.indexVectorsMonitored(source, { batchSize });
        expect(differencesFrom(rows, result)).toEqual([]);
        expect(deaths()).toBe(1);
        indexed += result.indexedCount;
        result.dispose();
      }
    }
    expect(countedBy(indexer)).toEqual({ total: indexed, threads: indexed });
  }
});

const twice = OF_A_BATCH.flatMap((moment) => WAYS.map((way) => [moment, way] as const));

test.each(twice)('two deaths %s of the same batch (%s) leave no row undone', async (moment, way) => {
  for (const threads of [1, 3]) {
    const indexer = indexerOf(threads, 450_000);
    // Threads that exit take long to replace.
    for (const unit of way === 'exit' ? [7] : [0, 1, 7, 19]) {
      const before = countedBy(indexer).total;
      dieAt({ moment, way, unit, times: 2 });
      const run = indexer.indexVectorsMonitored(sources.shared, { batchSize });
      if (CLAIMED.includes(moment)) {
        expect(await rejectionOf(run)).toMatchObject({
          code: 'ThreadPanic',
          message: expect.stringContaining(`batch ${unit} (100 vectors) ended 2 worker threads`),
        });
      } else {
        const result = await run;
        expect(differencesFrom(rows, result)).toEqual([]);
        result.dispose();
      }
      expect(deaths()).toBe(2);
      const { total, threads: perThread } = countedBy(indexer);
      expect(perThread).toBe(total);
      expect((total - before) % batchSize).toBe(0);
      // 450 kB are allowed and 393 are needed: a failed call has given its memory back.
      dieNowhere();
      const result = await indexer.indexVectorsMonitored(sources.shared);
      expect(differencesFrom(rows, result)).toEqual([]);
      result.dispose();
    }
  }
});

test('deaths of one batch at two moments count together', async () => {
  const indexer = createIndexer(2, { worker: dyingWorker });
  for (const [first, second] of [
    ['after a claim', 'in a unit'],
    ['before the end of a unit', 'after a claim'],
  ] as const) {
    dieAt({ moment: first, unit: 5 });
    const run = rejectionOf(indexer.indexVectorsMonitored(sources.shared, { batchSize }));
    while (deaths() === 0) await new Promise((resolve) => setImmediate(resolve));
    dieAt({ moment: second, unit: 5 });
    expect(await run).toMatchObject({ code: 'ThreadPanic', message: expect.stringContaining('batch 5 ') });
  }
});

test('a death of a batch and one before the next claim are told apart', async () => {
  const indexer = createIndexer(1, { worker: dyingWorker });
  // The second thread dies before it has claimed anything: that is no death of the batch.
  for (const unit of [3, 4]) {
    dieAt({ moment: 'in a unit', unit });
    const run = indexer.indexVectorsMonitored(sources.shared, { batchSize });
    while (deaths() === 0) await new Promise((resolve) => setImmediate(resolve));
    dieAt({ moment: 'before a claim', times: 1 });
    expect(differencesFrom(rows, await run)).toEqual([]);
    expect(deaths()).toBe(1);
  }
});

test('a thread may die after every batch', async () => {
  const indexer = createIndexer(3, { worker: dyingWorker });
  dieAt({ moment: 'after the end of a unit', times: 20 });
  const result = await indexer.indexVectorsMonitored(sources.shared, { batchSize });
  expect(differencesFrom(rows, result)).toEqual([]);
  expect(deaths()).toBe(20);
  expect(countedBy(indexer)).toEqual({ total: 2000, threads: 2000 });
});

test('threads that die while they wait for rows are replaced', async () => {
  const indexer = createIndexer(3, { worker: dyingWorker });
  // 64 MB take the calling thread several turns to copy in, and threads wait meanwhile.
  const large = randomMatrix(8000, 2000);
  const expected = await indexer.indexVectorsMonitored(large, { order: 'original' });
  const magnitudes = expected.vectors.magnitudes.slice();
  expected.dispose();
  for (const way of WAYS) {
    dieAt({ moment: 'while it waits for rows', way, times: 2 });
    const result = await indexer.indexVectorsMonitored(large, { order: 'original' });
    expect(deaths()).toBeGreaterThan(0);
    expect(result.vectors.magnitudes).toEqual(magnitudes);
    result.dispose();
  }
  expect(countedBy(indexer)).toEqual({ total: 24_000, threads: 24_000 });
});

test('a thread that dies when it is asked to make way: both calls are done', async () => {
  const indexer = createIndexer(2, { worker: dyingWorker });
  await indexer.ready();
  const long = inSharedMemory(randomMatrix(20_000, 256));
  // So that it is known to be long: long calls make way for short ones.
  (await indexer.indexVectorsMonitored(long)).dispose();
  (await indexer.indexVectorsMonitored(sources.shared, { batchSize })).dispose();
  for (const way of WAYS) {
    dieAt({ moment: 'when it is asked to yield', way, times: 2, holdMs: 2 });
    const first = indexer.indexVectorsMonitored(long, { batchSize: 200 });
    while (indexer.getMonitoringStats().busyThreads === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = indexer.indexVectorsMonitored(sources.shared, { batchSize });
    const [whole, short] = await Promise.all([first, second]);
    expect(deaths()).toBe(2);
    expect(whole.indexedCount).toBe(20_000);
    expect(whole.batchResults.reduce((sum, { processedCount }) => sum + processedCount, 0)).toBe(20_000);
    expect(differencesFrom(rows, short)).toEqual([]);
    whole.dispose();
    short.dispose();
  }
});

test('in place, a thread that dies after its claim leaves rows that are told', async () => {
  const indexer = createIndexer(2, { worker: dyingWorker });
  const death: Death = { moment: 'after a claim', unit: 4 };
  const allocated = allocatedFor(indexer, matrix);
  dieAt(death);
  const error = await rejectionOf(indexer.indexVectorsMonitored(allocated, { batchSize, inPlace: true }));
  expect(error).toMatchObject({ code: 'ThreadPanic', rows: { first: 400, last: 500 } });
  expect(deaths()).toBe(1);
});
