/**
 * `Engine`: what its options do, how indexers share it, what waits, and what its end and theirs mean.
 */
import { readFileSync } from 'node:fs';
import { setEnvironmentData } from 'node:worker_threads';
import { Engine, type EngineOptions, type IndexerOptions, MonitoredParallelIndexer, ParallelIndexer } from 'simdex';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { failAtBatch, failNowhere, faultyWorker, held, release } from '../indexing/fault.js';
import { differencesFrom } from '../indexing/reference.js';
import { inSharedMemory, randomMatrix, randomRows, rejectionOf, turn } from '../indexing/support.js';
import { watchThreads } from './threads.js';

const threads = watchThreads();
const { alive } = threads;
afterEach(failNowhere);

function createEngine(options: EngineOptions = {}): Engine {
  const engine = new Engine(options);
  onTestFinished(() => engine.dispose());
  return engine;
}

const rows = randomRows(600, 16);
const long = inSharedMemory(randomMatrix(40_000, 256));
const DISPOSED = { code: 'Disposed', message: expect.stringContaining('the engine was disposed') };

test('threads: so many are started, once, when they are first needed', async () => {
  const engine = createEngine({ threads: 3 });
  expect([engine.threads, engine.backend, threads.started]).toEqual([3, undefined, 0]);
  const indexers = Array.from({ length: 5 }, () => new ParallelIndexer('auto', { engine }));
  await Promise.all(indexers.map((indexer) => indexer.indexVectors(rows)));
  await engine.ready();
  expect(threads.started).toBe(3);
  expect(engine.backend).toEqual({ kernel: 'simd', threads: 3, shared: true });
  expect(new Engine().threads).toBe(new ParallelIndexer().threadCount);
});

test('ready() has every thread run the kernel once, however often it is called', async () => {
  const warmUps = new Int32Array(new SharedArrayBuffer(4));
  setEnvironmentData('simdex test warm-ups', warmUps.buffer);
  const worker = new URL('../indexing/workers/warm-up-counting.mjs', import.meta.url);
  const engine = createEngine({ threads: 2, worker });
  await Promise.all([engine.ready(), engine.ready()]);
  await new ParallelIndexer('auto', { engine }).indexVectors(rows);
  await engine.ready();
  expect(warmUps[0]).toBe(2);
});

test.each([0, 1.5, 257, '2', null])('threads: %j is refused', (threads) => {
  expect(() => new Engine({ threads: threads as number })).toThrow(
    /threads must be an integer from 1 to 256 or 'auto'/,
  );
});

test('maxMemoryBytes bounds all indexers together', async () => {
  const engine = createEngine({ threads: 2, maxMemoryBytes: 3_000_000 });
  const [first, second] = [new ParallelIndexer('auto', { engine }), new ParallelIndexer('auto', { engine })];
  const matrix = first.allocate(5000, 100);
  expect(() => second.allocate(5000, 100)).toThrow(expect.objectContaining({ code: 'InsufficientMemory' }));
  const whole = inSharedMemory(randomMatrix(5000, 100));
  await expect(second.indexVectors(whole)).rejects.toMatchObject({ code: 'InsufficientMemory' });
  matrix.dispose();
  expect((await second.indexVectors(whole)).indexedCount).toBe(5000);
});

test.each(['simd', 'scalar', 'javascript'] as const)('kernel: %s does the work', async (kernel) => {
  const engine = createEngine({ threads: 2, kernel });
  const result = await new ParallelIndexer('auto', { engine }).indexVectors(rows);
  expect(engine.backend?.kernel).toBe(kernel);
  expect(differencesFrom(rows, result)).toEqual([]);
});

test('worker: the module given is the one that runs', async () => {
  const missing = createEngine({ threads: 2, worker: new URL('./missing.mjs', import.meta.url) });
  await expect(missing.ready()).rejects.toMatchObject({ code: 'ThreadPanic', message: /missing\.mjs/ });
  const engine = createEngine({ threads: 2, worker: faultyWorker.href });
  failAtBatch('process.exit', 0, 1000);
  await expect(new ParallelIndexer(2, { engine }).indexVectors(rows)).rejects.toMatchObject({ code: 'ThreadPanic' });
});

