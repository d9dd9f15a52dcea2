/**
 * Threads killed from outside at random moments of very many runs.
 */
import { IndexingError, type IndexingResult, type MonitoredParallelIndexer, type VectorSource } from 'simdex';
import { expect, test } from 'vitest';
import { watchThreads } from '../engine/threads.js';
import { casesOf, seedOfTheDay } from '../seed.js';
import { isSame, killDuring } from './killing.js';
import { differencesFrom } from './reference.js';
import { countedBy, createIndexer, inSharedMemory, randomMatrix, rowsOf, seededRandom } from './support.js';

const threads = watchThreads();

const matrix = randomMatrix(6000, 200);
const rows = rowsOf(matrix);
const shared = inSharedMemory(matrix);

/** Vectors indexed, 0 where two threads happened to be killed in one batch. */
async function runWithKills(
  indexer: MonitoredParallelIndexer,
  source: VectorSource,
  seed: number,
  expected: IndexingResult,
): Promise<number> {
  const random = seededRandom(seed);
  const run = indexer.indexVectorsMonitored(source, { batchSize: 20 + Math.floor(random() * 400) });
  const [result] = await Promise.all([
    run.catch((error) => error as unknown),
    killDuring(threads, run, random, 1 + Math.floor(random() * 4)),
  ]);
  if (result instanceof IndexingError) {
    expect(result).toMatchObject({ code: 'ThreadPanic', message: expect.stringContaining('ended 2 worker threads') });
    return 0;
  }
  if (result instanceof Error) throw result;
  const indexed = result as Awaited<typeof run>;
  expect(isSame(indexed, expected)).toBe(true);
  expect(indexed.batchResults.reduce((sum, { processedCount }) => sum + processedCount, 0)).toBe(6000);
  indexed.dispose();
  return indexed.indexedCount;
}

test.each([
  ['shared', shared, 1],
  ['ordinary', rows, 2],
])(
  'threads killed at random moments of runs of %s vectors lose nothing',
  { timeout: 600_000 },
  async (kind, source, seed) => {
    const runs = casesOf(`worker-kills, ${kind} vectors`, 500);
    const indexer = createIndexer(4);
    const expected = await indexer.indexVectorsMonitored(source);
    expect(differencesFrom(rows, expected)).toEqual([]);
    let panics = 0;
    for (let run = 0; run < runs; run++) {
      const before = countedBy(indexer).total;
      const indexed = await runWithKills(indexer, source, seedOfTheDay + 1000 * seed + run, expected);
      const counted = countedBy(indexer);
      expect(counted.threads).toBe(counted.total);
      if (indexed > 0) expect(counted.total - before).toBe(indexed);
      else panics++;
    }
    expect(panics).toBeLessThan(runs / 4);
    expect(threads.alive.size).toBeLessThanOrEqual(4);
  },
);
