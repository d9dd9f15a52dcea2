/**
 * Runs that are held back, each by something else: the report names it, the test does what the report says, and a counter
 * shows the effect. How long something takes depends on what else the machine does: a run is repeated until its report names
 * what is looked for, and nothing is said of how long anything took.
 */
import {
  type Bottleneck,
  type IndexingPerformanceReport,
  type IndexingResult,
  type MemoryRates,
  ParallelIndexer,
} from 'simdex';
import { expect, test } from 'vitest';
import { findBottlenecks } from '../../src/reporting/bottlenecks.js';
import { lossesOf } from '../../src/reporting/losses.js';
import { allocatedFor, createIndexer, inSharedMemory, randomMatrix, rowsOf } from './support.js';

interface Named {
  readonly bottleneck: Bottleneck;
  readonly report: IndexingPerformanceReport;
}

const reportOf = async (run: Promise<IndexingResult>) => (await run).performanceReport!;

/** Repeats a run until its report names a bottleneck. */
async function untilNamed(name: Bottleneck['name'], run: () => Promise<IndexingPerformanceReport>): Promise<Named> {
  const others = new Set<string>();
  for (let attempt = 0; attempt < 50; attempt++) {
    const report = await run();
    const bottleneck = report.bottlenecks.find((each) => each.name === name);
    if (bottleneck) {
      expect(report.recommendations).toContain(bottleneck.recommendation);
      expect(bottleneck.lostMs).toBeGreaterThan(0);
      return { bottleneck, report };
    }
    for (const other of report.bottlenecks) others.add(other.name);
  }
  throw new Error(`no report named ${name}, but ${[...others].join(', ') || 'nothing'}`);
}

const namesOf = ({ bottlenecks }: IndexingPerformanceReport) => bottlenecks.map(({ name }) => name);
/** The number that a sentence says after `words`. */
const numberAfter = (words: string, { recommendation }: Bottleneck) =>
  Number(new RegExp(`${words} (\\d+)`).exec(recommendation)![1]);

test('copying: with inPlace, or rows in shared memory, the calling thread copies nothing', async () => {
  const indexer = createIndexer(2);
  await indexer.ready();
  const matrix = randomMatrix(30_000, 64);
  // Numbers one by one: slower to copy than to index.
  const rows = rowsOf(matrix).map((row) => [...row]);
  const { bottleneck, report } = await untilNamed('copying', async () => {
    using result = await indexer.indexVectorsMonitored(rows, { order: 'original' });
    return result.performanceReport!;
  });
  expect(report.copyIn!.bytes).toBe(30_000 * 64 * 4);
  expect(bottleneck.recommendation).toMatch(/inPlace.*SharedArrayBuffer/);

  const own = allocatedFor(indexer, matrix);
  const shared = inSharedMemory(matrix);
  for (const run of [
    () => indexer.indexVectorsMonitored(own, { order: 'original', inPlace: true }),
    () => indexer.indexVectorsMonitored(shared, { order: 'original' }),
  ]) {
    const followed = await reportOf(run());
    expect(followed.copyIn).toBeUndefined();
    expect(namesOf(followed)).not.toContain('copying');
  }
});

test('first touch: disposed results, or into, leave no memory to be touched first', async () => {
  const indexer = createIndexer(2);
  await indexer.ready();
  const [count, dims] = [120_000, 64];
  const vectors = inSharedMemory({ data: new Float32Array(count * dims).fill(0.5), dims });
  const index = (options = {}) => indexer.indexVectorsMonitored(vectors, { order: 'original', ...options });
  const kept: IndexingResult[] = [];
  const { bottleneck, report } = await untilNamed('first touch', async () => {
    kept.push(await index());
    return kept.at(-1)!.performanceReport!;
  });
  expect(bottleneck.recommendation).toMatch(/Dispose results, or receive them with into/);
  expect(report.conditions!.freshBytes).toBeGreaterThanOrEqual(count * dims * 4);

  kept.pop()!.dispose();
  const disposed = await reportOf(index());
  const into = indexer.allocate(count, dims);
  await index({ into });
  const received = await reportOf(index({ into }));
  for (const followed of [disposed, received]) {
    expect(followed.conditions!.freshBytes).toBe(0);
    expect(namesOf(followed)).not.toContain('first touch');
  }
});

test('imbalance: with the batch size that the report names, there are batches enough for every thread', async () => {
  const indexer = createIndexer(2);
  await indexer.ready();
  // Long enough for its end to be worth a change.
  const count = 16_000;
  const matrix = allocatedFor(indexer, randomMatrix(count, 2048));
  const index = (batchSize?: number) => reportOf(indexer.indexVectorsMonitored(matrix, { batchSize, inPlace: true }));
  const { bottleneck, report } = await untilNamed('imbalance', () => index(count - 160));
  expect(report.batches).toHaveLength(2);
  const batchSize = numberAfter('Set batchSize to', bottleneck);
  const followed = await index(batchSize);
  expect(followed.batches.length).toBeGreaterThanOrEqual(2 * 16);
  // No thread can be left with more than one small batch at the end.
  expect(Math.max(...followed.batches.map(({ vectors }) => vectors))).toBeLessThanOrEqual(count / 32);
  expect((await index()).batches.length).toBeGreaterThanOrEqual(8);
});