test('wasm: the bytes given are compiled', async () => {
  const wrong = createEngine({ wasm: new TextEncoder().encode('no kernel') });
  await expect(wrong.ready()).rejects.toMatchObject({ code: 'InvalidConfiguration' });
  const wasm = readFileSync(new URL('../../build/kernel/simd.wasm', import.meta.url));
  const engine = createEngine({ threads: 2, wasm: Uint8Array.from(wasm) });
  const result = await new ParallelIndexer('auto', { engine }).indexVectors(rows);
  expect(differencesFrom(rows, result)).toEqual([]);
});

test('logger hears of the engine, and one of an indexer of its runs', async () => {
  const hears = () => {
    const lines: string[] = [];
    return { lines, logger: { info: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) } };
  };
  const [ofEngine, ofIndexer] = [hears(), hears()];
  const engine = createEngine({ threads: 2, logger: ofEngine.logger });
  const indexer = new MonitoredParallelIndexer(2, { autoOptimization: true }, { engine, logger: ofIndexer.logger });
  await indexer.indexVectorsMonitored(rows);
  expect(ofEngine.lines).toEqual(['Using the simd kernel on 2 threads']);
  expect(ofIndexer.lines).toContain('Performance Analysis Complete:');
});

test('an option that is none is refused by name', () => {
  expect(() => new Engine({ threadCount: 2 } as EngineOptions)).toThrow(
    /options\.threadCount must be one of threads, /,
  );
  expect(() => new Engine(null as never)).toThrow(/options must be an object, got null/);
});

test.each<[keyof IndexerOptions, IndexerOptions]>([
  ['maxMemoryBytes', { maxMemoryBytes: 1e9 }],
  ['kernel', { kernel: 'auto' }],
  ['worker', { worker: faultyWorker }],
  ['wasm', { wasm: new Uint8Array(4) }],
])('%s belongs to the engine: it is refused beside one', (name, options) => {
  const engine = createEngine({ threads: 2 });
  const refused = expect.objectContaining({
    code: 'InvalidConfiguration',
    message: expect.stringContaining(`${name} belongs to the engine`),
  });
  expect(() => new ParallelIndexer(2, { ...options, engine })).toThrow(refused);
  expect(() => new MonitoredParallelIndexer(2, {}, { ...options, engine })).toThrow(refused);
});

test('what is no engine is refused, and more threads than it has', () => {
  expect(() => new ParallelIndexer(2, { engine: { threads: 2 } as never })).toThrow(/engine must be an Engine, got/);
  const engine = createEngine({ threads: 2 });
  expect(() => new ParallelIndexer(3, { engine })).toThrow(/threadCount must be at most 2, as the engine has, got 3/);
  expect(new ParallelIndexer('auto', { engine }).threadCount).toBe(2);
});

test('threadCount is the most threads that a call uses', async () => {
  const engine = createEngine({ threads: 4 });
  await engine.ready();
  for (const threads of [1, 2, 3, 4]) {
    const indexer = new MonitoredParallelIndexer(threads, {}, { engine });
    const result = await indexer.indexVectorsMonitored(long, { batchSize: 500 });
    const used = new Set(result.batchResults.map(({ threadId }) => threadId));
    expect([...used].every((thread) => thread < threads)).toBe(true);
    expect(result.performanceReport).toMatchObject({ threadCount: threads });
    expect(indexer.threadMonitors).toHaveLength(threads);
    expect(indexer.getMonitoringStats()).toMatchObject({ activeThreads: threads, busyThreads: 0 });
    result.dispose();
  }
  expect(threads.started).toBe(4);
});

