import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HeldRules, judgeAlerts } from '../../src/monitoring/alerts.js';
import { checkThresholds, type MonitorThresholds } from '../../src/monitoring/monitor-thresholds.js';
import { type AlertRule, type AlertUpdate, alertRules } from '../../src/monitoring/monitor-update.js';
import type { MonitorWindow } from '../../src/monitoring/monitor-window.js';
import { runsOf } from '../seed.js';
import { windowOf } from './windows.js';

const STEP_MS = 100;

/** The alerts of windows that end every 100 ms, with when they came. */
function alertsOf(windows: readonly MonitorWindow[], thresholds: Partial<MonitorThresholds> = {}) {
  let held: HeldRules = new Map();
  return windows.flatMap((window, i) => {
    const judged = judgeAlerts(held, window, checkThresholds(thresholds), i * STEP_MS);
    held = judged.held;
    return judged.alerts.map((alert) => ({ ...alert, atMs: i * STEP_MS }));
  });
}

const times = <T>(count: number, each: T): T[] => new Array<T>(count).fill(each);
/** Long enough for a rule to be raised: from the first window that holds to the one 3 s later. */
const held = (window: MonitorWindow) => times(31, window);
const calm = windowOf({ queries: [[1, 200]], indexes: [[1, 2000]], runMs: 1000, handled: 2000 });

/** For each rule a window in which it just holds by default, and one in which it just does not. */
const cases: [AlertRule, keyof MonitorThresholds, MonitorWindow, MonitorWindow, AlertUpdate['severity']][] = [
  [
    'meanQueryTime',
    'meanQueryTimeMs',
    windowOf({ queries: [[1000.1, 100]] }),
    windowOf({ queries: [[1000, 100]] }),
    'critical',
  ],
  [
    'meanIndexTime',
    'meanIndexTimeMs',
    windowOf({ indexes: [[5000.1, 1000]] }),
    windowOf({ indexes: [[5000, 1000]] }),
    'critical',
  ],
  // 98 × 100 and 2 × 100 x: the mean is 98 + 2 x, the 99th percentile 100 x.
  ...(['QueryTime', 'IndexTime'] as const).map((times): (typeof cases)[number] => {
    const kind = times === 'QueryTime' ? 'queries' : 'indexes';
    const of = (x: number) => windowOf({ [kind]: [[100, 980] as const, [100 * x, 20] as const] });
    return [`p99${times}`, 'p99ToMean', of(3.3), of(3), 'warning'];
  }),
  // Two values a and b, of the fastest 99 % as many each: the standard deviation is half their difference.
  ...(['query', 'index'] as const).map((times): (typeof cases)[number] => {
    const kind = times === 'query' ? 'queries' : 'indexes';
    const of = (b: number) => windowOf({ [kind]: [[100, 990] as const, [100 * b, 1010] as const] });
    return [`${times}TimeVariation`, 'coefficientOfVariation', of(3.2), of(2.8), 'info'];
  }),
];

test.each(cases)(
  '%s is raised above %s when it held for 3 s, told once, and cleared once',
  (rule, threshold, above, below, severity) => {
    const windows = [...times(5, calm), ...times(100, above), ...times(40, below), ...times(5, calm)];
    const alerts = alertsOf(windows).filter((alert) => alert.rule === rule);
    const { [threshold]: limit } = checkThresholds({});
    const common = {
      type: 'alert',
      severity,
      rule,
      threshold: limit,
      value: expect.any(Number),
      message: expect.any(String),
    };
    expect(alerts).toEqual([
      { ...common, state: 'raised', atMs: 500 + 3000 },
      { ...common, state: 'cleared', atMs: 500 + 10_000 },
    ]);
    expect(alerts[0]!.value).toBeGreaterThan(limit);
    expect(alerts[1]!.value).toBeLessThanOrEqual(limit);
    expect(alerts[0]!.message).toMatch(/ is [\d.]+( ms| × the mean), above \d/);
    expect(alerts[1]!.message).toMatch(/ is [\d.]+( ms| × the mean), no longer above \d/);
  },
);

test.each(cases)('%s is silent about what held for less than 3 s', (rule, _, above, below) => {
  const windows = [...times(30, above), below, ...times(30, above), below];
  expect(alertsOf(windows).filter((alert) => alert.rule === rule)).toEqual([]);
});

test.each(cases)('%s follows the threshold %s', (rule, threshold, above, below) => {
  const rulesOf = (alerts: AlertUpdate[]) => alerts.map((alert) => alert.rule);
  expect(rulesOf(alertsOf(held(above), { [threshold]: Number.POSITIVE_INFINITY }))).not.toContain(rule);
  expect(rulesOf(alertsOf(held(below), { [threshold]: 0 }))).toContain(rule);
});

test('fewer than 100 queries or 1,000 vectors tell nothing', () => {
  const bad = (queries: number, indexes: number) =>
    windowOf({
      queries: [
        [2000, queries - 2],
        [30_000, 2],
      ],
      indexes: [
        [6000, indexes - 20],
        [90_000, 20],
      ],
    });
  expect(alertsOf(held(bad(99, 999)))).toEqual([]);
  expect(alertsOf(held(bad(100, 999))).map(({ rule }) => rule)).toEqual([
    'meanQueryTime',
    'p99QueryTime',
    'queryTimeVariation',
  ]);
  expect(alertsOf(held(bad(99, 1000))).map(({ rule }) => rule)).toEqual([
    'meanIndexTime',
    'p99IndexTime',
    'indexTimeVariation',
  ]);
});

