/**
 * Updates go out as JSON and come back the same; what is no update is refused with the place of the fault.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LiveUpdate, updateFromJson, updateToJson } from '../../src/live/update-json.js';
import type { PerformanceStats } from '../../src/monitoring/performance-stats.js';

const count = fc.nat();
const figure = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const ratio = fc.double({ min: 0, max: 1, noNaN: true });
const text = fc.string({ unit: 'binary' });

const stats: fc.Arbitrary<PerformanceStats> = fc.record({
  totalQueries: count,
  totalIndexes: count,
  avgQueryTimeMs: figure,
  p50QueryTimeMs: figure,
  p95QueryTimeMs: figure,
  p99QueryTimeMs: figure,
  minQueryTimeMs: figure,
  maxQueryTimeMs: figure,
  stdDevQueryTimeMs: figure,
  avgIndexTimeMs: figure,
  p50IndexTimeMs: figure,
  p95IndexTimeMs: figure,
  p99IndexTimeMs: figure,
  minIndexTimeMs: figure,
  maxIndexTimeMs: figure,
  stdDevIndexTimeMs: figure,
  uptimeMs: figure,
  queriesPerSecond: figure,
  indexesPerSecond: figure,
});

const updates: fc.Arbitrary<LiveUpdate> = fc.oneof(
  fc.record({
    type: fc.constant('progress' as const),
    run: count,
    last: fc.boolean(),
    processed: count,
    total: count,
    percent: figure,
    vectorsPerSecond: figure,
    etaMs: fc.oneof(figure, fc.constant(Number.POSITIVE_INFINITY)),
    queueDepth: count,
    threads: fc.array(fc.record({ threadId: count, processed: count, utilization: ratio })),
  }),
  fc.record({ type: fc.constant('metric' as const), stats, lifetime: stats }),
  fc.record({
    type: fc.constant('alert' as const),
    state: fc.constantFrom('raised' as const, 'cleared' as const),
    severity: fc.constantFrom('info' as const, 'warning' as const, 'critical' as const),
    rule: fc.constantFrom('meanQueryTime' as const, 'p99IndexTime' as const, 'throughput' as const),
    message: text,
    value: figure,
    threshold: figure,
  }),
  fc.record({
    type: fc.constant('degradation' as const),
    figure: fc.constantFrom('avgQueryTimeMs' as const, 'avgIndexTimeMs' as const, 'vectorsPerSecond' as const),
    message: text,
    before: figure,
    after: figure,
    change: figure,
    threshold: figure,
  }),
);

// JSON writes -0 as 0.
const withoutSign = (update: LiveUpdate) =>
  JSON.parse(JSON.stringify(update, (_, value) => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value)));

test('an update comes back as it went out, an endless time to the end included, in one line', () => {
  fc.assert(
    fc.property(updates, (update) => {
      const line = updateToJson(update);
      expect(line).not.toMatch(/[\r\n]/);
      expect(withoutSign(updateFromJson(line)!)).toEqual(withoutSign(update));
    }),
  );
});

test('a figure that is not a number is null on the way and NaN again', () => {
  const line = updateToJson({
    type: 'degradation',
    figure: 'vectorsPerSecond',
    message: 'Throughput fell',
    before: Number.NaN,
    after: Number.POSITIVE_INFINITY,
    change: 0,
    threshold: 0.2,
  });
  expect(JSON.parse(line)).toMatchObject({ before: null, after: null });
  expect(updateFromJson(line)).toMatchObject({ before: Number.NaN, after: Number.NaN });
});

test('a type of a newer version is passed over', () => {
  expect(updateFromJson('{"type":"forecast","tomorrow":1}')).toBeUndefined();
  expect(updateFromJson('{"type":"toString"}')).toBeUndefined();
});

test('what is no update is refused with the field at fault', () => {
  fc.assert(
    fc.property(updates, fc.nat(), (update, pick) => {
      const names = Object.keys(update).filter((name) => name !== 'type');
      const name = names[pick % names.length]!;
      const broken = JSON.stringify({ ...update, [name]: { no: 'value' } });
      expect(() => updateFromJson(broken)).toThrow(`update.${name}`);
    }),
  );
  expect(() => updateFromJson('[]')).toThrow('update must be an object');
  expect(() => updateFromJson('{"ty')).toThrow(SyntaxError);
});
