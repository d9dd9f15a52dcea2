/**
 * Calls that wait for the threads together are done as one job. A caller sees nothing of that: each has its own result, error,
 * signal, report and place, and the same bits as alone.
 */
import { Engine, type IndexingResult, type IndexOptions, MonitoredParallelIndexer } from 'simdex';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { type Fault, failAtBatch, failNowhere, faultyWorker, held, release } from './fault.js';
import { differencesFrom } from './reference.js';
import { bitsOf, countedBy, inSharedMemory, randomMatrix, randomRows, rejectionOf } from './support.js';

afterEach(failNowhere);

type Rows = Float32Array[];

function setUp(threads = 2, maxMemoryBytes?: number) {
  const engine = new Engine({ threads, worker: faultyWorker, maxMemoryBytes });
  onTestFinished(() => engine.dispose());
  return { engine, indexer: new MonitoredParallelIndexer('auto', {}, { engine }) };
}

const blocker = inSharedMemory(randomMatrix(1000, 16));

/** Holds the threads with a call of its own until `release`; gives what that call resolves with. */
async function holdThreads(indexer: MonitoredParallelIndexer): Promise<{ readonly done: Promise<IndexingResult> }> {
  await indexer.ready();
  failAtBatch('held', 0);
  const done = indexer.indexVectorsMonitored(blocker, { batchSize: 100 });
  await held();
  return { done };
}

async function untilWaiting(engine: Engine, calls: number): Promise<void> {
  while (engine.pending.calls !== calls) await new Promise((resolve) => setImmediate(resolve));
}

/** Rows of one length, or of several where `i` is odd. */
function rowsOfCall(i: number): Rows {
  const rows = randomRows(100 + ((i * 97) % 500), 1 + ((i * 5) % 40), i + 1);
  return i % 2 ? [...rows, ...randomRows(40, 3 + (i % 4), i + 500)] : rows;
}

const callsOf = (count: number) => Array.from({ length: count }, (_, i) => rowsOfCall(i));
const lengthOf = (calls: readonly Rows[]) => calls.reduce((sum, rows) => sum + rows.length, 0);

/** Whether the vectors are ordinary arrays, as those of calls that were done together are. */
function isOrdinary({ vectors }: IndexingResult): boolean {
  return vectors.magnitudes.buffer instanceof ArrayBuffer && vectors.get(0)!.normalized.buffer instanceof ArrayBuffer;
}

/** Has all calls wait together and be done. */
async function together(
  { engine, indexer }: ReturnType<typeof setUp>,
  calls: readonly Rows[],
  options: IndexOptions = {},
): Promise<IndexingResult[]> {
  const { done } = await holdThreads(indexer);
  const runs = calls.map((rows) => indexer.indexVectorsMonitored(rows, options));
  await untilWaiting(engine, calls.length);
  expect(engine.pending).toEqual({ calls: calls.length, rows: lengthOf(calls) });
  release();
  (await done).dispose();
  const results = await Promise.all(runs);
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  return results;
}

test('each of 30 calls has its own result, in ordinary arrays, and its own report', async () => {
  const calls = callsOf(30);
  const system = setUp();
  const results = await together(system, calls);
  for (const [i, result] of results.entries()) {
    expect(differencesFrom(calls[i]!, result)).toEqual([]);
    expect(isOrdinary(result)).toBe(true);
    const { totalVectors, threadPerformance } = result.performanceReport!;
    const operations = threadPerformance.reduce((sum, { operationsCompleted }) => sum + operationsCompleted, 0);
    expect([totalVectors, operations]).toEqual([calls[i]!.length, calls[i]!.length]);
  }
  const total = lengthOf(calls) + 1000;
  expect(countedBy(system.indexer)).toEqual({ total, threads: total });
  // Nothing of one is part of another.
  results[3]!.dispose();
  expect(differencesFrom(calls[4]!, results[4]!)).toEqual([]);
  expect(() => results[3]!.vectors.get(0)).toThrow(/disposed/);
});

test('calls alone, one after another, and together on 1 to 8 threads: the same bits', async () => {
  const calls = callsOf(12);
  calls[2]![17] = new Float32Array(11);
  calls[7]![0] = new Float32Array(0);
  const shown = (result: IndexingResult) => {
    const { rejected, indexedCount } = result;
    return { bits: bitsOf(result), rejected, indexedCount };
  };
  for (const order of ['sorted', 'original'] as const) {
    const options = { order, onInvalid: 'skip' } as const;
    const alone = setUp(1).indexer;
    const expected = new Map<Rows, unknown>();
    for (const rows of calls) expected.set(rows, shown(await alone.indexVectorsMonitored(rows, options)));
    for (const threads of [1, 2, 5, 8]) {
      // Fewer are done at once.
      const large = calls.filter((rows) => rows.length >= 50 * threads);
      const results = await together(setUp(threads), large, options);
      expect(results.map(shown)).toEqual(large.map((rows) => expected.get(rows)));
    }
  }
});

