import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeAlerts, type RaisedAlerts } from '../../src/monitoring/alerts.js';
import { checkThresholds, type MonitorThresholds } from '../../src/monitoring/monitor-thresholds.js';
import type { AlertRule, AlertUpdate } from '../../src/monitoring/monitor-update.js';
import type { MonitorWindow } from '../../src/monitoring/monitor-window.js';
import { windowOf } from './windows.js';

const STEP_MS = 100;

/** The alerts of windows that end every 100 ms. */
function alertsOf(windows: readonly MonitorWindow[], thresholds: Partial<MonitorThresholds> = {}): AlertUpdate[] {
  let raised: RaisedAlerts = new Map();
  return windows.flatMap((window, i) => {
    const judged = judgeAlerts(raised, window, checkThresholds(thresholds), i * STEP_MS);
    raised = judged.raised;
    return judged.alerts;
  });
}

const times = (n: number, ms: number) => new Array<number>(n).fill(ms);
const calm = windowOf({ queries: [1, 1], indexes: [1, 1], vectorsPerSecond: 1000 });

/** For each rule a window in which it just holds by default, and one in which it just does not. */
const cases: [AlertRule, keyof MonitorThresholds, MonitorWindow, MonitorWindow, AlertUpdate['severity']][] = [
  ['meanQueryTime', 'meanQueryTimeMs', windowOf({ queries: [1000.1] }), windowOf({ queries: [1000] }), 'critical'],
  ['meanIndexTime', 'meanIndexTimeMs', windowOf({ indexes: [5000.1] }), windowOf({ indexes: [5000] }), 'critical'],
  // 98 × 1 and 2 × x: the mean is 0.98 + 0.02 x, the 99th percentile x.
  [
    'p99QueryTime',
    'p99ToMean',
    windowOf({ queries: [...times(98, 1), 3.3, 3.3] }),
    windowOf({ queries: [...times(98, 1), 3, 3] }),
    'warning',
  ],
  [
    'p99IndexTime',
    'p99ToMean',
    windowOf({ indexes: [...times(98, 1), 3.3, 3.3] }),
    windowOf({ indexes: [...times(98, 1), 3, 3] }),
    'warning',
  ],
  // Two values a and b: the standard deviation is half their difference.
  [
    'queryTimeVariation',
    'coefficientOfVariation',
    windowOf({ queries: [1, 3.01] }),
    windowOf({ queries: [1, 3] }),
    'info',
  ],
  [
    'indexTimeVariation',
    'coefficientOfVariation',
    windowOf({ indexes: [1, 3.01] }),
    windowOf({ indexes: [1, 3] }),
    'info',
  ],
];

test.each(cases)('%s is raised above %s, told once, and cleared once', (rule, threshold, above, below, severity) => {
  const alerts = alertsOf([calm, below, above, above, above, below, calm]).filter((alert) => alert.rule === rule);
  const { [threshold]: limit } = checkThresholds({});
  expect(alerts).toEqual([
    {
      type: 'alert',
      state: 'raised',
      severity,
      rule,
      threshold: limit,
      value: expect.any(Number),
      message: expect.any(String),
    },
    {
      type: 'alert',
      state: 'cleared',
      severity,
      rule,
      threshold: limit,
      value: expect.any(Number),
      message: expect.any(String),
    },
  ]);
  expect(alerts[0]!.value).toBeGreaterThan(limit);
  expect(alerts[1]!.value).toBeLessThanOrEqual(limit);
  expect(alerts[0]!.message).toMatch(/ is [\d.]+( ms| × the mean), above \d/);
  expect(alerts[1]!.message).toMatch(/ is [\d.]+( ms| × the mean), no longer above \d/);
});

test.each(cases)('%s follows the threshold %s', (rule, threshold, above, below) => {
  const rulesOf = (alerts: AlertUpdate[]) => alerts.map((alert) => alert.rule);
  expect(rulesOf(alertsOf([above], { [threshold]: Number.POSITIVE_INFINITY }))).not.toContain(rule);
  expect(rulesOf(alertsOf([below], { [threshold]: 0 }))).toContain(rule);
});

