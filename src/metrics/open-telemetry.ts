/**
 * The metrics of a monitor as observable instruments of the caller's OpenTelemetry meter. All are read together at every
 * collection. The meter is the one that is given, never the global one. OpenTelemetry itself is not imported.
 *
 * OpenTelemetry's API takes single measurements or sums, but no finished histogram, and one call for each vector would cost
 * more than the vector. So a kind of duration is a count, a time (seconds, summed) and a gauge of quantiles, where 0 and 1 are
 * the minimum and the maximum. Attributes are bounded: `quantile` has five values, `thread` is an integer from 0 to 255.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import type { PerformanceStats } from '../monitoring/performance-stats.js';
import { INDEX_KINDS, type MetricsSource, type Reading, seconds, type ThreadNumbers, takeReading } from './reading.js';
import { type MetricsRegistration, registration } from './registration.js';

/** The part of OpenTelemetry's `Meter` that is used; `Observable` is its type of an observable instrument. */
export interface OpenTelemetryMeter<Observable> {
  /** Something that only grows. */
  createObservableCounter(name: string, options: { description: string; unit: string }): Observable;
  /** Something whose values add up. */
  createObservableUpDownCounter(name: string, options: { description: string; unit: string }): Observable;
  /** Something whose values do not add up. */
  createObservableGauge(name: string, options: { description: string; unit: string }): Observable;
  /** Calls back at every collection. */
  addBatchObservableCallback(callback: OpenTelemetryCallback<Observable>, observables: Observable[]): void;
  /** Calls back no more. */
  removeBatchObservableCallback(callback: OpenTelemetryCallback<Observable>, observables: Observable[]): void;
}

/** Called at every collection; gives `result` the values of the instruments. */
export type OpenTelemetryCallback<Observable> = (result: {
  observe(observable: Observable, value: number, attributes: Record<string, number | string>): void;
}) => void;

/** How metrics are shown through a meter. */
export interface OpenTelemetryOptions {
  /**
   * What the names of the instruments begin with, `simdex.` by default. Sources whose metrics go to one meter need prefixes
   * of their own.
   */
  readonly prefix?: string | undefined;
}

/** A value, and its attributes. */
type Observation = readonly [value: number, attributes: Record<string, number | string>];

interface Instrument {
  readonly name: string;
  readonly kind: 'ObservableCounter' | 'ObservableUpDownCounter' | 'ObservableGauge';
  readonly unit: string;
  readonly description: string;
  observations(reading: Reading): readonly Observation[];
}

/**
 * Shows the metrics of `source` through `meter`, a meter of a provider of the caller's. Quantiles are those since the
 * monitor was made or last reset, and absent until there is a sample; counts and times are never reset.
 *
 * @throws IndexingError `InvalidConfiguration` for a prefix that is not one, or an unknown option.
 *
 * @example
 * ```js
 * import { metrics } from '@opentelemetry/api';
 * import { PerformanceMonitor } from 'simdex';
 * import { registerWithOpenTelemetry } from 'simdex/metrics';
 *
 * const monitor = new PerformanceMonitor();
 * const registration = registerWithOpenTelemetry(metrics.getMeter('search'), monitor);
 * registration.dispose();
 * ```
 */
export function registerWithOpenTelemetry<Observable>(
  meter: OpenTelemetryMeter<Observable>,
  source: MetricsSource,
  options: OpenTelemetryOptions = {},
): MetricsRegistration {
  refuseUnknown('options', options, new Set(['prefix']));
  const { prefix = 'simdex.' } = options;
  if (!/^[a-z][a-z0-9_.]*\.$/.test(prefix)) {
    throw invalidConfiguration('prefix', "a-z, 0-9, _ and '.', beginning with a letter and ending with '.'", prefix);
  }
  const registered = instrumentsOf(takeReading(source)).map((instrument) => {
    const { name, kind, unit, description } = instrument;
    return { instrument, observable: meter[`create${kind}`](prefix + name, { description, unit }) };
  });
  const observables = registered.map(({ observable }) => observable);
  const callback: OpenTelemetryCallback<Observable> = (result) => {
    const reading = takeReading(source);
    for (const { instrument, observable } of registered) {
      for (const [value, attributes] of instrument.observations(reading)) result.observe(observable, value, attributes);
    }
  };
  meter.addBatchObservableCallback(callback, observables);
  return registration(() => meter.removeBatchObservableCallback(callback, observables));
}

