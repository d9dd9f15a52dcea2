/**
 * One engine that 10 indexers share, all busy at random, aborted and disposed: right results, and nothing is left.
 */
import type { Worker } from 'node:worker_threads';
import { Engine, ParallelIndexer } from 'simdex';
import { expect, test } from 'vitest';
import { differencesFrom } from '../indexing/reference.js';
import { inSharedMemory, randomMatrix, rowsOf, seededRandom } from '../indexing/support.js';
import { casesOf, seedOfTheDay } from '../seed.js';

const MOST_BYTES = 2 ** 24;
const pool = randomMatrix(3000, 24);
const rows = rowsOf(pool);

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

test('10 indexers on one engine, busy, aborted and disposed at random', { timeout: 3_600_000 }, async () => {
  const rounds = casesOf('sharing', 500);
  const random = seededRandom(seedOfTheDay);
  const below = (bound: number) => Math.floor(random() * bound);
  const alive = new Set<Worker>();
  let started = 0;
  const watch = (worker: Worker) => {
    started++;
    alive.add(worker);
    worker.once('exit', () => alive.delete(worker));
  };
  process.on('worker', watch);
  const engine = new Engine({ threads: 4, maxMemoryBytes: MOST_BYTES });
  const make = () => new ParallelIndexer(1 + below(4), { engine });
  const indexers = Array.from({ length: 10 }, make);

  /** One call; gives what was wrong with its end. */
  async function call(indexer: ParallelIndexer, wasDisposed: () => boolean): Promise<string[]> {
    const first = below(2000);
    const count = 1 + below(1000);
    const controller = new AbortController();
    const { signal } = controller;
    const source =
      random() < 0.3
        ? inSharedMemory({ data: pool.data.subarray(24 * first, 24 * (first + count)), dims: 24 })
        : rows.slice(first, first + count);
    const order = random() < 0.5 ? 'sorted' : 'original';
    const run = indexer.indexVectors(source, { signal, order });
    if (random() < 0.2) turns(below(10)).then(() => controller.abort('stop'));
    try {
      const result = await run;
      const faults = differencesFrom(rows.slice(first, first + count), result).slice(0, 2);
      result.dispose();
      return faults;
    } catch (error) {
      if (error === 'stop') return signal.aborted ? [] : ['stopped without an abort'];
      return wasDisposed() && String(error).includes('the indexer was disposed') ? [] : [String(error)];
    }
  }

  for (let round = 0; round < rounds; round++) {
    const disposed = new Set<ParallelIndexer>();
    const calls = Array.from({ length: 20 }, () => {
      const indexer = indexers[below(10)]!;
      return call(indexer, () => disposed.has(indexer));
    });
    if (random() < 0.5) {
      await turns(below(6));
      const at = below(10);
      const leaving = indexers[at]!;
      disposed.add(leaving);
      indexers[at] = make();
      await leaving.dispose();
    }
    const faults = (await Promise.all(calls)).flat();
    expect(faults, `round ${round} of SIMDEX_SEED=${seedOfTheDay}`).toEqual([]);
    expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  }
  // Nearly all of the memory is to be had, once the last threads have answered.
  (await indexers[0]!.indexVectors(rows)).dispose();
  indexers[0]!.allocate(16_000, 250).dispose();
  await engine.dispose();
  process.off('worker', watch);
  expect(started).toBe(4);
  expect(alive.size).toBe(0);
});
