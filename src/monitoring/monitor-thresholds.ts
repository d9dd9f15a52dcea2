/**
 * The thresholds of a monitor: when it raises an alert, and when it calls a window worse than the one before. And how often it reports.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';

/**
 * A rule holds above its threshold, the floor below it. `Infinity` switches a rule off, 0 the floor. Rules are judged over the
 * last ten seconds, with at least 1,000 vectors or 100 queries in them, and raised when they have held for three seconds.
 */
export interface MonitorThresholds {
  /** Mean query time, in milliseconds. Default 1000. */
  readonly meanQueryTimeMs: number;
  /** Mean index time, in milliseconds. Default 5000. */
  readonly meanIndexTimeMs: number;
  /** 99th percentile / mean, of query times, and of index times where all rows are of one length. Default 3. */
  readonly p99ToMean: number;
  /** Standard deviation / mean of the fastest 99 %, of the same times. Default 0.5. */
  readonly coefficientOfVariation: number;
  /**
   * Least distance from the mean, in milliseconds, that a 99th percentile or standard deviation of query times must have for its rule
   * to hold. Default 10: a thread that waits for its turn on a processor, or for garbage to be collected, waits nearly as long.
   */
  readonly minQuerySpreadMs: number;
  /** Fewest vectors per second while runs last, which may be judged after three seconds of runs too. Default 0: off. */
  readonly minVectorsPerSecond: number;
  /** Share by which ten seconds may be worse than the ten before, 0.2 for 20 %. Default 0.2. */
  readonly degradation: number;
}

/** The thresholds that differ from what they are. */
export type ThresholdOptions = { readonly [Name in keyof MonitorThresholds]?: MonitorThresholds[Name] | undefined };

const DEFAULTS: MonitorThresholds = {
  meanQueryTimeMs: 1000,
  meanIndexTimeMs: 5000,
  p99ToMean: 3,
  coefficientOfVariation: 0.5,
  minQuerySpreadMs: 10,
  minVectorsPerSecond: 0,
  degradation: 0.2,
};

const FIELDS = new Set(Object.keys(DEFAULTS));

/**
 * `given`, and `present` (the defaults) for the rest.
 *
 * @throws IndexingError `InvalidConfiguration` naming the threshold that is unknown, negative or not a number.
 */
export function checkThresholds(
  given: ThresholdOptions,
  present: MonitorThresholds = DEFAULTS,
): Readonly<MonitorThresholds> {
  refuseUnknown('thresholds', given, FIELDS);
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [name, value] of set) {
    if (!(typeof value === 'number' && value >= 0)) {
      throw invalidConfiguration(`thresholds.${name}`, 'a number that is not negative', value);
    }
  }
  return Object.freeze({ ...present, ...Object.fromEntries(set) });
}

/** Time between two interim reports of a run, in milliseconds. */
export const DEFAULT_REPORTING_INTERVAL_MS = 30_000;

/** @throws IndexingError `InvalidConfiguration` naming `name`, unless a positive number of milliseconds. */
export function checkReportingInterval(name: string, intervalMs: number): number {
  if (!(typeof intervalMs === 'number' && Number.isFinite(intervalMs) && intervalMs > 0)) {
    throw invalidConfiguration(name, 'a positive number of milliseconds', intervalMs);
  }
  return intervalMs;
}
