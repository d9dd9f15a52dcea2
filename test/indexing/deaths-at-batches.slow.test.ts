/**
 * Threads that die at a known batch: nothing is lost, nothing is counted twice, and what cannot be saved is told exactly.
 */
import { afterEach, expect, test } from 'vitest';
import { type Fault, failAtBatch, failNowhere, failures, faultyWorker } from './fault.js';
import { differencesFrom } from './reference.js';
import {
  allocatedFor,
  bitsOf,
  countedBy,
  createIndexer,
  inSharedMemory,
  randomMatrix,
  randomRows,
  rejectionOf,
  rowsOf,
} from './support.js';

afterEach(failNowhere);

const faults: Fault[] = ['process.exit', 'throw', 'stack overflow', 'uncaught error', 'foreign message'];
/** The first, the last, and some between. */
const BATCHES = [0, 1, 2, 7, 19];
const matrix = randomMatrix(1000, 64);
const rows = rowsOf(matrix);
const sources = { ordinary: matrix, shared: inSharedMemory(matrix, 5), ragged: [...rows, ...randomRows(300, 7)] };

test.each(faults)('a thread that fails once (%s) is replaced and its batch run again', async (fault) => {
  const indexer = createIndexer(3, { worker: faultyWorker });
  let indexed = 0;
  for (const source of Object.values(sources)) {
    for (const batch of BATCHES) {
      failAtBatch(fault, batch);
      const result = await indexer.indexVectorsMonitored(source, { batchSize: 50 });
      expect(failures(1)).toBe(1);
      indexed += result.indexedCount;
      expect(differencesFrom(Array.isArray(source) ? source : rows, result)).toEqual([]);
      result.dispose();
    }
  }
  expect(indexed).toBe(BATCHES.length * (1000 + 1000 + 1300));
  expect(countedBy(indexer)).toEqual({ total: indexed, threads: indexed });
});

test('the logger hears which thread died and of what', async () => {
  const warnings: string[] = [];
  const logger = { info: () => undefined, warn: (message: string) => warnings.push(message) };
  const indexer = createIndexer(3, { worker: faultyWorker, logger });
  failAtBatch('process.exit', 1);
  await indexer.indexVectorsMonitored(matrix, { batchSize: 50 });
  expect(warnings).toEqual([expect.stringMatching(/^Thread [012] died and is replaced \(.*exited with code \d+\)$/)]);
});

test.each<Fault>(['process.exit', 'throw', 'stack overflow'])(
  'a batch that ends two threads (%s) fails the run',
  async (fault) => {
    const indexer = createIndexer(3, { worker: faultyWorker, maxMemoryBytes: 600_000 });
    for (const batch of [0, 2, 11]) {
      const before = countedBy(indexer).total;
      failAtBatch(fault, batch, 1000);
      const error = await rejectionOf(indexer.indexVectorsMonitored(sources.shared, { batchSize: 50 }));
      expect(error).toMatchObject({
        code: 'ThreadPanic',
        threadId: expect.toSatisfy((id) => [0, 1, 2].includes(id as number)),
        cause: expect.any(Error),
      });
      expect(error.message).toMatch(
        new RegExp(
          `^Thread ${error['threadId']} panicked during indexing: batch ${batch} \\(50 vectors\\) ended 2 worker`,
        ),
      );
      expect(error['rows']).toBeUndefined();
      expect(failures(1000)).toBe(2);
      // The batches that were finished count, once.
      const { total, threads } = countedBy(indexer);
      expect(threads).toBe(total);
      expect((total - before) % 50).toBe(0);
      expect(total - before).toBeLessThan(1000);
      // 320 kB of the 600 are needed: the failed run has given its memory back.
      failNowhere();
      const result = await indexer.indexVectorsMonitored(sources.shared);
      expect(differencesFrom(rows, result)).toEqual([]);
      result.dispose();
    }
  },
);

