/**
 * The rules of alerts. Pure: a window and what is raised in, alerts and what is raised then out.
 *
 * A rule is raised when it begins to hold and cleared when it ceases to; in between it is silent. A window without a sample
 * says nothing of a rule, since slow queries leave windows empty; what is raised is cleared after ten seconds of such.
 */

import type { MonitorThresholds } from './monitor-thresholds.js';
import type { AlertRule, AlertSeverity, AlertUpdate } from './monitor-update.js';
import type { MonitorWindow } from './monitor-window.js';

/** Rules that hold, and when each was last seen to. */
export type RaisedAlerts = ReadonlyMap<AlertRule, number>;

interface Rule {
  readonly rule: AlertRule;
  readonly severity: AlertSeverity;
  readonly threshold: keyof MonitorThresholds;
  readonly name: string;
  readonly unit: string;
  /** A floor holds below its threshold, every other rule above it. */
  readonly floor?: true;
  /** undefined where the window has no sample. */
  value(window: MonitorWindow): number | undefined;
}

/** What is raised and sees no sample for so long is cleared. */
const QUIET_MS = 10_000;

const RULES: readonly Rule[] = [
  {
    rule: 'meanQueryTime',
    severity: 'critical',
    threshold: 'meanQueryTimeMs',
    name: 'Mean query time',
    unit: ' ms',
    value: ({ stats }) => (stats.totalQueries > 0 ? stats.avgQueryTimeMs : undefined),
  },
  {
    rule: 'meanIndexTime',
    severity: 'critical',
    threshold: 'meanIndexTimeMs',
    name: 'Mean index time',
    unit: ' ms',
    value: ({ stats }) => (stats.totalIndexes > 0 ? stats.avgIndexTimeMs : undefined),
  },
  {
    rule: 'p99QueryTime',
    severity: 'warning',
    threshold: 'p99ToMean',
    name: '99th percentile of query times',
    unit: ' × the mean',
    value: ({ stats }) => ratio(stats.p99QueryTimeMs, stats.avgQueryTimeMs),
  },
  {
    rule: 'p99IndexTime',
    severity: 'warning',
    threshold: 'p99ToMean',
    name: '99th percentile of index times',
    unit: ' × the mean',
    value: (window) => ofResolved(window, ratio(window.stats.p99IndexTimeMs, window.stats.avgIndexTimeMs)),
  },
  {
    rule: 'queryTimeVariation',
    severity: 'info',
    threshold: 'coefficientOfVariation',
    name: 'Standard deviation of query times',
    unit: ' × the mean',
    value: ({ stats }) => ratio(stats.stdDevQueryTimeMs, stats.avgQueryTimeMs),
  },
  {
    rule: 'indexTimeVariation',
    severity: 'info',
    threshold: 'coefficientOfVariation',
    name: 'Standard deviation of index times',
    unit: ' × the mean',
    value: (window) => ofResolved(window, ratio(window.stats.stdDevIndexTimeMs, window.stats.avgIndexTimeMs)),
  },
  {
    rule: 'throughput',
    severity: 'critical',
    threshold: 'minVectorsPerSecond',
    name: 'Throughput',
    unit: ' vectors per second',
    floor: true,
    value: ({ vectorsPerSecond }) => vectorsPerSecond,
  },
];

/** @param atMs end of the window, on any clock that does not run backwards */
export function judgeAlerts(
  raised: RaisedAlerts,
  window: MonitorWindow,
  thresholds: MonitorThresholds,
  atMs: number,
): { readonly raised: RaisedAlerts; readonly alerts: readonly AlertUpdate[] } {
  const alerts: AlertUpdate[] = [];
  const now = new Map(raised);
  for (const rule of RULES) {
    const value = rule.value(window);
    const threshold = thresholds[rule.threshold];
    const seenAtMs = raised.get(rule.rule);
    const holds =
      value === undefined ? seenAtMs !== undefined && atMs - seenAtMs < QUIET_MS : passes(rule, value, threshold);
    if (!holds) now.delete(rule.rule);
    else if (value !== undefined) now.set(rule.rule, atMs);
    if (holds !== (seenAtMs !== undefined)) alerts.push(alert(rule, holds ? 'raised' : 'cleared', value, threshold));
  }
  return { raised: now, alerts };
}

function passes({ floor }: Rule, value: number, threshold: number): boolean {
  return floor ? value < threshold : value > threshold;
}

function alert(rule: Rule, state: AlertUpdate['state'], value: number | undefined, threshold: number): AlertUpdate {
  const side = `${state === 'raised' ? '' : 'no longer '}${rule.floor ? 'below' : 'above'}`;
  const message =
    value === undefined
      ? `${rule.name}: nothing was recorded for ${QUIET_MS / 1000} s`
      : `${rule.name} is ${figure(value)}${rule.unit}, ${side} ${figure(threshold)}${rule.unit}`;
  return { type: 'alert', state, severity: rule.severity, rule: rule.rule, message, value: value ?? 0, threshold };
}

/** undefined where there is no sample, or the clock stood still. */
function ratio(part: number, mean: number): number | undefined {
  return mean > 0 ? part / mean : undefined;
}

function ofResolved({ indexTimesResolved }: MonitorWindow, value: number | undefined): number | undefined {
  return indexTimesResolved ? value : undefined;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
