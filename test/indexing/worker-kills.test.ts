/**
 * Threads killed from outside at seeded random moments, in a run, between runs, while rows are copied in.
 */
import type { Worker } from 'node:worker_threads';
import { IndexingError, type IndexingResult, type MonitoredParallelIndexer, type VectorSource } from 'simdex';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { differencesFrom } from './reference.js';
import { countedBy, createIndexer, inSharedMemory, randomMatrix, rowsOf, seededRandom } from './support.js';

/** Those that live. */
const workers = new Set<Worker>();
const collect = (worker: Worker) => {
  workers.add(worker);
  worker.once('exit', () => workers.delete(worker));
};
/** Once for each thread: Node has a thread that is terminated again hold one listener more, and warns of the eleventh. */
function terminate(worker: Worker | undefined): Promise<number> | undefined {
  return worker && workers.delete(worker) ? worker.terminate() : undefined;
}
beforeEach(() => {
  workers.clear();
  process.on('worker', collect);
});
afterEach(() => {
  process.off('worker', collect);
});

const matrix = randomMatrix(6000, 200);
const rows = rowsOf(matrix);
const shared = inSharedMemory(matrix);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Terminates `kills` random threads, each after a random number of turns, until `run` has settled. */
async function killDuring(run: Promise<unknown>, random: () => number, kills: number): Promise<void> {
  let settled = false;
  const end = () => {
    settled = true;
  };
  run.then(end, end);
  for (let kill = 0; kill < kills && !settled; kill++) {
    for (let turns = Math.floor(random() ** 2 * 60); turns > 0 && !settled; turns--) await turn();
    terminate([...workers][Math.floor(random() * workers.size)]);
  }
}

/** Whether a result has exactly the bits of `expected`. */
function isSame(result: IndexingResult, expected: IndexingResult): boolean {
  const bytes = ({ vectors }: IndexingResult) =>
    [vectors.matrix.data, vectors.magnitudes].map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  const [rowsFound, magnitudesFound] = bytes(result);
  const [rowsExpected, magnitudesExpected] = bytes(expected);
  return rowsFound!.equals(rowsExpected!) && magnitudesFound!.equals(magnitudesExpected!);
}

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
    killDuring(run, random, 1 + Math.floor(random() * 4)),
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
  async (_, source, seed) => {
    const indexer = createIndexer(4);
    const expected = await indexer.indexVectorsMonitored(source);
    expect(differencesFrom(rows, expected)).toEqual([]);
    let panics = 0;
    for (let run = 0; run < 500; run++) {
      const before = countedBy(indexer).total;
      const indexed = await runWithKills(indexer, source, 1000 * seed + run, expected);
      const { total, threads } = countedBy(indexer);
      expect(threads).toBe(total);
      if (indexed > 0) expect(total - before).toBe(indexed);
      else panics++;
    }
    expect(panics).toBeLessThan(125);
    expect(workers.size).toBeLessThanOrEqual(4);
  },
);

test('all threads killed while rows are copied in: the run ends right', async () => {
  const indexer = createIndexer(3);
  // 80 MB take several turns to copy.
  const large = randomMatrix(10_000, 2000);
  const expected = await indexer.indexVectorsMonitored(large, { order: 'original' });
  for (let round = 0; round < 6; round++) {
    const run = indexer.indexVectorsMonitored(large, { order: 'original' });
    for (let i = 0; i < 2 + round; i++) await turn();
    for (const worker of workers) terminate(worker);
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
    const killed = [...workers].slice(0, 1 + (round % 3)).map(terminate);
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
    const killed = terminate([...workers][round % workers.size]);
    controller.abort('stop');
    const outcome = await rejection;
    if (outcome !== 'stop') (await run).dispose();
    await killed;
  }
  // 4.8 MB of the 8 are needed.
  expect(differencesFrom(rows, await indexer.indexVectorsMonitored(shared))).toEqual([]);
});
