/**
 * The tuner at work in real runs. What it gains depends on the machine; what it did, and that it says so, does not.
 */
import { setEnvironmentData } from 'node:worker_threads';
import { type IndexerLogger, type IndexingPerformanceReport, type Optimization, ParallelIndexer } from 'simdex';
import { expect, test } from 'vitest';
import { bitsOf, createIndexer, randomMatrix } from './support.js';

const pausingWorker = new URL('./workers/pausing.mjs', import.meta.url);
const words = new Int32Array(new SharedArrayBuffer(64));
setEnvironmentData('simdex test pause', words.buffer);

const available = new ParallelIndexer('auto').threadCount;
const tooMany = Math.min(256, 4 * available);

const LOW_EFFICIENCY = 'Auto-optimization: Reducing thread count due to low efficiency';
const LOW_PERFORMANCE = 'Auto-optimization: Performance is low, analyzing batch size optimization';

function listening(): { logger: IndexerLogger; heard: string[] } {
  const heard: string[] = [];
  return { heard, logger: { info: (message) => heard.push(message), warn: (message) => heard.push(message) } };
}

// First of all: what is measured once is known to the process from then on.
test('after a long run the memory is measured, and later reports tell it', async () => {
  const indexer = createIndexer(2, { worker: pausingWorker });
  await indexer.ready();
  const vectors = randomMatrix(120, 8);
  const memoryOf = async (batchSize: number) =>
    (await indexer.indexVectorsMonitored(vectors, { batchSize })).performanceReport!.conditions!.memory;
  // Short runs are followed by nothing.
  pause(false, 0);
  expect(await memoryOf(60)).toBeUndefined();
  expect(await memoryOf(60)).toBeUndefined();
  // 60 batches of 50 ms. What is measured behind it has a turn of its own, which the next run need not wait for. On a busy machine a
  // thread may come too late, and nothing is measured until the next long run.
  const memoryAfterLongRun = async () => {
    pause(true, 50);
    const before = await memoryOf(2);
    pause(false, 0);
    return before ?? memoryOf(60);
  };
  pause(true, 50);
  expect(await memoryOf(2)).toBeUndefined();
  await expect.poll(memoryAfterLongRun, { timeout: 60_000 }).toMatchObject({ bytesPerMs: expect.any(Number) });
});

test('from batches of one vector it comes to others, keeps them, and the vectors stay the same', async () => {
  const { logger, heard } = listening();
  const indexer = createIndexer(2, { logger }, { autoOptimization: true });
  await indexer.ready();
  const vectors = randomMatrix(30_000, 8);
  const reports: IndexingPerformanceReport[] = [];
  for (let run = 0; run < 5; run++) {
    using result = await indexer.indexVectorsMonitored(vectors, { batchSize: 1 });
    reports.push(result.performanceReport!);
  }
  expect(reports[0]).toMatchObject({ batchSize: 1 });
  expect(reports[0]!.batches).toHaveLength(30_000);
  expect(reports[0]!.optimizations).toEqual([
    { action: 'batchSize', when: 'between', before: 1, after: undefined, effect: undefined, outcome: 'measuring' },
  ]);
  const { optimizations, batches, batchSize } = reports.at(-1)!;
  expect(optimizations![0]).toMatchObject({ action: 'batchSize', before: 1, outcome: 'kept' });
  expect(optimizations![0]!.effect).toBeGreaterThan(1.03);
  expect(optimizations![0]!.after).toBe(reports[1]!.batchSize);
  expect(batches.length).toBeLessThan(3000);
  expect(batchSize).toBeGreaterThan(10);
  expect(heard.filter((line) => line === 'Performance Analysis Complete:')).toHaveLength(5);

  const tuned = await indexer.indexVectorsMonitored(randomMatrix(30_000, 8, 7), { batchSize: 1 });
  const plain = await createIndexer(1).indexVectorsMonitored(randomMatrix(30_000, 8, 7));
  expect(bitsOf(tuned)).toEqual(bitsOf(plain));
});

test('without autoOptimization nothing is changed, and nothing said', async () => {
  for (const config of [{}, { autoOptimization: false }]) {
    const { logger, heard } = listening();
    const indexer = createIndexer(2, { logger }, config);
    for (let run = 0; run < 3; run++) {
      const { performanceReport } = await indexer.indexVectorsMonitored(randomMatrix(3000, 8), { batchSize: 1 });
      expect(performanceReport!.batches).toHaveLength(3000);
      expect(performanceReport!.optimizations).toBeUndefined();
    }
    expect(heard).toEqual(['Using the simd kernel on 2 threads']);
  }
});

