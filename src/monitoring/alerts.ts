/**
 * The rules of alerts. Pure: a window and the raised alerts in, updates and the raised alerts out.
 *
 * A rule is judged over the last ten seconds, and only when there is enough in them. An alert is raised when its rule has held
 * for three seconds, so a short moment raises none. It is cleared when its rule no longer holds. In between nothing is told. A
 * window with too little in it says nothing about a rule; after ten seconds of such windows a raised alert is cleared.
 *
 * The spread of query times counts only where a person could notice it. A query takes less than one turn of the system's
 * scheduler, so on a busy machine some queries take many times as long, whatever the program does.
 */
import type { MonitorThresholds } from './monitor-thresholds.js';
import type { AlertRule, AlertSeverity, AlertUpdate } from './monitor-update.js';
import { HELD_MS, indexesOf, MIN_VECTORS, type MonitorWindow, queriesOf, vectorsPerSecond } from './monitor-window.js';
import { WINDOW_MS } from './recent-work.js';
import type { TimeDistribution } from './time-distribution.js';

/** Rules that hold. */
export type HeldRules = ReadonlyMap<AlertRule, HeldRule>;

interface HeldRule {
  /** When it began to hold. */
  readonly sinceMs: number;
  /** When it was last seen to. */
  readonly seenAtMs: number;
  readonly raised: boolean;
}

interface Rule {
  readonly rule: AlertRule;
  readonly severity: AlertSeverity;
  readonly threshold: keyof MonitorThresholds;
  readonly name: string;
  readonly unit: string;
  /** A floor holds below its threshold, every other rule above it. */
  readonly floor?: true;
  /** undefined where the window has too little to tell. */
  value(window: MonitorWindow): number | undefined;
  /** Distance from the mean, of a rule about how query times spread. */
  querySpreadMs?(window: MonitorWindow): number;
}

/** Run time after which throughput is judged even with few vectors: a run that stands still has none to count. */
const LEAST_RUN_MS = 3000;

const RULES: readonly Rule[] = [
  {
    rule: 'meanQueryTime',
    severity: 'critical',
    threshold: 'meanQueryTimeMs',
    name: 'Mean query time',
    unit: ' ms',
    value: (window) => queriesOf(window)?.meanMs,
  },
  {
    rule: 'meanIndexTime',
    severity: 'critical',
    threshold: 'meanIndexTimeMs',
    name: 'Mean index time',
    unit: ' ms',
    value: (window) => indexesOf(window)?.meanMs,
  },
  {
    rule: 'p99QueryTime',
    severity: 'warning',
    threshold: 'p99ToMean',
    name: '99th percentile of query times',
    unit: ' × the mean',
    value: (window) => p99ToMean(queriesOf(window)),
    querySpreadMs: ({ queries }) => queries.percentileMs(99) - queries.meanMs,
  },
  {
    rule: 'p99IndexTime',
    severity: 'warning',
    threshold: 'p99ToMean',
    name: '99th percentile of index times',
    unit: ' × the mean',
    value: (window) => p99ToMean(comparableIndexesOf(window)),
  },
  {
    rule: 'queryTimeVariation',
    severity: 'info',
    threshold: 'coefficientOfVariation',
    name: 'Standard deviation of query times (the slowest 1 % left out)',
    unit: ' × the mean',
    value: (window) => variation(queriesOf(window)),
    querySpreadMs: ({ queries }) => queries.spreadBelow(99)?.stdDevMs ?? 0,
  },
  {
    rule: 'indexTimeVariation',
    severity: 'info',
    threshold: 'coefficientOfVariation',
    name: 'Standard deviation of index times (the slowest 1 % left out)',
    unit: ' × the mean',
    value: (window) => variation(comparableIndexesOf(window)),
  },
  {
    rule: 'throughput',
    severity: 'critical',
    threshold: 'minVectorsPerSecond',
    name: 'Throughput',
    unit: ' vectors per second',
    floor: true,
    value: (window) =>
      window.handled >= MIN_VECTORS || window.runMs >= LEAST_RUN_MS ? vectorsPerSecond(window) : undefined,
  },
];

/** @param atMs end of the window, on any clock that does not run backwards */
export function judgeAlerts(
  held: HeldRules,
  window: MonitorWindow,
  thresholds: MonitorThresholds,
  atMs: number,
): { readonly held: HeldRules; readonly alerts: readonly AlertUpdate[] } {
  const alerts: AlertUpdate[] = [];
  const now = new Map<AlertRule, HeldRule>();
  for (const rule of RULES) {
    const value = rule.value(window);
    const threshold = thresholds[rule.threshold];
    const before = held.get(rule.rule);
    const isFelt = (rule.querySpreadMs?.(window) ?? Number.POSITIVE_INFINITY) >= thresholds.minQuerySpreadMs;
    const holds = value === undefined ? undefined : passes(rule, value, threshold) && isFelt;
    const after = judgeRule(before, holds, atMs);
    if (after) now.set(rule.rule, after);
    const tell = (state: AlertUpdate['state']) => alerts.push(alert(rule, state, value, threshold));
    if (after?.raised && !before?.raised) tell('raised');
    if (before?.raised && !after) tell('cleared');
  }
  return { held: now, alerts };
}

/** @param holds undefined where the window does not tell */
function judgeRule(before: HeldRule | undefined, holds: boolean | undefined, atMs: number): HeldRule | undefined {
  if (holds === undefined) return before?.raised && atMs - before.seenAtMs < WINDOW_MS ? before : undefined;
  if (!holds) return undefined;
  const sinceMs = before?.sinceMs ?? atMs;
  return { sinceMs, seenAtMs: atMs, raised: before?.raised === true || atMs - sinceMs >= HELD_MS };
}

function passes({ floor }: Rule, value: number, threshold: number): boolean {
  return floor ? value < threshold : value > threshold;
}

function alert(rule: Rule, state: AlertUpdate['state'], value: number | undefined, threshold: number): AlertUpdate {
  const message =
    value === undefined
      ? `${rule.name}: too little was recorded for ${WINDOW_MS / 1000} s to tell`
      : `${rule.name} is ${figure(value)}${rule.unit}, ${comparison(rule, state, value, threshold)}`;
  return { type: 'alert', state, severity: rule.severity, rule: rule.rule, message, value: value ?? 0, threshold };
}

function comparison(rule: Rule, state: AlertUpdate['state'], value: number, threshold: number): string {
  if (state === 'cleared' && passes(rule, value, threshold)) return 'but less than minQuerySpreadMs from it';
  return `${state === 'raised' ? '' : 'no longer '}${rule.floor ? 'below' : 'above'} ${figure(threshold)}${rule.unit}`;
}

/** Times of rows of different lengths differ by nature, and those of a coarse clock by its steps. */
function comparableIndexesOf(window: MonitorWindow): TimeDistribution | undefined {
  return window.indexTimesResolved && window.work !== undefined ? indexesOf(window) : undefined;
}

/** undefined where there is no sample, or the clock stood still. */
function p99ToMean(times: TimeDistribution | undefined): number | undefined {
  return times && times.meanMs > 0 ? times.percentileMs(99) / times.meanMs : undefined;
}

/**
 * Standard deviation / mean of the fastest 99 %. A few times that a collector or another program made a hundred times as long
 * would be all there is in the deviation of the whole; the 99th percentile has a rule of its own.
 */
function variation(times: TimeDistribution | undefined): number | undefined {
  const spread = times?.spreadBelow(99);
  return spread && spread.meanMs > 0 ? spread.stdDevMs / spread.meanMs : undefined;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