test('an invalid row is the error of its own call, by its own position', async () => {
  const calls = callsOf(8);
  calls[3]![71] = new Float32Array(calls[3]![71]!.length);
  calls[5]![9]![0] = Number.NaN;
  calls[5]![30] = new Float32Array(0);
  const { engine, indexer } = setUp();
  const { done } = await holdThreads(indexer);
  const runs = calls.map((rows) => indexer.indexVectorsMonitored(rows));
  const rejections = [3, 5].map((i) => rejectionOf(runs[i]!));
  await untilWaiting(engine, 8);
  release();
  await done;
  expect(await rejections[0]).toMatchObject({ code: 'ZeroMagnitude', vectorIndex: 71 });
  expect(await rejections[1]).toMatchObject({ code: 'NonFinite', vectorIndex: 9 });
  for (const i of [0, 1, 2, 4, 6, 7]) {
    const result = await runs[i]!;
    expect(differencesFrom(calls[i]!, result)).toEqual([]);
    expect(isOrdinary(result)).toBe(true);
  }
});

test('onInvalid and order are those of each call', async () => {
  const rows = randomRows(300, 12);
  rows[100] = new Float32Array(12);
  const { engine, indexer } = setUp();
  const { done } = await holdThreads(indexer);
  const skipping = indexer.indexVectorsMonitored(rows, { onInvalid: 'skip' });
  const throwing = rejectionOf(indexer.indexVectorsMonitored(rows));
  const original = indexer.indexVectorsMonitored(rows, { onInvalid: 'skip', order: 'original' });
  await untilWaiting(engine, 3);
  release();
  await done;
  for (const result of await Promise.all([skipping, original])) {
    expect(result.rejected).toEqual([{ index: 100, code: 'ZeroMagnitude' }]);
    expect(differencesFrom(rows, result)).toEqual([]);
  }
  expect((await skipping).vectors.order).toBe('sorted');
  expect((await original).vectors.order).toBe('original');
  expect(await throwing).toMatchObject({ code: 'ZeroMagnitude', vectorIndex: 100 });
});

test('a call that is aborted while it waits leaves the others', async () => {
  const calls = callsOf(6);
  const { engine, indexer } = setUp();
  const { done } = await holdThreads(indexer);
  const controllers = calls.map(() => new AbortController());
  const runs = calls.map((rows, i) => indexer.indexVectorsMonitored(rows, { signal: controllers[i]!.signal }));
  await untilWaiting(engine, 6);
  const reason = new Error('no longer');
  const rejections = [0, 3].map((i) => rejectionOf(runs[i]!));
  controllers[0]!.abort(reason);
  controllers[3]!.abort(reason);
  // The threads are still held.
  expect(await Promise.all(rejections)).toEqual([reason, reason]);
  expect(engine.pending).toEqual({ calls: 4, rows: lengthOf(calls) - calls[0]!.length - calls[3]!.length });
  release();
  await done;
  for (const i of [1, 2, 4, 5]) expect(differencesFrom(calls[i]!, await runs[i]!)).toEqual([]);
  const total = lengthOf(calls) - calls[0]!.length - calls[3]!.length + 1000;
  expect(countedBy(indexer)).toEqual({ total, threads: total });
});

test('when all calls that wait are aborted, the next one is done', async () => {
  const { engine, indexer } = setUp();
  const { done } = await holdThreads(indexer);
  const controller = new AbortController();
  const runs = callsOf(3).map((rows) =>
    rejectionOf(indexer.indexVectorsMonitored(rows, { signal: controller.signal })),
  );
  await untilWaiting(engine, 3);
  controller.abort('all of them');
  expect(await Promise.all(runs)).toEqual(['all of them', 'all of them', 'all of them']);
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  const rows = rowsOfCall(9);
  const next = indexer.indexVectorsMonitored(rows);
  release();
  await done;
  expect(differencesFrom(rows, await next)).toEqual([]);
});