test('after every run the logger hears its recommendations', async () => {
  const { logger, heard } = listening();
  const indexer = createIndexer(2, { logger }, { autoOptimization: true });
  const { performanceReport } = await indexer.indexVectorsMonitored(randomMatrix(500, 16));
  expect(heard).toEqual([
    'Using the simd kernel on 2 threads',
    'Performance Analysis Complete:',
    ...performanceReport!.recommendations.map((recommendation) => `  - ${recommendation}`),
  ]);
});

test('threads beyond the processors are shed between short runs, and reports count those that ran', async () => {
  const { logger, heard } = listening();
  const indexer = createIndexer(tooMany, { logger }, { autoOptimization: true });
  await indexer.ready();
  const vectors = randomMatrix(100 * tooMany, 64);
  const index = async () => (await indexer.indexVectorsMonitored(vectors)).performanceReport!;
  const first = await index();
  expect(first).toMatchObject({ threadCount: tooMany });
  const [begun] = first.optimizations!;
  expect(begun).toMatchObject({ action: 'threads', when: 'between', before: tooMany, after: available });
  expect(heard).toContain(LOW_EFFICIENCY);
  const second = await index();
  expect(second.threadCount).toBe(available);
  expect(second.threadTimesMs).toHaveLength(available);
  expect(new Set(second.batches.map(({ threadId }) => threadId)).size).toBeLessThanOrEqual(available);
  const third = (await index()).optimizations![0]!;
  expect(third.effect).toBeGreaterThan(0);
  expect(['kept', 'taken back']).toContain(third.outcome);
  expect(third.outcome === 'kept').toBe(third.effect! >= 0.97);
  expect((await index()).threadCount).toBe(third.outcome === 'kept' ? available : tooMany);
});

/** How long every batch takes beside its work, at the same time as others or one after another. */
function pause(oneByOne: boolean, ms: number): void {
  Atomics.store(words, 0, oneByOne ? 1 : 0);
  Atomics.store(words, 3, ms);
}

/** A run of batches that take 4 ms each, whatever the processors do. */
async function pausingRun(oneByOne: boolean, batches: number) {
  pause(oneByOne, 4);
  const indexer = createIndexer(tooMany, { worker: pausingWorker }, { autoOptimization: true });
  await indexer.ready();
  const vectors = randomMatrix(16 * batches, 4);
  const index = async () => (await indexer.indexVectorsMonitored(vectors, { batchSize: 16 })).performanceReport!;
  return { report: await index(), index };
}

const during = ({ optimizations }: IndexingPerformanceReport): readonly Optimization[] =>
  optimizations!.filter(({ when }) => when === 'during');

test('threads are shed during a run, and come back where fewer were slower', async () => {
  const { report, index } = await pausingRun(false, 250 * tooMany);
  expect(report.totalVectors).toBe(16 * 250 * tooMany);
  const [shed] = during(report);
  expect(shed).toMatchObject({ action: 'threads', before: tooMany, after: available, outcome: 'taken back' });
  expect(shed!.effect).toBeLessThan(0.97);
  // All were at work to the end, and it is not tried again.
  const last = new Set(report.batches.slice(-4 * tooMany).map(({ threadId }) => threadId));
  expect(last.size).toBeGreaterThan(available);
  const next = await index();
  expect(next.threadCount).toBe(tooMany);
  expect(during(next)).toHaveLength(1);
});

test('threads that are shed during a run stay away where fewer are as fast', async () => {
  for (let attempt = 0; attempt < 10; attempt++) {
    const { report, index } = await pausingRun(true, 400);
    expect(report.totalVectors).toBe(16 * 400);
    const [shed] = during(report);
    expect(shed).toMatchObject({ action: 'threads', before: tooMany, after: available });
    if (shed!.outcome !== 'kept') continue;
    expect(shed!.effect).toBeGreaterThanOrEqual(0.97);
    const last = new Set(report.batches.slice(-50).map(({ threadId }) => threadId));
    expect(Math.max(...last)).toBeLessThan(available);
    expect((await index()).threadCount).toBe(available);
    return;
  }
  expect.fail('in ten runs whose batches go one by one, fewer threads were always slower');
});

test('below 50 vectors per second the size of batches is looked at', async () => {
  const { logger, heard } = listening();
  pause(true, 50);
  const indexer = createIndexer(2, { logger, worker: pausingWorker }, { autoOptimization: true });
  await indexer.ready();
  const vectors = randomMatrix(12, 65_536);
  const { performanceReport } = await indexer.indexVectorsMonitored(vectors, { batchSize: 1 });
  expect(performanceReport!.vectorsPerSecond).toBeLessThan(50);
  expect(heard).toContain(LOW_PERFORMANCE);
  expect(performanceReport!.optimizations).toMatchObject([{ action: 'batchSize', before: 1 }]);
});