test('the floor of throughput is off until it is set, and holds below it', () => {
  const slow = windowOf({ vectorsPerSecond: 99 });
  const fast = windowOf({ vectorsPerSecond: 100 });
  expect(alertsOf([slow, windowOf({ vectorsPerSecond: 0 })])).toEqual([]);
  const alerts = alertsOf([fast, slow, slow, windowOf({}), slow, fast], { minVectorsPerSecond: 100 });
  expect(alerts).toMatchObject([
    { state: 'raised', rule: 'throughput', severity: 'critical', value: 99, threshold: 100 },
    { state: 'cleared', rule: 'throughput', severity: 'critical', value: 100, threshold: 100 },
  ]);
  expect(alerts.map(({ message }) => message)).toEqual([
    'Throughput is 99 vectors per second, below 100 vectors per second',
    'Throughput is 100 vectors per second, no longer below 100 vectors per second',
  ]);
});

test('windows without a sample leave a rule as it is for ten seconds, then clear it', () => {
  const slow = windowOf({ queries: [2000] });
  const empty = windowOf({});
  // One slow query every two seconds.
  const steady = Array.from({ length: 200 }, (_, i) => (i % 20 === 0 ? slow : empty));
  expect(alertsOf(steady)).toMatchObject([{ state: 'raised', rule: 'meanQueryTime' }]);
  const quiet = [slow, ...new Array<MonitorWindow>(99).fill(empty)];
  expect(alertsOf(quiet)).toHaveLength(1);
  expect(alertsOf([...quiet, empty, empty])).toMatchObject([
    { state: 'raised' },
    { state: 'cleared', value: 0, message: 'Mean query time: nothing was recorded for 10 s' },
  ]);
});

test('where the clock is too coarse, nothing is said of how index times spread', () => {
  const jumping = { indexes: [...times(98, 0), 100, 100] };
  expect(alertsOf([windowOf(jumping)]).map(({ rule }) => rule)).toEqual(['p99IndexTime', 'indexTimeVariation']);
  expect(alertsOf([windowOf({ ...jumping, indexTimesResolved: false })])).toEqual([]);
});

test('a clock that stands still raises nothing', () => {
  expect(alertsOf([windowOf({ queries: times(100, 0), indexes: times(100, 0), vectorsPerSecond: undefined })])).toEqual(
    [],
  );
});

const content = fc.record({
  queries: fc.array(fc.double({ min: 0, max: 3000, noNaN: true }), { maxLength: 5 }),
  indexes: fc.array(fc.double({ min: 0, max: 9000, noNaN: true }), { maxLength: 5 }),
  vectorsPerSecond: fc.option(fc.double({ min: 0, max: 200, noNaN: true }), { nil: undefined }),
});

test('whatever the windows, a rule is raised and cleared in turn, and is raised exactly where it holds', () => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 60 }), (contents) => {
      const thresholds = checkThresholds({ minVectorsPerSecond: 100 });
      let raised: RaisedAlerts = new Map();
      const state = new Map<AlertRule, AlertUpdate['state']>();
      for (const [i, each] of contents.entries()) {
        const judged = judgeAlerts(raised, windowOf(each), thresholds, i * STEP_MS);
        raised = judged.raised;
        for (const alert of judged.alerts) {
          expect(alert.state).toBe(state.get(alert.rule) === 'raised' ? 'cleared' : 'raised');
          state.set(alert.rule, alert.state);
        }
        const mean = (all: number[]) => all.reduce((sum, ms) => sum + ms, 0) / all.length;
        const holds = { meanQueryTime: mean(each.queries) > 1000, meanIndexTime: mean(each.indexes) > 5000 };
        if (each.queries.length > 0) expect(state.get('meanQueryTime') === 'raised').toBe(holds.meanQueryTime);
        if (each.indexes.length > 0) expect(state.get('meanIndexTime') === 'raised').toBe(holds.meanIndexTime);
        const { vectorsPerSecond } = each;
        if (vectorsPerSecond !== undefined) expect(state.get('throughput') === 'raised').toBe(vectorsPerSecond < 100);
        expect([...raised.keys()].sort()).toEqual(
          [...state]
            .filter(([, is]) => is === 'raised')
            .map(([rule]) => rule)
            .sort(),
        );
      }
    }),
    { numRuns: 300 },
  );
});
