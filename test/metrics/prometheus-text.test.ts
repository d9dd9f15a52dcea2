import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { prometheusText } from '../../src/metrics/prometheus-text.js';
import { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';
import { SharedPerformanceMonitor } from '../../src/monitoring/shared-performance-monitor.js';
import { durationMs, trueSum } from '../monitoring/durations.js';
import { runsOf } from '../seed.js';
import { bucketsOf, parseExposition, valuesOf } from './exposition.js';

/** The bounds, in milliseconds. */
const boundsMs = Array.from({ length: 28 }, (_, i) => 2 ** (i - 13));

/** Durations of all sizes, and those that coarse clocks give: bounds themselves, and 0. */
const samples = fc.array(
  fc.oneof(
    // As near a bound as one rounding, a value may be counted beside it.
    durationMs.filter((ms) => ms === 0 || Math.abs(Math.log2(ms) - Math.round(Math.log2(ms))) > 1e-12),
    fc.constantFrom(0, ...boundsMs),
  ),
  { maxLength: 60 },
);

describe('histograms', () => {
  test.each([
    ['simdex_index_duration_seconds', (monitor: PerformanceMonitor, ms: number[]) => monitor.recordIndexTimes(ms)],
    ['simdex_query_duration_seconds', (monitor: PerformanceMonitor, ms: number[]) => monitor.recordQueryTimes(ms)],
  ])('%s counts what is at most each bound, exactly', (family, record) => {
    fc.assert(
      fc.property(samples, (durations) => {
        const monitor = new PerformanceMonitor();
        record(monitor, durations);
        const text = prometheusText(monitor);
        const expected = [...boundsMs, Number.POSITIVE_INFINITY].map((bound) => ({
          le: bound / 1000,
          count: durations.filter((ms) => ms <= bound).length,
        }));
        expect(bucketsOf(text, family)).toEqual(expected);
        const values = valuesOf(text);
        expect(values[`${family}_count`]).toBe(durations.length);
        expect(values[`${family}_sum`]).toBe(trueSum(durations) / 1000);
      }),
      runsOf(500),
    );
  });

  test('bounds are short decimals, from 0.12 µs to 16 s', () => {
    const bounds = [...prometheusText(new PerformanceMonitor()).matchAll(/index_duration\S+\{le="(.+)"\}/g)];
    expect(bounds.map(([, bound]) => bound).slice(0, 2)).toEqual(['1.220703125e-7', '2.44140625e-7']);
    expect(bounds.map(([, bound]) => bound).slice(-6)).toEqual(['1.024', '2.048', '4.096', '8.192', '16.384', '+Inf']);
  });
});

test('names, types and help are those of the documentation', () => {
  const source = {
    monitor: new SharedPerformanceMonitor(2),
    getMonitoringStats: () => ({ activeThreads: 1, busyThreads: 0 }),
    memory: { rows: 1, codes: 2, graph: 3, ids: 4, total: 20 },
  };
  const families = [...parseExposition(prometheusText(source))].map(([name, { type, help }]) => [name, type, help]);
  expect(families).toEqual([
    ['simdex_index_duration_seconds', 'histogram', 'Time to index one vector, on its thread.'],
    ['simdex_query_duration_seconds', 'histogram', 'Time to answer one query.'],
    ['simdex_thread_indexed_vectors_total', 'counter', 'Vectors indexed by a thread.'],
    ['simdex_thread_index_seconds_total', 'counter', 'Time that a thread spent indexing.'],
    ['simdex_active_threads', 'gauge', 'Threads of the indexer.'],
    ['simdex_busy_threads', 'gauge', 'Threads at work now.'],
    ['simdex_index_memory_bytes', 'gauge', 'Memory that the index holds, by kind; total has all.'],
  ]);
  expect(valuesOf(prometheusText(source))).toMatchObject({
    'simdex_index_memory_bytes{kind="rows"}': 1,
    'simdex_index_memory_bytes{kind="codes"}': 2,
    'simdex_index_memory_bytes{kind="graph"}': 3,
    'simdex_index_memory_bytes{kind="ids"}': 4,
    'simdex_index_memory_bytes{kind="total"}': 20,
  });
});

test('threads have counters of their own, whose sums are those of all', () => {
  const monitor = new SharedPerformanceMonitor(3);
  monitor.threadMonitors[0]!.recordIndexTimes([1, 2]);
  monitor.threadMonitors[2]!.recordIndexTime(8);
  expect(valuesOf(prometheusText(monitor))).toMatchObject({
    'simdex_thread_indexed_vectors_total{thread="0"}': 2,
    'simdex_thread_indexed_vectors_total{thread="1"}': 0,
    'simdex_thread_indexed_vectors_total{thread="2"}': 1,
    'simdex_thread_index_seconds_total{thread="0"}': 0.003,
    'simdex_thread_index_seconds_total{thread="1"}': 0,
    'simdex_thread_index_seconds_total{thread="2"}': 0.008,
    simdex_index_duration_seconds_count: 3,
    simdex_index_duration_seconds_sum: 0.011,
  });
});

test('threads, and those at work, are shown where the source has threads', () => {
  const monitor = new PerformanceMonitor();
  expect(parseExposition(prometheusText(monitor)).has('simdex_active_threads')).toBe(false);
  expect(parseExposition(prometheusText({ monitor })).has('simdex_active_threads')).toBe(false);
  const indexer = { monitor, getMonitoringStats: () => ({ activeThreads: 5, busyThreads: 3 }) };
  expect(valuesOf(prometheusText(indexer))['simdex_active_threads']).toBe(5);
  expect(valuesOf(prometheusText(indexer))['simdex_busy_threads']).toBe(3);
});

test('no figure but that of threads at work ever goes back, whatever is reset', () => {
  const action = fc.oneof(
    fc.record({ thread: fc.nat({ max: 1 }), ms: durationMs }),
    fc.record({ queryMs: durationMs }),
    fc.record({ reset: fc.constantFrom('all', 0, 1) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const monitor = new SharedPerformanceMonitor(2);
      let before = valuesOf(prometheusText(monitor));
      for (const one of actions) {
        if ('ms' in one) monitor.threadMonitors[one.thread]!.recordIndexTime(one.ms);
        else if ('queryMs' in one) monitor.recordQueryTime(one.queryMs);
        else if (one.reset === 'all') monitor.reset();
        else monitor.threadMonitors[one.reset as number]!.reset();
        const now = valuesOf(prometheusText(monitor));
        expect(Object.keys(now)).toEqual(Object.keys(before));
        expect(Object.entries(now).filter(([key, value]) => value < before[key]!)).toEqual([]);
        before = now;
      }
      expect(before['simdex_index_duration_seconds_count']).toBe(actions.filter((one) => 'ms' in one).length);
      expect(before['simdex_query_duration_seconds_count']).toBe(actions.filter((one) => 'queryMs' in one).length);
    }),
    { numRuns: 100 },
  );
});

test('the number of series is bounded', () => {
  const text = prometheusText({
    monitor: new SharedPerformanceMonitor(256),
    getMonitoringStats: () => ({ activeThreads: 0, busyThreads: 0 }),
  });
  expect(Object.keys(valuesOf(text))).toHaveLength(2 * 31 + 2 * 256 + 2);
  for (const threads of [257, -1, 1.5, Number.NaN]) {
    expect(() => new SharedPerformanceMonitor(threads)).toThrow(
      `Invalid indexing configuration: monitoredThreads must be an integer from 0 to 256, got ${threads}`,
    );
  }
});

test('a prefix keeps sources apart', () => {
  const [words, images] = [new PerformanceMonitor(), new PerformanceMonitor()];
  words.recordIndexTime(1);
  const text = prometheusText(words, { prefix: 'words_' }) + prometheusText(images, { prefix: 'images_' });
  const values = valuesOf(text);
  expect([values['words_index_duration_seconds_count'], values['images_index_duration_seconds_count']]).toEqual([1, 0]);
});

test.each(['', '_', 'simdex', '1_', 'Words_', 'a-b_', 'a:b_', 'a b_', 'a\n# HELP b_', 'a{b="c"}_', 'ä_'])(
  'the prefix %j is refused',
  (prefix) => {
    expect(() => prometheusText(new PerformanceMonitor(), { prefix })).toThrow(
      /^Invalid indexing configuration: prefix must be a-z, 0-9 and _, .* got "/,
    );
  },
);

test('an unknown option is refused', () => {
  const options: object = { prefixx: 'a_' };
  expect(() => prometheusText(new PerformanceMonitor(), options)).toThrow(/options\.prefixx/);
});
