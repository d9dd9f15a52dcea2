import * as client from 'prom-client';
import { expect, test } from 'vitest';
import { registerWithPromClient } from '../../src/metrics/prom-client.js';
import { prometheusText } from '../../src/metrics/prometheus-text.js';
import { SharedPerformanceMonitor } from '../../src/monitoring/shared-performance-monitor.js';
import { parseExposition, valuesOf } from './exposition.js';

/** Two threads, and some of everything. */
function busyMonitor(): SharedPerformanceMonitor {
  const monitor = new SharedPerformanceMonitor(2);
  monitor.threadMonitors[0]!.recordIndexTimes([0, 0.25, 1, 3]);
  monitor.threadMonitors[1]!.recordIndexTimes([0.5, 70_000]);
  monitor.recordQueryTimes([2, 5, 1000]);
  return monitor;
}

const indexer = (monitor: SharedPerformanceMonitor) => ({
  monitor,
  getMonitoringStats: () => ({ activeThreads: 2, busyThreads: 1 }),
});

test('the registry shows the figures of the monitor, each time as they are then', async () => {
  const monitor = busyMonitor();
  const registry = new client.Registry();
  registerWithPromClient(registry, monitor);
  for (const recorded of [[], [8, 9]]) {
    monitor.threadMonitors[1]!.recordIndexTimes(recorded);
    const values = valuesOf(await registry.metrics());
    const { totalIndexes, avgIndexTimeMs, totalQueries, avgQueryTimeMs } = monitor.getStats();
    expect(values['simdex_index_duration_seconds_count']).toBe(totalIndexes);
    expect(values['simdex_index_duration_seconds_sum']).toBeCloseTo((totalIndexes * avgIndexTimeMs) / 1000, 9);
    expect(values['simdex_query_duration_seconds_count']).toBe(totalQueries);
    expect(values['simdex_query_duration_seconds_sum']).toBeCloseTo((totalQueries * avgQueryTimeMs) / 1000, 9);
    for (const { threadId, stats } of monitor.threadStats()) {
      expect(values[`simdex_thread_indexed_vectors_total{thread="${threadId}"}`]).toBe(stats.totalIndexes);
    }
  }
});

test('the memory of an index, by kind, as it is then', async () => {
  const source = { monitor: busyMonitor(), memory: { rows: 1, codes: 2, graph: 3, ids: 4, total: 20 } };
  const registry = new client.Registry();
  registerWithPromClient(registry, source);
  expect(valuesOf(await registry.metrics())['simdex_index_memory_bytes{kind="codes"}']).toBe(2);
  source.memory = { ...source.memory, codes: 9 };
  expect(valuesOf(await registry.metrics())['simdex_index_memory_bytes{kind="codes"}']).toBe(9);
});

test('it is what the text without a registry says', async () => {
  const source = indexer(busyMonitor());
  const registry = new client.Registry();
  registerWithPromClient(registry, source, { prefix: 'words_' });
  expect(parseExposition(await registry.metrics())).toEqual(
    parseExposition(prometheusText(source, { prefix: 'words_' })),
  );
});

test('metrics of the caller and default labels stay in their places', async () => {
  const registry = new client.Registry();
  registry.setDefaultLabels({ app: 'shop' });
  new client.Counter({ name: 'orders_total', help: 'Orders.', registers: [registry] }).inc(3);
  registerWithPromClient(registry, indexer(busyMonitor()));
  const values = valuesOf(await registry.metrics());
  expect(values['orders_total{app="shop"}']).toBe(3);
  expect(values['simdex_active_threads{app="shop"}']).toBe(2);
  expect(values['simdex_busy_threads{app="shop"}']).toBe(1);
  const thread = Object.keys(values).find((key) => /^simdex_thread_indexed_vectors_total\{.*thread="0"/.test(key))!;
  expect([thread.includes('app="shop"'), values[thread]]).toEqual([true, 4]);
});

test('a registry that writes OpenMetrics gets its names', async () => {
  const registry = new client.Registry<client.OpenMetricsContentType>();
  registry.setContentType(client.openMetricsContentType);
  registerWithPromClient(registry, busyMonitor());
  const lines = (await registry.metrics()).split('\n');
  expect(lines).toContain('# TYPE simdex_thread_indexed_vectors counter');
  expect(lines).toContain('simdex_thread_indexed_vectors_total{thread="0"} 4');
  expect(lines).toContain('simdex_index_duration_seconds_bucket{le="0.001"} 4');
  expect(lines.at(-2)).toBe('# EOF');
});

test('processes of a cluster add up', async () => {
  const registry = new client.Registry();
  const source = indexer(busyMonitor());
  registerWithPromClient(registry, source);
  const [first, second] = [await registry.getMetricsAsJSON(), await registry.getMetricsAsJSON()];
  const values = valuesOf(await client.AggregatorRegistry.aggregate([first, second]).metrics());
  const single = valuesOf(prometheusText(source));
  expect(values).toEqual(Object.fromEntries(Object.entries(single).map(([key, value]) => [key, 2 * value])));
});

test('resetting the registry leaves them, resetting the monitor too', async () => {
  const monitor = busyMonitor();
  const registry = new client.Registry();
  registerWithPromClient(registry, monitor);
  const before = valuesOf(await registry.metrics());
  registry.resetMetrics();
  monitor.reset();
  expect(valuesOf(await registry.metrics())).toEqual(before);
});

test('disposing takes them out, and nothing else', async () => {
  const registry = new client.Registry();
  new client.Gauge({ name: 'own', help: 'Own.', registers: [registry] });
  {
    using _ = registerWithPromClient(registry, busyMonitor());
    expect(registry.getMetricsAsArray().length).toBeGreaterThan(1);
  }
  expect(registry.getMetricsAsArray()).toHaveLength(1);
  const first = registerWithPromClient(registry, busyMonitor());
  registry.clear();
  registerWithPromClient(registry, busyMonitor());
  first.dispose();
  expect(registry.getMetricsAsArray()).toHaveLength(4);
});

test('a name that is taken is refused, and nothing is registered', () => {
  const registry = new client.Registry();
  new client.Gauge({ name: 'simdex_query_duration_seconds', help: 'Taken.', registers: [registry] });
  expect(() => registerWithPromClient(registry, busyMonitor())).toThrow(
    /prefix must be one whose names are free in the registry \(simdex_query_duration_seconds is not\)/,
  );
  expect(registry.getMetricsAsArray()).toHaveLength(1);
  expect(() => registerWithPromClient(registry, busyMonitor(), { prefix: 'no prefix' })).toThrow(/prefix must be a-z/);
});

test('the global registry is left alone', () => {
  registerWithPromClient(new client.Registry(), busyMonitor());
  expect(client.register.getMetricsAsArray()).toEqual([]);
});
