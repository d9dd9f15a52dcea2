/**
 * Threads that exit at random batches: nothing is lost, and most runs survive.
 */
import { afterEach, expect, test } from 'vitest';
import { casesOf, seedOfTheDay } from '../seed.js';
import { failAtRandom, failNowhere, faultyWorker } from './fault.js';
import { differencesFrom } from './reference.js';
import { countedBy, createIndexer, randomMatrix, rowsOf } from './support.js';

afterEach(failNowhere);

const matrix = randomMatrix(1000, 64);
const rows = rowsOf(matrix);

test('threads that exit at random batches lose nothing', { timeout: 600_000 }, async () => {
  const runs = casesOf('worker-deaths', 100);
  const indexer = createIndexer(4, { worker: faultyWorker });
  let indexed = 0;
  let panics = 0;
  for (let run = 0; run < runs; run++) {
    failAtRandom('process.exit', 30, seedOfTheDay + run);
    try {
      const result = await indexer.indexVectorsMonitored(matrix, { batchSize: 25 });
      indexed += result.indexedCount;
      expect(differencesFrom(rows, result)).toEqual([]);
      result.dispose();
    } catch (error) {
      // Both threads that ran one batch happened to exit in it.
      expect(error).toMatchObject({
        code: 'ThreadPanic',
        message: expect.stringContaining('ended 2 worker threads'),
      });
      panics++;
      indexed = countedBy(indexer).total;
    }
    expect(countedBy(indexer)).toEqual({ total: indexed, threads: indexed });
  }
  expect(panics).toBeLessThan(runs / 2);
});
