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
  realTime.setThresholds({ meanQueryTimeMs: 10 });
  const events: MonitorUpdate<IndexingPerformanceReport>[] = [];
  for (const type of ['progress', 'metric', 'alert'] as const) realTime.on(type, (update) => events.push(update));
  const updates = realTime.updates();
  let indexed = 0;
  for (const some of [rows, [], rows.slice(0, 20), rows]) {
    const result = await indexer.indexVectorsMonitored(some, { batchSize: 100 });
    indexed += result.indexedCount;
    const last = events.filter(({ type }) => type === 'progress').at(-1);
    expect(last).toMatchObject({ last: true, processed: some.length, total: some.length, percent: 100 });
    result.dispose();
  }
  indexer.monitor.recordQueryTime(50);
  realTime.stop();
  const windows = events.flatMap((update) => (update.type === 'metric' ? [update.stats.totalIndexes] : []));
  expect(windows.reduce((sum, count) => sum + count, 0)).toBe(indexed);
  expect(countedBy(indexer)).toEqual({ total: indexed, threads: indexed });
  expect(events).toContainEqual(expect.objectContaining({ rule: 'meanQueryTime', state: 'raised', value: 50 }));
  const read: MonitorUpdate[] = [];
  for await (const update of updates) read.push(update);
  expect(read.filter((update) => update.type === 'progress' && update.last)).toHaveLength(4);
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
