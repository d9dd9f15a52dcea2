/**
 * Nobody starves: long and short jobs take turns on the threads, and timers go on whatever is called in a loop. All by the
 * order of events: a loop here ends only when what it waits for has come.
 */
import { Engine, MonitoredParallelIndexer, ParallelIndexer } from 'simdex';
import { expect, onTestFinished, test } from 'vitest';
import { differencesFrom } from '../indexing/reference.js';
import { inSharedMemory, randomMatrix, randomRows } from '../indexing/support.js';

function createEngine(threads: number): Engine {
  const engine = new Engine({ threads });
  onTestFinished(() => engine.dispose());
  return engine;
}

const long = inSharedMemory(randomMatrix(60_000, 256));
const short = inSharedMemory(randomMatrix(400, 16));
const few = randomRows(4, 16);

test('short calls are done while a long one lasts, and the long one while short ones never stop', async () => {
  const engine = createEngine(2);
  const [first, second] = [new ParallelIndexer(2, { engine }), new ParallelIndexer(2, { engine })];
  // So that both are known to be what they are.
  (await first.indexVectors(long)).dispose();
  (await second.indexVectors(short)).dispose();
  let isDone = false;
  const whole = first.indexVectors(long).then((result) => {
    isDone = true;
    return result;
  });
  let meanwhile = 0;
  while (!isDone) {
    const result = await second.indexVectors(short);
    expect(result.indexedCount).toBe(400);
    result.dispose();
    if (!isDone) meanwhile++;
  }
  expect(meanwhile).toBeGreaterThan(0);
  expect((await whole).indexedCount).toBe(60_000);
});

test('two long calls are done in their order, with short ones in between', async () => {
  const engine = createEngine(2);
  const indexers = Array.from({ length: 3 }, () => new ParallelIndexer(2, { engine }));
  (await indexers[0]!.indexVectors(long)).dispose();
  const order: string[] = [];
  const longCalls = [0, 1].map((i) => indexers[i]!.indexVectors(long).then(() => order.push(`long ${i}`)));
  const shortCall = indexers[2]!.indexVectors(short).then(() => order.push('short'));
  await Promise.all([...longCalls, shortCall]);
  expect(order).toEqual(['short', 'long 0', 'long 1']);
});

test.each([
  ['small calls', few],
  ['calls on threads', randomRows(200, 16)],
])('a timer goes on while 64 callers loop over %s', async (_, rows) => {
  const indexer = new MonitoredParallelIndexer(2, {}, { engine: createEngine(2) });
  await indexer.ready();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const callers = Array.from({ length: 64 }, async () => {
    let result = await indexer.indexVectorsMonitored(rows);
    while (ticks < 5) {
      result = await indexer.indexVectorsMonitored(rows);
    }
    return result;
  });
  for (const result of await Promise.all(callers)) expect(differencesFrom(rows, result)).toEqual([]);
  clearInterval(timer);
});

test('a call that waits for threads is done while others loop over small calls', async () => {
  const indexer = new ParallelIndexer(2, { engine: createEngine(2) });
  let isDone = false;
  const waiting = indexer.indexVectors(long).then(() => {
    isDone = true;
  });
  let small = 0;
  while (!isDone) small += (await indexer.indexVectors(few)).indexedCount;
  await waiting;
  expect(small).toBeGreaterThan(0);
});
