import { metrics } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { registerWithOpenTelemetry } from '../../src/metrics/open-telemetry.js';
import { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';
import { SharedPerformanceMonitor } from '../../src/monitoring/shared-performance-monitor.js';

/** Collects when asked to. */
class Reader extends MetricReader {
  protected override async onForceFlush() {}
  protected override async onShutdown() {}
}

function createProvider() {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  return { reader, meter: provider.getMeter('test') };
}

/** What is exported: name, unit, and value by attributes. */
async function exported(reader: Reader): Promise<Record<string, { unit: string; values: Record<string, unknown> }>> {
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  return Object.fromEntries(
    all
      .filter(({ dataPoints }) => dataPoints.length > 0)
      .map(({ descriptor, dataPoints }) => [
        descriptor.name,
        {
          unit: descriptor.unit,
          values: Object.fromEntries(dataPoints.map(({ attributes, value }) => [JSON.stringify(attributes), value])),
        },
      ]),
  );
}

test('what is exported are the figures of the monitor, each time as they are then', async () => {
  const { reader, meter } = createProvider();
  const monitor = new SharedPerformanceMonitor(2);
  const memory = { rows: 1, codes: 2, graph: 3, ids: 4, total: 20 };
  registerWithOpenTelemetry(meter, {
    monitor,
    memory,
    getMonitoringStats: () => ({ activeThreads: 2, busyThreads: 1 }),
  });
  for (const times of [
    [1, 2, 3],
    [40, 0],
  ]) {
    monitor.threadMonitors[0]!.recordIndexTimes(times);
    monitor.threadMonitors[1]!.recordIndexTime(7);
    monitor.recordQueryTimes(times);
    const stats = monitor.getStats();
    const [first, second] = monitor.threadStats().map((thread) => thread.stats);
    const seconds = (count: number, meanMs: number) => expect.closeTo((count * meanMs) / 1000, 12);
    expect(await exported(reader)).toEqual({
      'simdex.index.count': { unit: '{vector}', values: { '{}': stats.totalIndexes } },
      'simdex.index.time': { unit: 's', values: { '{}': seconds(stats.totalIndexes, stats.avgIndexTimeMs) } },
      'simdex.index.duration': {
        unit: 's',
        values: {
          '{"quantile":0}': stats.minIndexTimeMs / 1000,
          '{"quantile":0.5}': stats.p50IndexTimeMs / 1000,
          '{"quantile":0.95}': stats.p95IndexTimeMs / 1000,
          '{"quantile":0.99}': stats.p99IndexTimeMs / 1000,
          '{"quantile":1}': stats.maxIndexTimeMs / 1000,
        },
      },
      'simdex.query.count': { unit: '{query}', values: { '{}': stats.totalQueries } },
      'simdex.query.time': { unit: 's', values: { '{}': seconds(stats.totalQueries, stats.avgQueryTimeMs) } },
      'simdex.query.duration': {
        unit: 's',
        values: {
          '{"quantile":0}': stats.minQueryTimeMs / 1000,
          '{"quantile":0.5}': stats.p50QueryTimeMs / 1000,
          '{"quantile":0.95}': stats.p95QueryTimeMs / 1000,
          '{"quantile":0.99}': stats.p99QueryTimeMs / 1000,
          '{"quantile":1}': stats.maxQueryTimeMs / 1000,
        },
      },
      'simdex.thread.index.count': {
        unit: '{vector}',
        values: { '{"thread":0}': first!.totalIndexes, '{"thread":1}': second!.totalIndexes },
      },
      'simdex.thread.index.time': {
        unit: 's',
        values: {
          '{"thread":0}': seconds(first!.totalIndexes, first!.avgIndexTimeMs),
          '{"thread":1}': seconds(second!.totalIndexes, second!.avgIndexTimeMs),
        },
      },
      'simdex.thread.active': { unit: '{thread}', values: { '{}': 2 } },
      'simdex.thread.busy': { unit: '{thread}', values: { '{}': 1 } },
      'simdex.index.memory': {
        unit: 'By',
        values: {
          '{"kind":"rows"}': 1,
          '{"kind":"codes"}': 2,
          '{"kind":"graph"}': 3,
          '{"kind":"ids"}': 4,
          '{"kind":"total"}': 20,
        },
      },
    });
  }
});

test('a monitor without threads and without samples has sums of 0 and no quantiles', async () => {
  const { reader, meter } = createProvider();
  registerWithOpenTelemetry(meter, new PerformanceMonitor());
  const found = await exported(reader);
  expect(Object.entries(found).map(([name, { values }]) => [name, values])).toEqual([
    ['simdex.index.count', { '{}': 0 }],
    ['simdex.index.time', { '{}': 0 }],
    ['simdex.query.count', { '{}': 0 }],
    ['simdex.query.time', { '{}': 0 }],
  ]);
});

test('sums do not go back when the monitor is reset; quantiles start anew', async () => {
  const { reader, meter } = createProvider();
  const monitor = new PerformanceMonitor();
  registerWithOpenTelemetry(meter, monitor);
  monitor.recordQueryTimes([1, 9]);
  await reader.collect();
  monitor.reset();
  monitor.recordQueryTime(2);
  const found = await exported(reader);
  expect(found['simdex.query.count']!.values).toEqual({ '{}': 3 });
  expect(found['simdex.query.time']!.values).toEqual({ '{}': 0.012 });
  expect(found['simdex.query.duration']!.values).toMatchObject({ '{"quantile":0}': 0.002, '{"quantile":1}': 0.002 });
});

test('after disposing nothing is observed any more', async () => {
  const { reader, meter } = createProvider();
  const monitor = new PerformanceMonitor();
  {
    using _ = registerWithOpenTelemetry(meter, monitor);
    monitor.recordIndexTimes([1, 2]);
    expect((await exported(reader))['simdex.index.count']!.values).toEqual({ '{}': 2 });
  }
  monitor.recordIndexTimes([3, 4]);
  // The SDK goes on exporting the last sum it was given.
  expect((await exported(reader))['simdex.index.count']!.values).toEqual({ '{}': 2 });
});

test('prefixes keep sources apart; what is none is refused', async () => {
  const { reader, meter } = createProvider();
  const [words, images] = [new PerformanceMonitor(), new PerformanceMonitor()];
  registerWithOpenTelemetry(meter, words, { prefix: 'words.' });
  registerWithOpenTelemetry(meter, images, { prefix: 'shop.images.' });
  words.recordIndexTime(1);
  const found = await exported(reader);
  expect(found['words.index.count']!.values).toEqual({ '{}': 1 });
  expect(found['shop.images.index.count']!.values).toEqual({ '{}': 0 });
  for (const prefix of ['', '.', 'words', 'Words.', '1.', 'a b.', 'a\nb.', 'a/b.']) {
    expect(() => registerWithOpenTelemetry(meter, words, { prefix })).toThrow(/prefix must be a-z/);
  }
  const misspelt: object = { prefixx: 'a.' };
  expect(() => registerWithOpenTelemetry(meter, words, misspelt)).toThrow(/options\.prefixx/);
});

test('the global meter is left alone', async () => {
  const global = new Reader();
  const provider = new MeterProvider({ readers: [global] });
  metrics.setGlobalMeterProvider(provider);
  onTestFinished(() => {
    metrics.disable();
    return provider.shutdown();
  });
  registerWithOpenTelemetry(createProvider().meter, new PerformanceMonitor());
  expect(await exported(global)).toEqual({});
});