test('few vectors: as many as the report names are work for every thread', async () => {
  const indexer = createIndexer(4);
  await indexer.ready();
  const few = indexer.allocate(240, 64);
  few.data.fill(1);
  const { bottleneck, report } = await untilNamed('few vectors', () =>
    reportOf(indexer.indexVectorsMonitored(few, { inPlace: true })),
  );
  expect(report.totalVectors / report.threadCount).toBe(60);
  const enough = numberAfter('Index', bottleneck);
  const many = indexer.allocate(enough, 64);
  many.data.fill(1);
  const followed = await reportOf(indexer.indexVectorsMonitored(many, { inPlace: true }));
  expect(followed.totalVectors / followed.threadCount).toBeGreaterThanOrEqual(2 * 60);
  expect(followed.batches.length).toBeGreaterThanOrEqual(report.batches.length);
});

test('start-up: after ready() a run starts no threads', async () => {
  const { bottleneck, report } = await untilNamed('start-up', () =>
    reportOf(createIndexer(4).indexVectorsMonitored(randomMatrix(400, 64))),
  );
  expect(report.conditions!.startedThreads).toBe(4);
  expect(bottleneck.recommendation).toMatch(/4 threads .*ready\(\)/);
  const indexer = createIndexer(4);
  await indexer.ready();
  const followed = await reportOf(indexer.indexVectorsMonitored(randomMatrix(400, 64)));
  expect(followed.conditions!.startedThreads).toBe(0);
  expect(namesOf(followed)).not.toContain('start-up');
});

test('processors: as many threads as the report names have one each', async () => {
  const available = new ParallelIndexer('auto').threadCount;
  // Long enough that the threads take turns: in a few milliseconds those that wake first have done all of it.
  const count = 20_000;
  const components = randomMatrix(count, 1024).data;
  const runsOn = async (threads: number) => {
    const indexer = createIndexer(threads);
    await indexer.ready();
    const matrix = indexer.allocate(count, 1024);
    return () => {
      matrix.data.set(components);
      return reportOf(indexer.indexVectorsMonitored(matrix, { inPlace: true }));
    };
  };
  const { bottleneck, report } = await untilNamed('processors', await runsOn(Math.min(256, 4 * available)));
  expect(report.threadCount).toBeGreaterThan(report.conditions!.availableThreads);
  const followed = await (await runsOn(numberAfter('Use', bottleneck)))();
  expect(followed.threadCount).toBeLessThanOrEqual(followed.conditions!.availableThreads);
});

test('memory bandwidth is not measured where there may not be as much memory', async () => {
  const indexer = createIndexer(1, { maxMemoryBytes: 1e6 });
  expect(await indexer.indexer.measureMemory()).toBeUndefined();
});

test('memory bandwidth: measured once, told in later reports, and in place half as many bytes move', async () => {
  const indexer = createIndexer(2);
  const matrix = randomMatrix(20_000, 64);
  expect((await reportOf(indexer.indexVectorsMonitored(matrix))).conditions!.memory).toBeUndefined();
  // Undefined where a thread had no processor in time, as on a busy machine.
  let measured: MemoryRates | undefined;
  for (let attempt = 0; attempt < 50 && !measured; attempt++) measured = await indexer.indexer.measureMemory();
  const rates = measured!;
  expect(rates.bytesPerMs).toBeGreaterThan(0);
  expect(rates.firstTouchBytesPerMs).toBeGreaterThan(0);
  expect(rates.oneThreadShare).toBeGreaterThan(0);
  expect(rates.oneThreadShare).toBeLessThanOrEqual(1);
  expect(await createIndexer(1).indexer.measureMemory()).toBe(rates);
  const report = await reportOf(indexer.indexVectorsMonitored(matrix));
  expect(report.conditions!.memory).toEqual(rates);

  // As if the memory gave just what this run took of it, so that it is the limit on any machine.
  const moved = (run: IndexingPerformanceReport, bytesPerMs: number) => {
    const memory = { ...rates, bytesPerMs };
    const explained = { ...run, threads: run.threadCount, conditions: { ...run.conditions!, memory } };
    return { losses: lossesOf(explained), conditions: explained.conditions };
  };
  const bytes = moved(report, 1).losses.memoryMs;
  const { losses, conditions } = moved(report, bytes / report.totalTimeMs);
  const [named] = findBottlenecks(losses, {
    runMs: report.totalTimeMs,
    vectors: 20_000,
    threads: 2,
    batches: report.batches.length,
    batchSize: report.batchSize,
    busyMs: 1,
    copiedBytes: report.copyIn!.bytes,
    conditions,
  }).filter(({ name }) => name === 'memory bandwidth');
  expect(named!.recommendation).toMatch(/inPlace/);
  const own = allocatedFor(indexer, matrix);
  const followed = await reportOf(indexer.indexVectorsMonitored(own, { inPlace: true }));
  expect(moved(followed, 1).losses.memoryMs).toBe(bytes / 2);
});
