/**
 * The real-time monitor of an indexer, on real runs: what it tells ends on what the results say, and what its windows hold
 * adds up to what the monitors hold.
 */
import type {
  IndexingPerformanceReport,
  IndexOptions,
  MonitoredParallelIndexer,
  MonitorUpdate,
  RealTimeMonitor,
  VectorSource,
} from 'simdex';
import { afterEach, expect, test } from 'vitest';
import { type Fault, failAtBatch, failAtRandom, failNowhere, failures, faultyWorker } from './fault.js';
import { countedBy, createIndexer, inSharedMemory, randomMatrix, randomRows, rejectionOf } from './support.js';

afterEach(failNowhere);

type Update = MonitorUpdate<IndexingPerformanceReport>;
type Of<Type extends Update['type']> = Extract<Update, { type: Type }>;

function listenTo(realTime: RealTimeMonitor<IndexingPerformanceReport>) {
  const seen = { progress: [] as Of<'progress'>[], metric: [] as Of<'metric'>[], report: [] as Of<'report'>[] };
  realTime.on('progress', (update) => seen.progress.push(update));
  realTime.on('metric', (update) => seen.metric.push(update));
  realTime.on('report', (update) => seen.report.push(update));
  return seen;
}

const indexedIn = (metrics: readonly Of<'metric'>[]) => metrics.reduce((sum, { stats }) => sum + stats.totalIndexes, 0);

test('without enableRealTimeUpdates there is no real-time monitor', () => {
  const indexer = createIndexer(2, {}, { enableRealTimeUpdates: false });
  expect(indexer.enableRealTimeMonitoring()).toBeUndefined();
  expect(indexer.realTimeMonitor).toBeUndefined();
});

test('it is there once enabled, the same every time, and no more after the indexer is disposed', async () => {
  const indexer = createIndexer(2);
  expect(indexer.realTimeMonitor).toBeUndefined();
  const realTime = indexer.enableRealTimeMonitoring()!;
  expect(indexer.realTimeMonitor).toBe(realTime);
  expect(indexer.enableRealTimeMonitoring()).toBe(realTime);
  const updates: Update[] = [];
  const reading = (async () => {
    for await (const update of realTime.updates()) updates.push(update);
  })();
  indexer.monitor.recordQueryTime(7);
  await indexer.dispose();
  await reading;
  expect(updates.at(-1)).toMatchObject({ type: 'metric', stats: { totalQueries: 1 } });
  expect(() => indexer.enableRealTimeMonitoring()).toThrowError(expect.objectContaining({ code: 'Disposed' }));
});

const rows = randomRows(1000, 32);
const runs: [string, VectorSource, IndexOptions][] = [
  ['no vector', [], {}],
  ['one vector', randomRows(1, 8), {}],
  ['few vectors, on the calling thread', randomRows(40, 8), {}],
  ['ordinary rows', rows, { batchSize: 40 }],
  ['ragged rows', [...rows, ...randomRows(300, 7), new Float32Array(0)], { onInvalid: 'skip' }],
  [
    'a shared matrix with rejected rows',
    inSharedMemory({ data: randomMatrix(900, 16).data.fill(0, 160, 320), dims: 16 }),
    { onInvalid: 'skip', batchSize: 33 },
  ],
];

test('the last progress of every run is its result; windows, monitors and results count the same', async () => {
  const indexer = createIndexer(3);
  const realTime = indexer.enableRealTimeMonitoring()!;
  const seen = listenTo(realTime);
  const most = Math.max(...runs.slice(0, 3).map(([, source]) => (source as readonly unknown[]).length));
  let indexed = 0;
  let all = 0;
  for (let round = 0; round < 10; round++) {
    for (const [name, source, options] of runs) {
      const result = await indexer.indexVectorsMonitored(source, options);
      indexed += result.indexedCount;
      const run = 1 + round * runs.length + runs.findIndex(([each]) => each === name);
      const total = result.vectors.length;
      all += total;
      // Small calls are told together, with the next window.
      if (total > most) {
        expect(seen.progress.findLast((update) => update.run === run)).toMatchObject({
          last: true,
          processed: total,
          total,
          percent: 100,
          queueDepth: 0,
        });
      }
      expect(result.indexedCount + result.rejected.length).toBe(total);
      result.dispose();
    }
    expect(countedBy(indexer)).toEqual({ total: indexed, threads: indexed });
  }
  realTime.stop();
  expect(indexedIn(seen.metric)).toBe(indexed);
  expect(seen.metric.at(-1)!.lifetime.totalIndexes).toBe(indexed);
  const ended = seen.progress.filter(({ last }) => last);
  expect(ended.reduce((sum, { processed }) => sum + processed, 0)).toBe(all);
  expect(ended.filter(({ total }) => total > most).length).toBeGreaterThanOrEqual(30);
});

