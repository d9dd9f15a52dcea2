/**
 * The figures of a performance monitor as plain numbers: milliseconds, and operations per second. A figure without a
 * sample is 0.
 */
import type { TimeSummary } from './time-distribution.js';

/** Times of queries and of indexing one vector, in milliseconds, since the monitor was made or last reset. */
export interface PerformanceStats {
  readonly totalQueries: number;
  readonly totalIndexes: number;

  readonly avgQueryTimeMs: number;
  /** Percentiles are by nearest rank and at most 2 % off; everything else is exact. */
  readonly p50QueryTimeMs: number;
  readonly p95QueryTimeMs: number;
  readonly p99QueryTimeMs: number;
  readonly minQueryTimeMs: number;
  readonly maxQueryTimeMs: number;
  /** Standard deviation of the population. */
  readonly stdDevQueryTimeMs: number;

  readonly avgIndexTimeMs: number;
  readonly p50IndexTimeMs: number;
  readonly p95IndexTimeMs: number;
  readonly p99IndexTimeMs: number;
  readonly minIndexTimeMs: number;
  readonly maxIndexTimeMs: number;
  readonly stdDevIndexTimeMs: number;

  /** Time since the monitor was made or last reset. */
  readonly uptimeMs: number;
  /** `totalQueries` over the uptime, not over the time spent in queries. */
  readonly queriesPerSecond: number;
  /** `totalIndexes` over the uptime. */
  readonly indexesPerSecond: number;
}

export function performanceStats(queries: TimeSummary, indexes: TimeSummary, uptimeMs: number): PerformanceStats {
  return {
    totalQueries: queries.count,
    totalIndexes: indexes.count,

    avgQueryTimeMs: queries.meanMs,
    p50QueryTimeMs: queries.p50Ms,
    p95QueryTimeMs: queries.p95Ms,
    p99QueryTimeMs: queries.p99Ms,
    minQueryTimeMs: queries.minMs,
    maxQueryTimeMs: queries.maxMs,
    stdDevQueryTimeMs: queries.stdDevMs,

    avgIndexTimeMs: indexes.meanMs,
    p50IndexTimeMs: indexes.p50Ms,
    p95IndexTimeMs: indexes.p95Ms,
    p99IndexTimeMs: indexes.p99Ms,
    minIndexTimeMs: indexes.minMs,
    maxIndexTimeMs: indexes.maxMs,
    stdDevIndexTimeMs: indexes.stdDevMs,

    uptimeMs,
    queriesPerSecond: perSecond(queries.count, uptimeMs),
    indexesPerSecond: perSecond(indexes.count, uptimeMs),
  };
}

function perSecond(count: number, elapsedMs: number): number {
  return elapsedMs === 0 ? 0 : (count / elapsedMs) * 1000;
}