test('a call that is aborted while it is done leaves the others', async () => {
  const calls = callsOf(5);
  const { engine, indexer } = setUp(1);
  const { done } = await holdThreads(indexer);
  const controller = new AbortController();
  const runs = calls.map((rows, i) =>
    indexer.indexVectorsMonitored(rows, i === 2 ? { signal: controller.signal } : {}),
  );
  const rejection = rejectionOf(runs[2]!);
  await untilWaiting(engine, 5);
  release();
  await done;
  // The first batch of them all.
  failAtBatch('held', 0);
  await held();
  controller.abort('in the middle');
  expect(await rejection).toBe('in the middle');
  release();
  for (const i of [0, 1, 3, 4]) expect(differencesFrom(calls[i]!, await runs[i]!)).toEqual([]);
  const total = lengthOf(calls) - calls[2]!.length + 1000;
  expect(countedBy(indexer)).toEqual({ total, threads: total });
});

test.each<Fault>(['process.exit', 'throw'])('a batch that ends two threads (%s) fails its own call', async (fault) => {
  // Each is two batches.
  const calls = Array.from({ length: 4 }, (_, i) => randomRows(100, 8, i));
  for (const unit of [0, 3, 4]) {
    const { engine, indexer } = setUp();
    const { done } = await holdThreads(indexer);
    const runs = Promise.allSettled(calls.map((rows) => indexer.indexVectorsMonitored(rows)));
    await untilWaiting(engine, 4);
    release();
    await done;
    failAtBatch(fault, unit, 2);
    const outcomes = await runs;
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') expect(differencesFrom(calls[i]!, outcome.value)).toEqual([]);
    }
    const failed = Math.floor(unit / 2);
    expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(calls.map((_, i) => i === failed));
    const message = expect.stringContaining(`batch ${unit % 2} (50 vectors) ended 2 worker threads`);
    expect(outcomes[failed]).toMatchObject({ reason: { code: 'ThreadPanic', message } });
    failNowhere();
  }
});

test('calls that were done together are answered in their order', async () => {
  const { engine, indexer } = setUp();
  const { done } = await holdThreads(indexer);
  const order: number[] = [];
  const runs = callsOf(20).map((rows, i) => indexer.indexVectorsMonitored(rows).then(() => order.push(i)));
  await untilWaiting(engine, 20);
  release();
  await done;
  await Promise.all(runs);
  expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('calls done together keep no memory of the engine', async () => {
  // 512 kB for all calls that are done together: their rows are some 300 kB.
  const system = setUp(2, 2 ** 19);
  const calls = Array.from({ length: 20 }, (_, i) => randomRows(150, 24, i));
  const kept: IndexingResult[] = [];
  for (let round = 0; round < 10; round++) kept.push(...(await together(system, calls)));
  for (const [i, result] of kept.entries()) expect(differencesFrom(calls[i % 20]!, result)).toEqual([]);
  system.indexer.allocate(1000, 100).dispose();
});

test('calls into memory of the caller, with a size of their own, or large, are not done with others', async () => {
  const { engine, indexer } = setUp();
  const rows = randomRows(300, 8);
  const large = randomMatrix(40_000, 64);
  const into = indexer.allocate(300, 8);
  const { done } = await holdThreads(indexer);
  const runs = [
    indexer.indexVectorsMonitored(rows, { batchSize: 100 }),
    indexer.indexVectorsMonitored(rows, { into }),
    indexer.indexVectorsMonitored(rows, { onProgress: () => undefined }),
    indexer.indexVectorsMonitored(large),
  ];
  await untilWaiting(engine, 4);
  release();
  await done;
  const [sized, placed, , whole] = await Promise.all(runs);
  for (const result of [sized!, placed!]) expect(differencesFrom(rows, result)).toEqual([]);
  expect(sized!.batchResults.map(({ processedCount }) => processedCount)).toEqual([100, 100, 100]);
  expect(placed!.vectors.matrix.data.buffer).toBe(into.data.buffer);
  expect(whole!.vectors.magnitudes.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('calls that fit into memory alone, but not together, are all done', async () => {
  const { engine, indexer } = setUp(2, 2 ** 20);
  const { done } = await holdThreads(indexer);
  const calls = Array.from({ length: 40 }, (_, i) => randomRows(300, 100, i));
  const runs = calls.map(async (rows) => {
    const result = await indexer.indexVectorsMonitored(rows);
    expect(differencesFrom(rows, result)).toEqual([]);
    result.dispose();
  });
  await untilWaiting(engine, 40);
  release();
  (await done).dispose();
  await Promise.all(runs);
});
