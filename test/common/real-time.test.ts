/**
 * The real-time monitor in every environment: its events, its iterable, and what they add up to.
 */
import type { IndexingPerformanceReport, MonitorUpdate } from 'simdex';
import { expect, test } from 'vitest';
import { countedBy, randomRows } from '../indexing/support.js';
import { createIndexer } from './environment.js';

const rows = randomRows(3000, 64);

test('runs end on their results, and windows hold what the monitors hold', async () => {
  const indexer = createIndexer();
  const realTime = indexer.enableRealTimeMonitoring()!;
  const events: MonitorUpdate<IndexingPerformanceReport>[] = [];
  for (const type of ['progress', 'metric', 'alert'] as const) realTime.on(type, (update) => events.push(update));
  const updates = realTime.updates();
  const sources = [rows, [], rows.slice(0, 20), rows];
  let indexed = 0;
  for (const some of sources) {
    const result = await indexer.indexVectorsMonitored(some, { batchSize: 100 });
    indexed += result.indexedCount;
    // Small calls are told together, with the next window.
    const last = some === rows && events.filter(({ type }) => type === 'progress').at(-1);
    if (last) expect(last).toMatchObject({ last: true, processed: some.length, total: some.length, percent: 100 });
    result.dispose();
  }
  indexer.monitor.recordQueryTime(50);
  realTime.stop();
  const metrics = events.filter((update) => update.type === 'metric');
  expect(metrics.reduce((sum, { stats }) => sum + stats.totalIndexes, 0)).toBe(indexed);
  expect(metrics.reduce((sum, { stats }) => sum + stats.totalQueries, 0)).toBe(1);
  expect(countedBy(indexer)).toEqual({ total: indexed, threads: indexed });
  const read: MonitorUpdate[] = [];
  for await (const update of updates) read.push(update);
  const ended = read.filter((update) => update.type === 'progress' && update.last);
  expect(ended.reduce((sum, update) => sum + (update.type === 'progress' ? update.processed : 0), 0)).toBe(6020);
  expect(read.at(-1)).toEqual(events.at(-1));
});

test('with everything off all is indexed and counted, and nothing is timed', async () => {
  const off = {
    enablePerThreadMonitoring: false,
    enableRealTimeUpdates: false,
    batchSizeMonitoring: false,
    queueDepthMonitoring: false,
    threadUtilizationMonitoring: false,
  };
  const indexer = createIndexer({}, off);
  const { performanceReport, indexedCount } = await indexer.indexVectorsMonitored(rows, { batchSize: 100 });
  expect(indexedCount).toBe(3000);
  expect(indexer.monitor.getStats().totalIndexes).toBe(3000);
  expect(performanceReport).toMatchObject({ totalVectors: 3000, timingGroupSize: 3000, batches: [] });
  expect(performanceReport!.threadTimesMs.every((ms) => ms === 0)).toBe(true);
});
