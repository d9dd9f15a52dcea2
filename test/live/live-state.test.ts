/**
 * What a live view keeps is bounded, and is what the updates said.
 */
import { expect, test } from 'vitest';
import { LiveState } from '../../src/live/element/live-state.js';
import type { AlertUpdate, MetricUpdate, ProgressUpdate } from '../../src/monitoring/monitor-update.js';
import { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';

function progress(change: Partial<ProgressUpdate>): ProgressUpdate {
  return {
    type: 'progress',
    run: 1,
    last: false,
    processed: 10,
    total: 100,
    percent: 10,
    vectorsPerSecond: 1000,
    etaMs: 90,
    queueDepth: 3,
    threads: [
      { threadId: 0, processed: 5, utilization: 1 },
      { threadId: 1, processed: 5, utilization: 0.5 },
    ],
    ...change,
  };
}

function metric(indexes = 0): MetricUpdate {
  let now = 0;
  const monitor = new PerformanceMonitor(() => now);
  for (let i = 0; i < indexes; i++) monitor.recordIndexTime(1);
  now = 100;
  return { type: 'metric', stats: monitor.getStats(), lifetime: monitor.getStats() };
}

function alert(change: Partial<AlertUpdate> = {}): AlertUpdate {
  return {
    type: 'alert',
    state: 'raised',
    severity: 'warning',
    rule: 'p99IndexTime',
    message: '99th percentile is high',
    value: 4,
    threshold: 3,
    ...change,
  };
}

test('a sample of the curves has the deepest queue and the utilisation since the sample before', () => {
  const state = new LiveState();
  state.take(progress({ queueDepth: 9 }), 0);
  state.take(progress({ queueDepth: 2 }), 50);
  state.take(metric(7), 100);
  state.take(metric(), 200);
  expect(state.samples).toEqual([
    { atMs: 100, vectorsPerSecond: 70, queueDepth: 9, utilization: 0.75 },
    { atMs: 200, vectorsPerSecond: 0, queueDepth: 0, utilization: 0 },
  ]);
});

test('curves go back a minute, and are bounded also when updates come faster', () => {
  const slow = new LiveState();
  for (let second = 0; second <= 200; second++) slow.take(metric(), 1000 * second);
  expect(slow.samples.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 61 }, (_, i) => 1000 * (140 + i)));
  const fast = new LiveState();
  for (let i = 0; i < 5000; i++) fast.take(metric(), i);
  expect(fast.samples).toHaveLength(600);
  expect(fast.samples.at(-1)!.atMs).toBe(4999);
});

test('an alert stays until it is cleared; events are kept newest first, fifty of them', () => {
  const state = new LiveState();
  expect(state.take(alert(), 1)).toBe('Alert, warning: 99th percentile is high.');
  state.take(alert({ rule: 'throughput' }), 2);
  expect([...state.alerts.keys()]).toEqual(['p99IndexTime', 'throughput']);
  expect(state.take(alert({ state: 'cleared', message: 'fine again' }), 3)).toBe('Alert cleared, warning: fine again.');
  expect([...state.alerts.keys()]).toEqual(['throughput']);
  for (let i = 0; i < 100; i++) state.take(alert({ message: `number ${i}` }), 10 + i);
  expect(state.events).toHaveLength(50);
  expect(state.events[0]).toEqual({ atMs: 109, kind: 'raised', text: 'warning: number 99' });
});

test('when updates begin anew only what is told again is raised, and that is no news', () => {
  const state = new LiveState();
  state.take(alert(), 1);
  state.take(alert({ rule: 'throughput' }), 2);
  state.awaitAlerts();
  expect(state.alerts.size).toBe(0);
  expect(state.take(alert(), 3)).toBeUndefined();
  expect([...state.alerts.keys()]).toEqual(['p99IndexTime']);
  expect(state.events).toHaveLength(2);
});

test('the end of a run is told where it lasted, with what became of it', () => {
  const state = new LiveState();
  state.take(progress({}), 0);
  expect(state.take(progress({ last: true, processed: 100 }), 1000)).toBe('Run 1 is done: 100 vectors.');
  state.take(progress({ run: 2 }), 2000);
  expect(state.take(progress({ run: 2, last: true, processed: 40 }), 4000)).toBe(
    'Run 2 ended after 40 of 100 vectors.',
  );
  expect(state.take(progress({ run: 3, last: true, processed: 100 }), 4001)).toBeUndefined();
});

test('of several runs the one that began last is shown', () => {
  const state = new LiveState();
  state.take(progress({ run: 2 }), 0);
  state.take(progress({ run: 1, last: true }), 1);
  expect(state.progress!.run).toBe(2);
});
