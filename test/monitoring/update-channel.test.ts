import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AlertUpdate, MonitorUpdate, ProgressUpdate } from '../../src/monitoring/monitor-update.js';
import { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';
import { UpdateChannel } from '../../src/monitoring/update-channel.js';

const stats = new PerformanceMonitor(() => 0).getStats();
const figures = { percent: 0, vectorsPerSecond: 0, etaMs: 0, queueDepth: 0, threads: [] };
const progress = (run: number, processed: number, last = false): ProgressUpdate => ({
  type: 'progress',
  run,
  processed,
  total: 100,
  last,
  ...figures,
});
const metric = (uptimeMs: number): MonitorUpdate => ({
  type: 'metric',
  stats: { ...stats, uptimeMs },
  lifetime: stats,
});
const alert = (value: number): AlertUpdate => ({
  type: 'alert',
  state: 'raised',
  severity: 'info',
  rule: 'throughput',
  message: '',
  value,
  threshold: 0,
});
const degradation = (after: number): MonitorUpdate => ({
  type: 'degradation',
  figure: 'vectorsPerSecond',
  message: '',
  before: 1,
  after,
  change: 1,
  threshold: 0,
});
const report = (value: number): MonitorUpdate => ({ type: 'report', run: 1, report: value, stats, lifetime: stats });

async function readAll(channel: UpdateChannel<unknown>): Promise<MonitorUpdate[]> {
  const all: MonitorUpdate[] = [];
  for await (const update of channel) all.push(update);
  return all;
}

function channelWith(...updates: MonitorUpdate[]): UpdateChannel<unknown> {
  const channel = new UpdateChannel<unknown>(() => undefined);
  for (const update of updates) channel.push(update);
  return channel;
}

test('a reader who waits gets every update, in order', async () => {
  const channel = channelWith();
  const reading = readAll(channel);
  const updates = [progress(1, 1), progress(1, 2), metric(1), metric(2), alert(1)];
  for (const update of updates) {
    channel.push(update);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
  channel.end();
  expect(await reading).toEqual(updates);
});

test('of what waits, the newest progress of a run, metric and report stand for the older ones', async () => {
  const channel = channelWith(
    progress(1, 1),
    metric(1),
    alert(1),
    progress(2, 5),
    report(1),
    progress(1, 2),
    metric(2),
    degradation(1),
    report(2),
    alert(2),
  );
  channel.end();
  expect(await readAll(channel)).toEqual([
    alert(1),
    progress(2, 5),
    progress(1, 2),
    metric(2),
    degradation(1),
    report(2),
    alert(2),
  ]);
});

test('the last progress of each run stays', async () => {
  const channel = channelWith(
    progress(1, 1),
    progress(1, 100, true),
    progress(2, 1),
    progress(2, 100, true),
    progress(3, 7),
  );
  channel.end();
  expect(await readAll(channel)).toEqual([progress(1, 100, true), progress(2, 100, true), progress(3, 7)]);
});

test('nobody reads: it keeps 1,000 updates, alerts rather than others, the newest rather than the oldest', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 1500 }), async (alerts, others) => {
      const channel = channelWith();
      for (let i = 0; i < Math.max(alerts, others); i++) {
        if (i < others) channel.push(degradation(i));
        if (i < alerts) channel.push(alert(i));
      }
      channel.end();
      const kept = await readAll(channel);
      const values = kept.flatMap((update) => (update.type === 'alert' ? [update.value] : []));
      const rest = kept.flatMap((update) => (update.type === 'degradation' ? [update.after] : []));
      const keptAlerts = Math.min(1000, alerts);
      expect(values).toEqual(Array.from({ length: keptAlerts }, (_, i) => alerts - keptAlerts + i));
      const keptOthers = Math.min(others, 1000 - keptAlerts);
      expect(rest.length).toBeLessThanOrEqual(Math.min(1000, others));
      expect(rest).toEqual(Array.from({ length: rest.length }, (_, i) => others - rest.length + i));
      if (others <= alerts) expect(rest).toHaveLength(keptOthers);
    }),
    { numRuns: 30 },
  );
});

test('readers who wait are ended, and what waits can be read first', async () => {
  const channel = channelWith();
  const first = channel.next();
  const second = channel.next();
  channel.push(alert(1));
  channel.end();
  expect(await Promise.all([first, second, channel.next()])).toEqual([
    { done: false, value: alert(1) },
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
});

test('a reader who leaves is told of once, and what waited is gone', async () => {
  let left = 0;
  const channel = new UpdateChannel<unknown>(() => left++);
  channel.push(alert(1));
  channel.push(alert(2));
  for await (const update of channel) {
    expect(update).toEqual(alert(1));
    break;
  }
  expect(left).toBe(1);
  expect(await channel.next()).toEqual({ done: true, value: undefined });
});