test.each<Fault>(['process.exit', 'throw', 'uncaught error'])(
  'in place, the rows a dead thread leaves (%s) are told',
  async (fault) => {
    const indexer = createIndexer(3, { worker: faultyWorker });
    const expected = bitsOf(await indexer.indexVectorsMonitored(matrix));
    for (const batch of BATCHES) {
      const allocated = allocatedFor(indexer, matrix);
      const before = countedBy(indexer).total;
      failAtBatch(fault, batch);
      const run = indexer.indexVectorsMonitored(allocated, { batchSize: 50, inPlace: true });
      if (fault === 'uncaught error') {
        // The thread had finished the batch by the time it died.
        expect(bitsOf(await run)).toEqual(expected);
        continue;
      }
      const error = await rejectionOf(run);
      const rowRange = { first: 50 * batch, last: 50 * batch + 50 };
      expect(error).toMatchObject({ code: 'ThreadPanic', rows: rowRange, threadId: expect.any(Number) });
      expect(error.message).toContain(`rows ${rowRange.first} to ${rowRange.last - 1} were overwritten in place`);
      expect(countedBy(indexer).total - before).toBe(950);
      const reference = await indexer.indexVectorsMonitored(matrix);
      const wrong = rows
        .map((_, i) => i)
        .filter((i) => {
          const row = allocated.data.subarray(64 * i, 64 * i + 64);
          return !row.every((component, at) => component === reference.vectors.get(i)!.normalized[at]);
        });
      expect(wrong.every((i) => i >= rowRange.first && i < rowRange.last)).toBe(true);
    }
  },
);

test.each<Fault>(['process.exit', 'throw', 'stack overflow'])(
  'in place, rows that can be restored are indexed again after a thread died (%s)',
  async (fault) => {
    const indexer = createIndexer(3, { worker: faultyWorker });
    for (const batch of BATCHES) {
      const allocated = allocatedFor(indexer, matrix);
      const before = countedBy(indexer).total;
      const restored: unknown[] = [];
      failAtBatch(fault, batch);
      const result = await indexer.indexVectorsMonitored(allocated, {
        batchSize: 50,
        inPlace: true,
        restore: async ({ first, last }, given) => {
          expect(given).toBe(allocated);
          restored.push({ first, last });
          // With twice what they were: the result shows that it is these rows which were indexed.
          for (let at = 64 * first; at < 64 * last; at++) allocated.data[at] = 2 * matrix.data[at]!;
        },
      });
      expect(restored).toEqual([{ first: 50 * batch, last: 50 * batch + 50 }]);
      const expected = rows.map((row, i) =>
        Math.floor(i / 50) === batch ? row.map((component) => 2 * component) : row,
      );
      expect(differencesFrom(expected, result)).toEqual([]);
      expect(countedBy(indexer).total - before).toBe(1000);
    }
  },
);

test('in place, what cannot be restored fails the run with the reason', async () => {
  const indexer = createIndexer(3, { worker: faultyWorker });
  const allocated = allocatedFor(indexer, matrix);
  failAtBatch('throw', 5);
  const reason = new Error('the disk is gone');
  const restore = () => Promise.reject(reason);
  const run = indexer.indexVectorsMonitored(allocated, { batchSize: 50, inPlace: true, restore });
  expect(await rejectionOf(run)).toBe(reason);
  allocated.data.set(matrix.data);
  expect(differencesFrom(rows, await indexer.indexVectorsMonitored(allocated, { inPlace: true }))).toEqual([]);
});

test.each<Fault>(['exit at start', 'throw at start'])(
  'threads that do not start at first (%s) are replaced',
  async (fault) => {
    failAtBatch(fault, 0, 4);
    const indexer = createIndexer(3, { worker: faultyWorker });
    expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows))).toEqual([]);
    expect(countedBy(indexer)).toEqual({ total: 1000, threads: 1000 });
  },
);

test.each<Fault>(['exit at start', 'throw at start'])(
  'threads that never start (%s) fail the run, not the indexer',
  async (fault) => {
    failAtBatch(fault, 0, 1e9);
    const indexer = createIndexer(3, { worker: faultyWorker });
    for (let round = 0; round < 3; round++) {
      await expect(indexer.indexVectorsMonitored(rows)).rejects.toMatchObject({
        code: 'ThreadPanic',
        threadId: expect.any(Number),
        message: expect.stringMatching(
          /died 8 times before it claimed a batch \(.*(exited with code 4|thrown while it loads)/,
        ),
      });
      await expect(indexer.ready()).rejects.toMatchObject({ code: 'ThreadPanic' });
    }
    failNowhere();
    expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows))).toEqual([]);
  },
);

test('a worker file that is missing is named', async () => {
  const worker = new URL('./workers/missing.mjs', import.meta.url);
  const indexer = createIndexer(2, { worker });
  await expect(indexer.ready()).rejects.toMatchObject({
    code: 'ThreadPanic',
    message: expect.stringContaining('missing.mjs'),
  });
  await expect(indexer.indexVectorsMonitored(rows)).rejects.toMatchObject({
    code: 'ThreadPanic',
    message: expect.stringContaining('missing.mjs'),
  });
  // Few vectors need no thread.
  expect((await indexer.indexVectorsMonitored(rows.slice(0, 10))).indexedCount).toBe(10);
});
