import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeDegradation, type WorseFigures } from '../../src/monitoring/degradation.js';
import type { MonitorWindow } from '../../src/monitoring/monitor-window.js';
import { windowOf } from './windows.js';

interface Step {
  readonly before: MonitorWindow;
  readonly last: MonitorWindow;
}

/** What is told of pairs of windows, one every 100 ms, with when. */
function toldOf(steps: readonly Step[], threshold = 0.2) {
  let worse: WorseFigures = new Map();
  return steps.flatMap((windows, i) => {
    const judged = judgeDegradation(worse, windows, threshold, 100 * i);
    worse = judged.worse;
    return judged.degradations.map((told) => ({ ...told, atMs: 100 * i }));
  });
}

const times = (count: number, before: MonitorWindow, last: MonitorWindow): Step[] =>
  new Array(count).fill({ before, last });
const held = (before: MonitorWindow, last: MonitorWindow) => times(31, before, last);

const work = 'process 8';
const queries = (ms: number, count = 100) => windowOf({ queries: [[ms, count]] });
const indexing = (ms: number, perSecond = 0, rest: { readonly work?: string | undefined } = {}) =>
  windowOf({ indexes: [[ms, 1000]], handled: 10 * perSecond, runMs: perSecond > 0 ? 10_000 : 0, work, ...rest });

test('ten seconds more than 20 % worse than the ten before are told when that held for 3 s, once', () => {
  expect(toldOf(times(100, queries(10), queries(15)))).toEqual([
    {
      type: 'degradation',
      figure: 'avgQueryTimeMs',
      message: 'Mean query time rose by 50.0 % from ten seconds to the next',
      before: 10,
      after: 15,
      change: 0.5,
      threshold: 0.2,
      atMs: 3000,
    },
  ]);
  expect(toldOf(held(indexing(2), indexing(3)))).toMatchObject([
    { figure: 'avgIndexTimeMs', before: 2, after: 3, change: 0.5 },
  ]);
  expect(toldOf(held(indexing(1, 1000), indexing(1, 400)))).toMatchObject([
    {
      figure: 'vectorsPerSecond',
      before: 1000,
      after: 400,
      change: 0.6,
      message: 'Throughput fell by 60.0 % from ten seconds to the next',
    },
  ]);
});

test('worse for less than 3 s is not told, and what ceased may be told again', () => {
  const worse = times(30, queries(10), queries(15));
  const same = times(1, queries(15), queries(15));
  expect(toldOf([...worse, ...same, ...worse, ...same])).toEqual([]);
  expect(toldOf([...worse, ...worse, ...same, ...worse, ...worse])).toHaveLength(2);
});

test('as much as the threshold is none, and what gets better is none', () => {
  expect(toldOf(held(indexing(10, 1000), indexing(12, 800)))).toEqual([]);
  expect(toldOf(held(indexing(12, 1000), indexing(1, 5000)))).toEqual([]);
  expect(toldOf(held(indexing(10), indexing(12)), 0.1)).toHaveLength(1);
  expect(toldOf(held(indexing(10), indexing(100)), Number.POSITIVE_INFINITY)).toEqual([]);
});

test('too few queries or vectors, on either side, tell nothing', () => {
  expect(toldOf(held(queries(10, 99), queries(20)))).toEqual([]);
  expect(toldOf(held(queries(10), queries(20, 99)))).toEqual([]);
  const few = windowOf({ indexes: [[9, 999]], handled: 999, runMs: 10_000, work });
  expect(toldOf(held(indexing(1, 1000), few))).toEqual([]);
  expect(toldOf(held(few, indexing(90, 1)))).toEqual([]);
});

test('longer vectors, and windows of mixed work, are no degradation', () => {
  const longer = indexing(100, 100, { work: 'process 4096' });
  const mixed = indexing(200, 100, { work: undefined });
  for (const last of [longer, mixed]) expect(toldOf(held(indexing(1, 1000), last))).toEqual([]);
  expect(toldOf(held(mixed, mixed))).toEqual([]);
});

test('where there is nothing to compare with, nothing is told', () => {
  expect(toldOf(held(indexing(0), indexing(100)))).toEqual([]);
});

test('it is told exactly where the share is above the threshold', () => {
  const figure = fc.integer({ min: 1, max: 60 });
  fc.assert(
    fc.property(figure, figure, figure, figure, (msBefore, ms, perSecondBefore, perSecond) => {
      const told = toldOf(held(indexing(msBefore, 100 * perSecondBefore), indexing(ms, 100 * perSecond)));
      const expected = [
        ...(ms / msBefore - 1 > 0.2 ? ['avgIndexTimeMs'] : []),
        ...(1 - perSecond / perSecondBefore > 0.2 ? ['vectorsPerSecond'] : []),
      ];
      expect(told.map((one) => one.figure)).toEqual(expected);
    }),
  );
});
