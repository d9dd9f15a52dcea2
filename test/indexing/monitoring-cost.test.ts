/**
 * What monitoring costs, counted: clock reads and stores of real threads, by a worker module that wraps the clock and the
 * views on the control block. The figures stand in CONTRIBUTING.md.
 */
import { setEnvironmentData } from 'node:worker_threads';
import type { IndexerMonitoringConfig, IndexingResult, MonitoredParallelIndexer } from 'simdex';
import { ParallelIndexer } from 'simdex';
import { expect, onTestFinished, test } from 'vitest';
import { countedBy, createIndexer, inSharedMemory, randomMatrix } from './support.js';

const worker = new URL('./workers/counting.mjs', import.meta.url);
const counts = new Int32Array(new SharedArrayBuffer(20));
setEnvironmentData('simdex test counts', counts.buffer);

const EVERYTHING_OFF: Partial<IndexerMonitoringConfig> = {
  enablePerThreadMonitoring: false,
  enableRealTimeUpdates: false,
  batchSizeMonitoring: false,
  queueDepthMonitoring: false,
  threadUtilizationMonitoring: false,
};

async function counted<T>(run: () => Promise<T>) {
  counts.fill(0);
  const result = await run();
  const [clockReads, timeStores, wordStores, claims, ends] = counts;
  return { result, cost: { clockReads, timeStores, wordStores, claims, ends } };
}

/** Rows by ordinary memory or shared, of one slice per batch or of several. */
const shapes: [string, number, number, number][] = [
  ['one slice a batch', 4000, 16, 100],
  ['five slices a batch', 1000, 1024, 100],
];

async function indexerWith(config: Partial<IndexerMonitoringConfig>): Promise<MonitoredParallelIndexer> {
  const indexer = createIndexer(2, { worker, kernel: 'simd' }, config);
  await indexer.ready();
  return indexer;
}

test.each(shapes)(
  'timed, %s: a read and a store for each group, a read and two stores more for each batch',
  async (_, count, dims, batchSize) => {
    for (const source of [randomMatrix(count, dims), inSharedMemory(randomMatrix(count, dims))]) {
      const indexer = await indexerWith({});
      const { result, cost } = await counted(() => indexer.indexVectorsMonitored(source, { batchSize }));
      const batches = count / batchSize;
      const groups = batches * Math.ceil(batchSize / result.performanceReport!.timingGroupSize);
      expect(groups / batches).toBe(dims === 16 ? 1 : 5);
      expect(cost).toEqual({
        clockReads: groups + batches,
        timeStores: groups + 2 * batches,
        wordStores: groups + 3 * batches,
        claims: batches,
        ends: batches,
      });
    }
  },
);

test.each(shapes)(
  'everything off, %s: no clock is read and no time written, and counts stay exact',
  async (_, count, dims, batchSize) => {
    const source = inSharedMemory(randomMatrix(count, dims));
    const engine = new ParallelIndexer(2, { worker, kernel: 'simd' });
    onTestFinished(() => engine.dispose());
    await engine.ready();
    const indexer = await indexerWith(EVERYTHING_OFF);
    const runs: (() => Promise<IndexingResult>)[] = [
      () => indexer.indexVectorsMonitored(source, { batchSize }),
      () => engine.indexVectors(source, { batchSize }),
    ];
    for (const run of runs) {
      const { cost } = await counted(run);
      const batches = count / batchSize;
      expect(cost).toEqual({
        clockReads: 0,
        timeStores: 0,
        wordStores: (dims === 16 ? 1 : 5) * batches + 3 * batches,
        claims: batches,
        ends: batches,
      });
    }
    expect(countedBy(indexer).total).toBe(count);
  },
);

test.each(Object.keys(EVERYTHING_OFF))('%s alone has the threads timed', async (flag) => {
  const indexer = await indexerWith({ ...EVERYTHING_OFF, [flag]: true });
  const { cost } = await counted(() => indexer.indexVectorsMonitored(randomMatrix(400, 8), { batchSize: 100 }));
  expect(cost).toMatchObject({ clockReads: 8, timeStores: 12 });
});

test('everything off, the calling thread reads the clock as often for a short run as for a long one', async () => {
  const readers: string[] = [];
  const { now } = performance;
  onTestFinished(() => {
    performance.now = now;
  });
  const readersOf = async (count: number) => {
    const indexer = await indexerWith(EVERYTHING_OFF);
    const source = inSharedMemory(randomMatrix(count, 8));
    readers.length = 0;
    performance.now = () => {
      // Tinypool reads it for each of its tasks, which are one for each thread and run.
      const caller = new Error().stack?.split('\n')[2] ?? '';
      if (!caller.includes('tinypool')) readers.push(caller);
      return now.call(performance);
    };
    await indexer.indexVectorsMonitored(source, { batchSize: 50 });
    return [...readers];
  };
  const short = await readersOf(400);
  expect(short.length).toBeLessThan(10);
  expect((await readersOf(20_000)).length).toBeLessThanOrEqual(short.length);
});

test('everything off, the run is one timing group: every vector takes an equal share of its time', async () => {
  const indexer = await indexerWith(EVERYTHING_OFF);
  const {
    performanceReport: report,
    totalTimeMs,
    batchResults,
  } = await indexer.indexVectorsMonitored(randomMatrix(1000, 8), { batchSize: 100 });
  expect(report).toMatchObject({
    totalVectors: 1000,
    totalTimeMs,
    timingGroupSize: 1000,
    threadTimesMs: [0, 0],
    threadEfficiency: 1,
    batches: [],
    completed: [],
    copyIn: undefined,
  });
  const { avgIndexTimeMs, minIndexTimeMs, maxIndexTimeMs, totalIndexes } = indexer.monitor.getStats();
  expect(totalIndexes).toBe(1000);
  for (const ms of [avgIndexTimeMs, minIndexTimeMs, maxIndexTimeMs, report!.indexTime.meanMs]) {
    expect(ms).toBeCloseTo(totalTimeMs / 1000, 10);
  }
  expect(batchResults.reduce((sum, { batchTimeMs }) => sum + batchTimeMs, 0)).toBeCloseTo(totalTimeMs, 9);
  expect(report!.toJSON()).toMatchObject({ totalVectors: 1000, batches: [] });
});