/** What a source like that of `reading` has: threads only where they are monitored. */
function instrumentsOf({ threads, threadNumbers, memory }: Reading): Instrument[] {
  return [
    count('index.count', '{vector}', 'Vectors indexed.', ({ indexes }) => [[indexes.count, {}]]),
    count('index.time', 's', 'Time spent indexing vectors, of all threads.', ({ indexes }) => [[seconds(indexes), {}]]),
    quantiles('index.duration', 'Time to index one vector, on its thread.', indexQuantiles),
    count('query.count', '{query}', 'Queries answered.', ({ queries }) => [[queries.count, {}]]),
    count('query.time', 's', 'Time spent on queries.', ({ queries }) => [[seconds(queries), {}]]),
    quantiles('query.duration', 'Time to answer one query.', queryQuantiles),
    ...(threads.length > 0
      ? [
          count('thread.index.count', '{vector}', 'Vectors indexed by a thread.', (now) =>
            now.threads.map(({ threadId, indexes }) => [indexes.count, { thread: threadId }]),
          ),
          count('thread.index.time', 's', 'Time that a thread spent indexing.', (now) =>
            now.threads.map(({ threadId, indexes }) => [seconds(indexes), { thread: threadId }]),
          ),
        ]
      : []),
    ...(threadNumbers
      ? [
          threadNumber('thread.active', 'Threads of the indexer.', 'activeThreads'),
          threadNumber('thread.busy', 'Threads at work now.', 'busyThreads'),
        ]
      : []),
    ...(memory ? [bytesOfKinds('index.memory', 'Memory that the index holds, by kind; total has all.')] : []),
  ];
}

function count(
  name: string,
  unit: string,
  description: string,
  observations: (reading: Reading) => readonly Observation[],
): Instrument {
  return { name, kind: 'ObservableCounter', unit, description, observations };
}

/** `millisecondsOf` gives the least, the 50th, 95th and 99th percentile and the greatest, or nothing without a sample. */
function quantiles(
  name: string,
  description: string,
  millisecondsOf: (stats: PerformanceStats) => readonly number[],
): Instrument {
  const observations = ({ stats }: Reading): Observation[] =>
    millisecondsOf(stats).map((ms, i) => [ms / 1000, { quantile: QUANTILES[i]! }]);
  return { name, kind: 'ObservableGauge', unit: 's', description, observations };
}

const QUANTILES = [0, 0.5, 0.95, 0.99, 1];

function indexQuantiles(stats: PerformanceStats): number[] {
  const { totalIndexes, minIndexTimeMs, p50IndexTimeMs, p95IndexTimeMs, p99IndexTimeMs, maxIndexTimeMs } = stats;
  return totalIndexes === 0 ? [] : [minIndexTimeMs, p50IndexTimeMs, p95IndexTimeMs, p99IndexTimeMs, maxIndexTimeMs];
}

function queryQuantiles(stats: PerformanceStats): number[] {
  const { totalQueries, minQueryTimeMs, p50QueryTimeMs, p95QueryTimeMs, p99QueryTimeMs, maxQueryTimeMs } = stats;
  return totalQueries === 0 ? [] : [minQueryTimeMs, p50QueryTimeMs, p95QueryTimeMs, p99QueryTimeMs, maxQueryTimeMs];
}

function bytesOfKinds(name: string, description: string): Instrument {
  const observations = ({ memory }: Reading): Observation[] =>
    INDEX_KINDS.map((kind) => [memory?.[kind] ?? 0, { kind }]);
  return { name, kind: 'ObservableUpDownCounter', unit: 'By', description, observations };
}

function threadNumber(name: string, description: string, figure: keyof ThreadNumbers): Instrument {
  const observations = ({ threadNumbers }: Reading): Observation[] => [[threadNumbers?.[figure] ?? 0, {}]];
  return { name, kind: 'ObservableUpDownCounter', unit: '{thread}', description, observations };
}
