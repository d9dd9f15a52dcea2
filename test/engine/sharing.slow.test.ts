/**
 * One engine that 10 indexers and 1,000 indexes share, all busy at random, aborted and disposed: right results, and nothing is left.
 */
import { Engine, ParallelIndexer } from 'simdex';
import { expect, test } from 'vitest';
import { differencesFrom } from '../indexing/reference.js';
import { inSharedMemory, randomMatrix, rowsOf, seededRandom, turn } from '../indexing/support.js';
import { casesOf, seedOfTheDay } from '../seed.js';
import { BusyIndex } from './busy-index.js';
import { watchThreads } from './threads.js';

const DIMS = 24;
const threads = watchThreads();
const pool = randomMatrix(3000, DIMS);
const rows = rowsOf(pool);
const random = seededRandom(seedOfTheDay);
const below = (bound: number) => Math.floor(random() * bound);

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await turn();
};

/** Indexers of an engine: some are disposed, and others take their places. */
class BusyIndexers {
  readonly #engine: Engine;
  readonly #indexers: ParallelIndexer[];
  readonly #disposed = new WeakSet<ParallelIndexer>();

  constructor(engine: Engine, count: number) {
    this.#engine = engine;
    this.#indexers = Array.from({ length: count }, () => this.#make());
  }

  #make(): ParallelIndexer {
    return new ParallelIndexer(1 + below(4), { engine: this.#engine });
  }

  /** One call; gives what was wrong with its end. */
  async call(): Promise<string[]> {
    const indexer = this.#indexers[below(this.#indexers.length)]!;
    const first = below(2000);
    const count = 1 + below(1000);
    const controller = new AbortController();
    const { signal } = controller;
    const source =
      random() < 0.3
        ? inSharedMemory({ data: pool.data.subarray(DIMS * first, DIMS * (first + count)), dims: DIMS })
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
      const isDisposed = this.#disposed.has(indexer) && String(error).includes('the indexer was disposed');
      return isDisposed ? [] : [String(error)];
    }
  }

  async replaceOne(): Promise<void> {
    const at = below(this.#indexers.length);
    const leaving = this.#indexers[at]!;
    this.#disposed.add(leaving);
    this.#indexers[at] = this.#make();
    await leaving.dispose();
  }
}

/** Nearly all of the memory is to be had, no call waits, and no thread was started but those of the engine. */
async function expectNothingLeft(engine: Engine, mostBytes: number) {
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  const indexer = new ParallelIndexer('auto', { engine });
  // The last threads have answered then.
  (await indexer.indexVectors(rows)).dispose();
  const parts = Array.from({ length: 5 }, () => indexer.allocate(Math.floor((0.19 * mostBytes) / 1000), 250));
  for (const part of parts) part.dispose();
  await engine.dispose();
  expect([threads.started, threads.alive.size]).toEqual([engine.threads, 0]);
}

test('10 indexers on one engine, busy, aborted and disposed at random', { timeout: 3_600_000 }, async () => {
  const rounds = casesOf('sharing', 500);
  const mostBytes = 2 ** 24;
  const engine = new Engine({ threads: 4, maxMemoryBytes: mostBytes });
  const indexers = new BusyIndexers(engine, 10);
  for (let round = 0; round < rounds; round++) {
    const calls = Array.from({ length: 20 }, () => indexers.call());
    if (random() < 0.5) {
      await turns(below(6));
      await indexers.replaceOne();
    }
    const faults = (await Promise.all(calls)).flat();
    expect(faults, `round ${round} of SIMDEX_SEED=${seedOfTheDay}`).toEqual([]);
    expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  }
  await expectNothingLeft(engine, mostBytes);
});

test('1,000 indexes and 10 indexers on one engine, the same', { timeout: 3_600_000 }, async () => {
  const rounds = casesOf('sharing with indexes', 40);
  // An index has room for more rows than it has, and places where every thread works: 7 MiB, few of them ever touched.
  const mostBytes = 2 ** 33;
  const engine = new Engine({ threads: 4, maxMemoryBytes: mostBytes });
  const indexers = new BusyIndexers(engine, 10);
  /** One in fifty has so many rows that threads bring them in and scan them. */
  const make = (at: number) =>
    BusyIndex.build(
      at % 50 === 0
        ? { engine, dims: 96, count: 1500 + below(1000), mostAtOnce: 2000 }
        : { engine, dims: 4 + below(16), count: 1 + below(30), mostAtOnce: 30 },
      below,
    );
  const indexes = await Promise.all(Array.from({ length: 1000 }, (_, at) => make(at)));
  for (let round = 0; round < rounds; round++) {
    const calls = [...indexes.map((index) => index.call()), ...Array.from({ length: 20 }, () => indexers.call())];
    // Some have a second call behind the first.
    for (const index of indexes) if (random() < 0.2) calls.push(index.call());
    await turns(below(4));
    await indexers.replaceOne();
    for (let i = 0; i < 10; i++) {
      const at = below(indexes.length);
      const [made] = await Promise.all([make(at), indexes[at]!.dispose()]);
      indexes[at] = made;
    }
    const faults = [...(await Promise.all(calls)), ...indexes.map((index) => index.differences())].flat();
    expect(faults, `round ${round} of SIMDEX_SEED=${seedOfTheDay}`).toEqual([]);
  }
  await Promise.all(indexes.map((index) => index.dispose()));
  await expectNothingLeft(engine, mostBytes);
});