test('progress of a long run comes while it lasts and never goes back, and windows fill while it lasts', async () => {
  const indexer = createIndexer(2, { worker: faultyWorker }, { reportingIntervalMs: 100 });
  const seen = listenTo(indexer.enableRealTimeMonitoring()!);
  // Each batch is held for a third of a second.
  failAtRandom('slow', 1000, 1);
  const result = await indexer.indexVectorsMonitored(randomMatrix(600, 8), { batchSize: 100 });
  const { progress, metric, report } = seen;
  expect(progress.length).toBeGreaterThan(4);
  for (const [i, update] of progress.entries()) {
    expect(update.processed).toBeGreaterThanOrEqual(progress[i - 1]?.processed ?? 0);
    expect(update.last).toBe(i === progress.length - 1);
  }
  expect(progress.some(({ processed }) => processed > 0 && processed < 600)).toBe(true);
  expect(metric.some(({ lifetime }) => lifetime.totalIndexes > 0 && lifetime.totalIndexes < 600)).toBe(true);
  expect(report.length).toBeGreaterThan(3);
  for (const { report: interim, run } of report) {
    expect(run).toBe(1);
    expect(interim.totalVectors % 100).toBe(0);
    expect(interim.totalVectors).toBe(interim.batches.reduce((sum, { vectors }) => sum + vectors, 0));
    expect(interim.totalTimeMs).toBeLessThanOrEqual(result.totalTimeMs);
  }
  const totals = report.map(({ report: { totalVectors } }) => totalVectors);
  expect(totals).toEqual([...totals].sort((a, b) => a - b));
  expect(countedBy(indexer)).toEqual({ total: 600, threads: 600 });
  expect(result.performanceReport!.totalVectors).toBe(600);
});

/** Runs that end in every way there is; each gives the vectors it indexed, or undefined where only its records know. */
const endings: Record<string, (indexer: MonitoredParallelIndexer) => Promise<number | undefined>> = {
  success: async (indexer) => (await indexer.indexVectorsMonitored(rows, { batchSize: 40 })).indexedCount,
  skip: async (indexer) => {
    const some = rows.map((row, i) => (i % 10 === 0 ? new Float32Array(32) : row));
    return (await indexer.indexVectorsMonitored(some, { batchSize: 40, onInvalid: 'skip' })).indexedCount;
  },
  'a rejected vector': async (indexer) => {
    const some = [...rows.slice(0, 700), new Float32Array(32), ...rows.slice(701)];
    const error = await rejectionOf(indexer.indexVectorsMonitored(some, { batchSize: 40 }));
    expect(error['code']).toBe('ZeroMagnitude');
    return undefined;
  },
  abort: async (indexer) => {
    failAtBatch('slow', 5);
    const stop = new AbortController();
    const onProgress = () => stop.abort('stopped');
    const options = { batchSize: 40, signal: stop.signal, onProgress };
    expect(await rejectionOf(indexer.indexVectorsMonitored(rows, options))).toBe('stopped');
    return undefined;
  },
  ...Object.fromEntries(
    (['process.exit', 'throw', 'uncaught error'] satisfies Fault[]).map((fault) => [
      `a worker that dies (${fault})`,
      async (indexer: MonitoredParallelIndexer) => {
        failAtBatch(fault, 3);
        const { indexedCount } = await indexer.indexVectorsMonitored(rows, { batchSize: 40 });
        expect(failures(1)).toBe(1);
        return indexedCount;
      },
    ]),
  ),
  'a batch that kills two workers': async (indexer) => {
    failAtBatch('process.exit', 7, 1000);
    const error = await rejectionOf(indexer.indexVectorsMonitored(rows, { batchSize: 40 }));
    expect(error['code']).toBe('ThreadPanic');
    return undefined;
  },
};

test.each(Object.keys(endings))('ten runs that end with %s count the same everywhere', async (ending) => {
  const indexer = createIndexer(3, { worker: faultyWorker });
  const realTime = indexer.enableRealTimeMonitoring()!;
  const seen = listenTo(realTime);
  let before = 0;
  for (let run = 1; run <= 10; run++) {
    const indexed = await endings[ending]!(indexer);
    failNowhere();
    const { total, threads } = countedBy(indexer);
    expect(threads).toBe(total);
    if (indexed === undefined) expect(total - before).toBeLessThan(1000);
    else expect(total - before).toBe(indexed);
    const { processed, total: all, last } = seen.progress.at(-1)!;
    expect([last, all, seen.progress.at(-1)!.run]).toEqual([true, 1000, run]);
    expect(processed).toBeGreaterThanOrEqual(total - before);
    if (indexed !== undefined) expect(processed).toBe(1000);
    before = total;
  }
  realTime.stop();
  expect(indexedIn(seen.metric)).toBe(before);
});

test('a listener that throws: the run goes on, and the logger hears of it once', async () => {
  const heard: string[] = [];
  const logger = { info: () => undefined, warn: (message: string) => heard.push(message) };
  const indexer = createIndexer(2, { logger });
  indexer.enableRealTimeMonitoring()!.on('progress', () => {
    throw new Error('no paper');
  });
  for (let run = 0; run < 3; run++) expect((await indexer.indexVectorsMonitored(rows)).indexedCount).toBe(1000);
  expect(heard).toEqual(['A listener of the real-time monitor failed and was taken off (no paper)']);
});

test('an alert on index times is raised in real runs', async () => {
  const indexer = createIndexer(2);
  const realTime = indexer.enableRealTimeMonitoring()!;
  realTime.setThresholds({ meanIndexTimeMs: 0 });
  const alerts: string[] = [];
  realTime.on('alert', ({ rule, state }) => alerts.push(`${rule} ${state}`));
  // It has to hold for three seconds.
  const until = performance.now() + 60_000;
  while (alerts.length === 0 && performance.now() < until) await indexer.indexVectorsMonitored(rows);
  realTime.stop();
  expect(alerts).toContain('meanIndexTime raised');
});