test('pending: calls of all indexers that wait, and their rows; small calls wait for nobody', async () => {
  const engine = createEngine({ threads: 2, worker: faultyWorker });
  const indexers = Array.from({ length: 3 }, () => new ParallelIndexer('auto', { engine }));
  await engine.ready();
  failAtBatch('held', 0);
  const first = indexers[0]!.indexVectors(rows);
  await held();
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  const waiting = indexers.flatMap((indexer) => [
    indexer.indexVectors(rows),
    indexer.indexVectors(rows.slice(0, 200), { order: 'original' }),
  ]);
  expect((await indexers[1]!.indexVectors(rows.slice(0, 5))).indexedCount).toBe(5);
  while (engine.pending.calls < 6) await turn();
  expect(engine.pending).toEqual({ calls: 6, rows: 2400 });
  release();
  await first;
  for (const result of await Promise.all(waiting))
    expect(differencesFrom(rows.slice(0, result.indexedCount), result)).toEqual([]);
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
});

test('an indexer that is disposed ends its own calls, and leaves the engine to the others', async () => {
  const engine = createEngine({ threads: 2, worker: faultyWorker });
  const [leaving, staying] = [
    new MonitoredParallelIndexer(2, {}, { engine }),
    new MonitoredParallelIndexer(2, {}, { engine }),
  ];
  await engine.ready();
  failAtBatch('held', 0);
  const running = rejectionOf(leaving.indexVectorsMonitored(long));
  await held();
  const waiting = rejectionOf(leaving.indexVectorsMonitored(rows));
  const other = staying.indexVectorsMonitored(rows);
  while (engine.pending.calls < 2) await turn();
  await leaving.dispose();
  const disposed = { code: 'Disposed', message: expect.stringContaining('the indexer was disposed') };
  expect(await running).toMatchObject(disposed);
  expect(await waiting).toMatchObject(disposed);
  release();
  expect(differencesFrom(rows, await other)).toEqual([]);
  await expect(leaving.indexVectorsMonitored(rows)).rejects.toMatchObject(disposed);
  expect(differencesFrom(rows, await staying.indexVectorsMonitored(rows))).toEqual([]);
  expect([threads.started, alive.size]).toEqual([2, 2]);
});

test('an engine that is disposed ends the calls of all indexers, and its threads', async () => {
  const engine = new Engine({ threads: 2 });
  const indexers = [new ParallelIndexer(2, { engine }), new ParallelIndexer(1, { engine })];
  const kept = await indexers[0]!.indexVectors(rows);
  const calls = indexers.flatMap((indexer) => [
    rejectionOf(indexer.indexVectors(long)),
    rejectionOf(indexer.indexVectors(rows)),
  ]);
  await turn();
  await Promise.all([engine.dispose(), engine.dispose()]);
  expect(alive.size).toBe(0);
  for (const rejection of await Promise.all(calls)) expect(rejection).toMatchObject(DISPOSED);
  for (const indexer of [...indexers, new ParallelIndexer('auto', { engine })]) {
    await expect(indexer.indexVectors(rows)).rejects.toMatchObject(DISPOSED);
    await expect(indexer.indexVectors(rows.slice(0, 3))).rejects.toMatchObject(DISPOSED);
    await expect(indexer.ready()).rejects.toMatchObject(DISPOSED);
    await expect(indexer.measureMemory()).rejects.toMatchObject(DISPOSED);
    expect(() => indexer.allocate(1, 1)).toThrow(/the engine was disposed/);
    await indexer.dispose();
  }
  await expect(engine.ready()).rejects.toMatchObject(DISPOSED);
  expect(differencesFrom(rows, kept)).toEqual([]);
  expect(alive.size).toBe(0);
});

test.each([0, 1, 2, 3, 5, 8])(
  'an engine disposed %d turns after its first call starts no thread afterwards',
  async (turns) => {
    const engine = new Engine({ threads: 2 });
    const indexer = new ParallelIndexer(2, { engine });
    const calls = [indexer.indexVectors(rows), indexer.measureMemory(), engine.ready()].map(rejectionOf);
    for (let i = 0; i < turns; i++) await turn();
    await engine.dispose();
    expect(alive.size).toBe(0);
    const [call] = await Promise.all(calls);
    expect(call).toMatchObject(DISPOSED);
    for (let i = 0; i < 20; i++) await turn();
    expect(alive.size).toBe(0);
  },
);

test('await using ends an engine', async () => {
  {
    await using engine = new Engine({ threads: 2 });
    await engine.ready();
    expect(alive.size).toBe(2);
  }
  expect(alive.size).toBe(0);
});
