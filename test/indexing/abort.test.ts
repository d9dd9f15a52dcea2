import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { watchThreads } from '../engine/threads.js';
import { differencesFrom } from './reference.js';
import {
  countedBy,
  createIndexer,
  endOf,
  inSharedMemory,
  randomMatrix,
  randomRows,
  rejectionOf,
  rowsOf,
  turn,
} from './support.js';

const threads = watchThreads();
const few = randomRows(10, 16);
const some = randomRows(400, 16);
const many = inSharedMemory(randomMatrix(60_000, 256));

test.each([
  ['few', few],
  ['some', some],
])('a signal that is aborted already ends a run of %s vectors before it begins', async (_, vectors) => {
  const indexer = createIndexer(2);
  const reason = new Error('changed my mind');
  const run = indexer.indexVectorsMonitored(vectors, { signal: AbortSignal.abort(reason) });
  expect(await rejectionOf(run)).toBe(reason);
  expect(threads.started).toBe(0);
  expect(countedBy(indexer).total).toBe(0);
});

test('a signal that is aborted already waits for no turn', async () => {
  const indexer = createIndexer(2);
  await indexer.ready();
  const order: string[] = [];
  const first = indexer.indexVectorsMonitored(many).then(() => order.push('first'));
  const aborted = rejectionOf(indexer.indexVectorsMonitored(some, { signal: AbortSignal.abort('no') }));
  aborted.then((reason) => order.push(String(reason)));
  await turn();
  expect(order).toEqual(['no']);
  await first;
});

test.each([
  ['few', few],
  ['some', some],
])('an abort while the kernel of the first run of %s vectors loads is heard', async (_, vectors) => {
  const indexer = createIndexer(2);
  const controller = new AbortController();
  const run = indexer.indexVectorsMonitored(vectors, { signal: controller.signal });
  const rejection = rejectionOf(run);
  queueMicrotask(() => controller.abort('stop'));
  expect(await rejection).toBe('stop');
  expect(differencesFrom(few, await indexer.indexVectorsMonitored(few))).toEqual([]);
});

test('a run that waits for its turn is aborted at once and never begins', async () => {
  const indexer = createIndexer(2);
  await indexer.ready();
  const controller = new AbortController();
  const order: string[] = [];
  const first = indexer.indexVectorsMonitored(many).then((result) => {
    order.push('first');
    return result;
  });
  const waiting = rejectionOf(indexer.indexVectorsMonitored(some, { signal: controller.signal })).then((reason) => {
    order.push('waiting');
    return reason;
  });
  controller.abort('no longer');
  expect(await waiting).toBe('no longer');
  expect((await first).indexedCount).toBe(60_000);
  expect(order).toEqual(['waiting', 'first']);
  expect(countedBy(indexer)).toEqual({ total: 60_000, threads: 60_000 });
});

test('an abort in the middle of a run keeps the threads, the memory and the counts', async () => {
  const indexer = createIndexer(2, { maxMemoryBytes: 100e6 });
  await indexer.ready();
  for (let round = 0; round < 5; round++) {
    const before = countedBy(indexer).total;
    const controller = new AbortController();
    const reason = { round };
    const end = endOf(indexer.indexVectorsMonitored(many, { signal: controller.signal, batchSize: 500 }));
    for (let i = 0; i < 3 * round; i++) await turn();
    controller.abort(reason);
    // Turns last long on a busy machine: a run may be done before it is aborted. The first never is.
    const done = (await end) === 'done';
    if (!done || round === 0) expect(await end).toBe(reason);
    const { total, threads: byThreads } = countedBy(indexer);
    expect(byThreads).toBe(total);
    // Only batches that were finished count, and they count whole.
    expect((total - before) % 500).toBe(0);
    expect(total - before === 60_000).toBe(done);
  }
  // One run takes 62 MB of the 100: this one would find no room if an aborted run had kept its memory.
  const result = await indexer.indexVectorsMonitored(many);
  expect(result.indexedCount).toBe(60_000);
  expect(threads.started).toBe(2);
});

test('an abort while rows are copied in ends the copying', async () => {
  const indexer = createIndexer(2);
  await indexer.ready();
  const controller = new AbortController();
  const rejection = rejectionOf(
    indexer.indexVectorsMonitored(rowsOf({ ...many, data: many.data.slice() }), { signal: controller.signal }),
  );
  await turn();
  controller.abort(new Error('enough'));
  expect((await rejection).message).toBe('enough');
  expect(differencesFrom(some, await indexer.indexVectorsMonitored(some))).toEqual([]);
  expect(threads.started).toBe(2);
});

test('a signal has no listeners left after its runs', async () => {
  const indexer = createIndexer(2);
  const { signal } = new AbortController();
  for (const vectors of [few, some, few, some]) await indexer.indexVectorsMonitored(vectors, { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('an abort ends a batch in the middle', async () => {
  const indexer = createIndexer(2);
  await indexer.ready();
  for (;;) {
    const before = countedBy(indexer).total;
    const controller = new AbortController();
    // One batch for each thread: only the look at the stop word between slices can end them early.
    const end = endOf(indexer.indexVectorsMonitored(many, { signal: controller.signal, batchSize: 30_000 }));
    for (let i = 0; i < 5; i++) await turn();
    controller.abort('stop');
    // On a busy machine a thread may be done with its batch before the abort. Then it is tried again.
    if ((await end) === 'stop' && countedBy(indexer).total === before) return;
  }
});

test('many calls at a time, with one signal, are no leak to Node', async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  const indexer = createIndexer(2);
  const controller = new AbortController();
  const runs = Array.from({ length: 50 }, (_, i) =>
    rejectionOf(indexer.indexVectorsMonitored(i % 2 ? some : few, { signal: controller.signal })),
  );
  await runs[1];
  controller.abort('stop');
  const reasons = await Promise.all(runs);
  expect(reasons.at(-1)).toBe('stop');
  await turn();
  expect(warnings).toEqual([]);
  process.off('warning', warn);
});
