/**
 * The building of a graph is told as the runs of an indexer are: by monitors while it lasts, and by a report when it is over.
 */
import { type IndexingPerformanceReport, type MonitorUpdate, RealTimeMonitor } from 'simdex';
import { afterEach, expect, test } from 'vitest';
import { failAtRandom, failNowhere, failures, faultyWorker } from '../indexing/fault.js';
import { clusteredRows } from './graph-support.js';
import { build } from './support.js';

const rows = clusteredRows(6000, 32, 60);

afterEach(failNowhere);

test('the report of a build is about its rows, threads and batches, and tells what the graph finds', async () => {
  const index = await build(rows, { threadCount: 2 });
  const report = await index.buildGraph({ degree: 16, effort: 64 });
  expect(report.totalVectors).toBe(6000);
  expect(report.threadCount).toBe(2);
  expect(report.batches.reduce((sum, { vectors }) => sum + vectors, 0)).toBe(6000);
  expect(new Set(report.batches.map(({ dims }) => dims))).toEqual(new Set([32]));
  expect(report.completed.at(-1)!.vectors).toBe(6000);
  for (const [threadId, ms] of report.threadTimesMs.entries()) {
    const own = report.batches.filter((batch) => batch.threadId === threadId);
    expect(own.reduce((sum, { claimedAtMs, endedAtMs }) => sum + endedAtMs - claimedAtMs, 0)).toBeCloseTo(ms, 6);
  }
  expect(report.vectorsPerSecond).toBeCloseTo((1000 * 6000) / report.totalTimeMs, 6);
  const { zeros, buckets } = report.magnitudeHistogram;
  expect(buckets.reduce((sum, { count }) => sum + count, zeros)).toBeGreaterThan(1000);
  expect(report.backend).toEqual(index.backend);
  expect(report.queueDepth!.samples[0]!.depth).toBeGreaterThanOrEqual(report.batches.length);
  const { graph } = report;
  expect(graph).toMatchObject({ rows: 6000, degree: 16, effort: 64, bytes: index.graph!.bytes, k: 10 });
  const calibrated = index.graph!.calibration.filter(({ k }) => k === 10);
  expect(graph!.curve.map(({ effort, recall }) => ({ effort, recall }))).toEqual(
    calibrated.map(({ effort, recall }) => ({ effort, recall })),
  );
  expect(graph!.exactQueriesPerSecond).toBeGreaterThan(0);
  expect(graph!.buildMs).toBeGreaterThanOrEqual(report.totalTimeMs);
  expect(report.toHtml()).toContain('id="graph"');
  expect(index.monitor.getStats().totalIndexes).toBe(6000);
});

test('a real-time monitor follows a build to its end', async () => {
  const index = await build(rows, { threadCount: 2 });
  const realTime = new RealTimeMonitor<IndexingPerformanceReport>(index.monitor, {
    thresholds: { minVectorsPerSecond: 1e9 },
    reportingIntervalMs: 100,
  });
  const updates: MonitorUpdate<IndexingPerformanceReport>[] = [];
  for (const type of ['progress', 'metric', 'report'] as const) realTime.on(type, (update) => updates.push(update));
  realTime.start();
  const report = await index.buildGraph({ effort: 200, realTime });
  realTime.stop();
  const progress = updates.flatMap((update) => (update.type === 'progress' ? [update] : []));
  const last = progress.at(-1)!;
  expect(last).toMatchObject({ processed: 6000, total: 6000, percent: 100, etaMs: 0, queueDepth: 0 });
  for (const [i, { processed }] of progress.entries()) {
    expect(processed).toBeGreaterThanOrEqual(progress[i - 1]?.processed ?? 0);
  }
  expect(last.threads.reduce((sum, { processed }) => sum + processed, 0)).toBe(report.totalVectors);
  const metrics = updates.flatMap((update) => (update.type === 'metric' ? [update] : []));
  expect(metrics.reduce((sum, { stats }) => sum + stats.totalIndexes, 0)).toBe(6000);
});

test('rows that were put in before a build failed count', async () => {
  const index = await build(rows, { threadCount: 2 });
  await expect(
    index.buildGraph({
      onProgress: ({ processed }) => {
        if (processed > 500) throw new Error('enough');
      },
      effort: 400,
    }),
  ).rejects.toThrow('enough');
  expect(index.graph).toBeUndefined();
  const { totalIndexes } = index.monitor.getStats();
  expect(totalIndexes).toBeGreaterThan(0);
  expect(totalIndexes).toBeLessThan(6000);
});

test('a thread that dies while it builds changes no count', async () => {
  failAtRandom('process.exit', 20, 7);
  const index = await build(rows, { threadCount: 2, worker: faultyWorker });
  const report = await index.buildGraph({ effort: 64 });
  expect(failures(1e9)).toBeGreaterThan(0);
  failNowhere();
  expect(report.totalVectors).toBe(6000);
  expect(report.completed.at(-1)!.vectors).toBe(6000);
});

test('an index without rows has nothing to tell; one row has nothing to measure', async () => {
  const empty = await build([], { dims: 8 });
  expect(await empty.buildGraph()).toMatchObject({ totalVectors: 0, batches: [], graph: undefined });
  const single = await build(rows.slice(0, 1));
  const report = await single.buildGraph();
  expect(report).toMatchObject({ totalVectors: 1, graph: undefined });
  expect(report.toHtml()).not.toContain('id="graph"');
});

test.each([null, {}, 3])('%j is no real-time monitor', async (realTime) => {
  const index = await build(rows.slice(0, 10));
  await expect(index.buildGraph(JSON.parse(JSON.stringify({ realTime })))).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringContaining('realTime must be a RealTimeMonitor'),
  });
});