test('the floor of throughput is off until it is set, and holds below it', () => {
  const at = (perSecond: number) => windowOf({ runMs: 10_000, handled: 10 * perSecond });
  expect(alertsOf(held(at(0)))).toEqual([]);
  const alerts = alertsOf([at(100), ...held(at(99)), windowOf({}), at(99), at(100)], { minVectorsPerSecond: 100 });
  expect(alerts).toMatchObject([
    { state: 'raised', rule: 'throughput', severity: 'critical', value: 99, threshold: 100, atMs: 3100 },
    { state: 'cleared', rule: 'throughput', severity: 'critical', value: 100, threshold: 100 },
  ]);
  expect(alerts.map(({ message }) => message)).toEqual([
    'Throughput is 99 vectors per second, below 100 vectors per second',
    'Throughput is 100 vectors per second, no longer below 100 vectors per second',
  ]);
  // Runs that stand still have no vectors to count: three seconds of them are enough.
  const few = (runMs: number) => windowOf({ runMs, handled: 10 });
  expect(alertsOf(held(few(2999)), { minVectorsPerSecond: 100 })).toEqual([]);
  expect(alertsOf(held(few(3000)), { minVectorsPerSecond: 100 })).toHaveLength(1);
});

test('windows with too little in them leave what is raised as it is for ten seconds, then clear it', () => {
  const slow = windowOf({ queries: [[2000, 100]] });
  const few = windowOf({ queries: [[2000, 99]] });
  const quiet = [...held(slow), ...times(99, few)];
  expect(alertsOf(quiet)).toHaveLength(1);
  expect(alertsOf([...quiet, few, few])).toMatchObject([
    { state: 'raised' },
    { state: 'cleared', value: 0, message: 'Mean query time: too little was recorded for 10 s to tell' },
  ]);
  // What is not raised yet begins anew.
  expect(alertsOf([...times(29, slow), few, ...times(29, slow)])).toEqual([]);
});

test('nothing is said of how index times spread where the clock is too coarse, or rows are of several lengths', () => {
  const jumping: Parameters<typeof windowOf>[0] = {
    indexes: [
      [0.1, 980],
      [100, 20],
    ],
  };
  expect(alertsOf(held(windowOf(jumping))).map(({ rule }) => rule)).toEqual(['p99IndexTime', 'indexTimeVariation']);
  expect(alertsOf(held(windowOf({ ...jumping, indexTimesResolved: false })))).toEqual([]);
  expect(alertsOf(held(windowOf({ ...jumping, work: undefined })))).toEqual([]);
});

test('a few times that took a hundred times as long are no variation', () => {
  const collector = windowOf({
    queries: [
      [1, 994],
      [100, 6],
    ],
  });
  expect(alertsOf(held(collector))).toEqual([]);
});

test('query times that spread by less than minQuerySpreadMs raise nothing, and what they clear says so', () => {
  const waiting = (ms: number) =>
    windowOf({
      queries: [
        [0.5, 980],
        [ms, 20],
      ],
    });
  const spread = (ms: number) => alertsOf(held(waiting(ms))).map(({ rule }) => rule);
  expect(spread(10)).toEqual([]);
  expect(spread(11)).toEqual(['p99QueryTime']);
  expect(alertsOf(held(waiting(10)), { minQuerySpreadMs: 0 }).map(({ rule }) => rule)).toContain('p99QueryTime');
  const [, cleared] = alertsOf([...held(waiting(12)), waiting(10)]);
  expect(cleared).toMatchObject({ state: 'cleared', rule: 'p99QueryTime' });
  expect(cleared!.message).toMatch(/ is [\d.]+ × the mean, but less than minQuerySpreadMs from it$/);
});

test('a clock that stands still raises nothing', () => {
  expect(alertsOf(held(windowOf({ queries: [[0, 1000]], indexes: [[0, 2000]] })))).toEqual([]);
});

const content = fc.record({
  queryMs: fc.constantFrom(10, 999, 1001, 5000),
  queries: fc.constantFrom(0, 99, 100, 400),
  vectorsPerSecond: fc.constantFrom(0, 99, 101, 5000),
  runMs: fc.constantFrom(0, 100, 4000),
  steps: fc.integer({ min: 1, max: 120 }),
});

test('whatever the windows, a rule is raised and cleared in turn, and raised only where it held for 3 s', () => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 12 }), (contents) => {
      const thresholds = checkThresholds({ minVectorsPerSecond: 100 });
      let rules: HeldRules = new Map();
      const state = new Map<AlertRule, AlertUpdate['state']>();
      let heldSteps = 0;
      for (const [i, { queryMs, queries, vectorsPerSecond, runMs }] of contents
        .flatMap((each) => times(each.steps, each))
        .entries()) {
        const handled = (vectorsPerSecond * runMs) / 1000;
        const window = windowOf({ queries: [[queryMs, queries]], runMs, handled });
        const judged = judgeAlerts(rules, window, thresholds, i * STEP_MS);
        rules = judged.held;
        for (const alert of judged.alerts) {
          expect(alert.state).toBe(state.get(alert.rule) === 'raised' ? 'cleared' : 'raised');
          state.set(alert.rule, alert.state);
        }
        const raised = state.get('meanQueryTime') === 'raised';
        if (queries >= 100) {
          heldSteps = queryMs > 1000 ? heldSteps + 1 : 0;
          if (heldSteps === 0) expect(raised).toBe(false);
          if (heldSteps > 30) expect(raised).toBe(true);
        } else if (!raised) heldSteps = 0;
        const told = alertRules.filter((rule) => state.get(rule) === 'raised');
        expect(alertRules.filter((rule) => rules.get(rule)?.raised)).toEqual(told);
      }
    }),
    runsOf(200),
  );
});
