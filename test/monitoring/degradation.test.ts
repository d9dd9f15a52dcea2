import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DegradationBaseline, judgeDegradation } from '../../src/monitoring/degradation.js';
import type { DegradationUpdate } from '../../src/monitoring/monitor-update.js';
import type { MonitorWindow } from '../../src/monitoring/monitor-window.js';
import { windowOf } from './windows.js';

function degradationsOf(windows: readonly MonitorWindow[], threshold = 0.2): DegradationUpdate[] {
  let baseline: DegradationBaseline = {};
  return windows.flatMap((window) => {
    const judged = judgeDegradation(baseline, window, threshold);
    baseline = judged.baseline;
    return judged.degradations;
  });
}

const work = 'process 8';
const indexing = (ms: number, vectorsPerSecond?: number) => windowOf({ indexes: [ms], vectorsPerSecond, work });

test('a window more than 20 % worse than the one before it is told, with by how much', () => {
  expect(degradationsOf([windowOf({ queries: [10] }), windowOf({ queries: [15] })])).toEqual([
    {
      type: 'degradation',
      figure: 'avgQueryTimeMs',
      message: 'Mean query time rose by 50.0 % from one window to the next',
      before: 10,
      after: 15,
      change: 0.5,
      threshold: 0.2,
    },
  ]);
  expect(degradationsOf([indexing(2), indexing(3)])).toMatchObject([
    { figure: 'avgIndexTimeMs', before: 2, after: 3, change: 0.5 },
  ]);
  expect(degradationsOf([indexing(1, 1000), indexing(1, 400)])).toMatchObject([
    {
      figure: 'vectorsPerSecond',
      before: 1000,
      after: 400,
      change: 0.6,
      message: expect.stringMatching(/^Throughput fell by 60.0 %/),
    },
  ]);
});

test('as much as the threshold is none, and what gets better is none', () => {
  expect(degradationsOf([indexing(10, 1000), indexing(12, 800), indexing(12, 801), indexing(1, 5000)])).toEqual([]);
  expect(degradationsOf([indexing(10), indexing(12)], 0.1)).toHaveLength(1);
  expect(degradationsOf([indexing(10), indexing(100)], Number.POSITIVE_INFINITY)).toEqual([]);
});

test('only the window before counts: a slow decline is none, and a fall is told once', () => {
  expect(degradationsOf([10, 11, 12.5, 14, 16].map((ms) => indexing(ms)))).toEqual([]);
  expect(degradationsOf([10, 20, 20, 20].map((ms) => indexing(ms)))).toHaveLength(1);
});

test('a window without a sample is passed over', () => {
  const query = (ms: number) => windowOf({ queries: [ms] });
  expect(degradationsOf([query(10), windowOf({}), indexing(1), query(20)])).toHaveLength(1);
  expect(degradationsOf([indexing(1), windowOf({}), windowOf({ queries: [3] }), indexing(2)])).toHaveLength(1);
});

test('longer vectors, and windows of mixed work, are no degradation', () => {
  const longer = windowOf({ indexes: [100], vectorsPerSecond: 1, work: 'process 4096' });
  const mixed = windowOf({ indexes: [200], vectorsPerSecond: 1, work: undefined });
  const shorter = indexing(1, 1000);
  expect(degradationsOf([shorter, longer, shorter, mixed, mixed, longer])).toEqual([]);
});

test('where there is nothing to compare with, nothing is told', () => {
  expect(degradationsOf([indexing(0, 0), indexing(100, 0), indexing(0, 0)])).toEqual([]);
});

test('it is the same as comparing each with the one before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }))), (pairs) => {
      const told = degradationsOf(pairs.map(([ms, perSecond]) => indexing(ms, perSecond)));
      const expected = pairs.slice(1).flatMap(([ms, perSecond], i) => {
        const [msBefore, perSecondBefore] = pairs[i]!;
        return [
          ...(ms / msBefore - 1 > 0.2 ? [['avgIndexTimeMs', msBefore, ms]] : []),
          ...(1 - perSecond / perSecondBefore > 0.2 ? [['vectorsPerSecond', perSecondBefore, perSecond]] : []),
        ];
      });
      expect(told.map(({ figure, before, after }) => [figure, before, after])).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
