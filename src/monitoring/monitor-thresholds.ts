/**
 * When a monitor raises an alert, or calls a window worse than the one before it.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';

/** A rule holds above its threshold, the floor below it. `Infinity` switches a rule off, 0 the floor. */
export interface MonitorThresholds {
  /** Mean time of the queries of a window, in milliseconds. Default 1000. */
  readonly meanQueryTimeMs: number;
  /** Mean index time of the vectors of a window, in milliseconds. Default 5000. */
  readonly meanIndexTimeMs: number;
  /** 99th percentile / mean, of query times and of index times. Default 3. */
  readonly p99ToMean: number;
  /** Standard deviation / mean, of query times and of index times. Default 0.5. */
  readonly coefficientOfVariation: number;
  /** Fewest vectors per second while a run lasts. Default 0: off. */
  readonly minVectorsPerSecond: number;
  /** Share by which a window may be worse than the one before, 0.2 for 20 %. Default 0.2. */
  readonly degradation: number;
}

/** The thresholds that differ from what they are. */
export type ThresholdOptions = { readonly [Name in keyof MonitorThresholds]?: MonitorThresholds[Name] | undefined };

const DEFAULTS: MonitorThresholds = {
  meanQueryTimeMs: 1000,
  meanIndexTimeMs: 5000,
  p99ToMean: 3,
  coefficientOfVariation: 0.5,
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
