/**
 * The metric families that Prometheus sees, by its conventions: base units (seconds), `_total` on counters, one histogram
 * for each kind of duration. The only labels are `le`, with the bounds below, `thread`, an integer from 0 to 255, and `kind`, one of five: the
 * number of series is bounded by 2 × 31 + 2 × 256 + 2 + 5, whatever happens.
 *
 * A count at a bound is exact: bounds are powers of two of a millisecond, on which buckets of the monitors' histograms end.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import type { HistogramSnapshot } from '../monitoring/exponential-histogram.js';
import type { TimeDistribution } from '../monitoring/time-distribution.js';
import { INDEX_KINDS, type MetricsSource, type Reading, seconds, type ThreadNumbers, takeReading } from './reading.js';

export interface Sample {
  readonly suffix: '' | '_bucket' | '_sum' | '_count';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One line, without backslashes. */
  readonly help: string;
  samples(reading: Reading): Sample[];
}

/** How metrics are shown to Prometheus. */
export interface PrometheusOptions {
  /**
   * What the names of the metrics begin with, `simdex_` by default. Sources whose metrics go to one place need prefixes of
   * their own.
   */
  readonly prefix?: string | undefined;
}

/** Buckets of the monitors' histograms in a factor of two. */
const BUCKETS_PER_OCTAVE = 32;
/** From 2^-13 ms (0.12 µs) to 2^14 ms (16 s), each twice the one before. */
const BOUND_EXPONENTS = Array.from({ length: 28 }, (_, i) => i - 13);

/**
 * The families that `source` has: those of threads only where threads are monitored.
 *
 * @throws IndexingError `InvalidConfiguration` for a prefix that a metric's name cannot begin with, or an unknown option.
 */
export function familiesOf(source: MetricsSource, options: PrometheusOptions): Family[] {
  refuseUnknown('options', options, new Set(['prefix']));
  const { prefix = 'simdex_' } = options;
  // Colons are valid too, but kept for recording rules.
  if (!/^[a-z][a-z0-9_]*_$/.test(prefix)) {
    throw invalidConfiguration('prefix', "a-z, 0-9 and _, beginning with a letter and ending with '_'", prefix);
  }
  const { threads, threadNumbers, memory } = takeReading(source);
  return [
    durations(`${prefix}index_duration_seconds`, 'Time to index one vector, on its thread.', (now) => now.indexes),
    durations(`${prefix}query_duration_seconds`, 'Time to answer one query.', (now) => now.queries),
    ...(threads.length > 0
      ? [
          perThread(`${prefix}thread_indexed_vectors_total`, 'Vectors indexed by a thread.', (times) => times.count),
          perThread(`${prefix}thread_index_seconds_total`, 'Time that a thread spent indexing.', seconds),
        ]
      : []),
    ...(threadNumbers
      ? [
          threadGauge(`${prefix}active_threads`, 'Threads of the indexer.', 'activeThreads'),
          threadGauge(`${prefix}busy_threads`, 'Threads at work now.', 'busyThreads'),
        ]
      : []),
    ...(memory
      ? [bytesOfKinds(`${prefix}index_memory_bytes`, 'Memory that the index holds, by kind; total has all.')]
      : []),
  ];
}

function durations(name: string, help: string, timesOf: (reading: Reading) => TimeDistribution): Family {
  return { name, type: 'histogram', help, samples: (reading) => histogramSamples(timesOf(reading)) };
}

/**
 * The samples of a histogram of `times`, in seconds.
 *
 * @param exponents the bounds of its buckets, as powers of two of a millisecond, ascending
 */
export function histogramSamples(
  times: TimeDistribution,
  labels: Sample['labels'] = {},
  exponents: readonly number[] = BOUND_EXPONENTS,
): Sample[] {
  const counts = cumulativeCounts(times.histogram(), exponents);
  return [
    ...exponents.map((exponent, i): Sample => {
      return { suffix: '_bucket', labels: { ...labels, le: String(2 ** exponent / 1000) }, value: counts[i]! };
    }),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: times.count },
    { suffix: '_sum', labels, value: seconds(times) },
    { suffix: '_count', labels, value: times.count },
  ];
}

/** Durations up to and with each bound. */
function cumulativeCounts({ zeros, buckets }: HistogramSnapshot, exponents: readonly number[]): number[] {
  let seen = zeros;
  let next = 0;
  return exponents.map((exponent) => {
    for (; next < buckets.length && buckets[next]!.bucket < BUCKETS_PER_OCTAVE * exponent; next++) {
      seen += buckets[next]!.count;
    }
    return seen;
  });
}

function perThread(name: string, help: string, figureOf: (indexes: TimeDistribution) => number): Family {
  const samples = ({ threads }: Reading): Sample[] =>
    threads.map(({ threadId, indexes }) => {
      return { suffix: '', labels: { thread: String(threadId) }, value: figureOf(indexes) };
    });
  return { name, type: 'counter', help, samples };
}

function bytesOfKinds(name: string, help: string): Family {
  const samples = ({ memory }: Reading): Sample[] =>
    INDEX_KINDS.map((kind) => ({ suffix: '', labels: { kind }, value: memory?.[kind] ?? 0 }));
  return { name, type: 'gauge', help, samples };
}

function threadGauge(name: string, help: string, figure: keyof ThreadNumbers): Family {
  const samples = ({ threadNumbers }: Reading): Sample[] => [
    { suffix: '', labels: {}, value: threadNumbers?.[figure] ?? 0 },
  ];
  return { name, type: 'gauge', help, samples };
}
