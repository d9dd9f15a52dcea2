/**
 * The figures from which the metrics of a monitor are made, read at one moment. Counts and sums are those since the monitor
 * was made. `reset()` does not change them, since a counter that goes back looks like a new process.
 */
import type { PerformanceMonitor } from '../monitoring/performance-monitor.js';
import type { PerformanceStats } from '../monitoring/performance-stats.js';
import type { SharedPerformanceMonitor } from '../monitoring/shared-performance-monitor.js';
import type { TimeDistribution } from '../monitoring/time-distribution.js';

/**
 * A monitor, or what has one: a `PerformanceMonitor`, a `SharedPerformanceMonitor`, a `MonitoredParallelIndexer`, a
 * `VectorIndex`.
 */
export type MetricsSource =
  | PerformanceMonitor
  | {
      readonly monitor: PerformanceMonitor;
      /** An indexer has it: how many threads there are, and how many of them are at work. */
      getMonitoringStats?(): ThreadNumbers;
      /** An index has it: the bytes that it holds. */
      readonly memory?: IndexBytes;
    };

/** Bytes of an index, by kind. */
export interface IndexBytes {
  readonly rows: number;
  readonly codes: number;
  readonly graph: number;
  readonly ids: number;
  readonly total: number;
}

/** Threads of an indexer, and those of them that are at work now. */
export interface ThreadNumbers {
  readonly activeThreads: number;
  readonly busyThreads: number;
}

/** Durations in milliseconds, as the monitors keep them. */
export interface Reading {
  readonly queries: TimeDistribution;
  readonly indexes: TimeDistribution;
  /** One entry per thread that has a monitor, in order of thread id; always as many, at most 256. */
  readonly threads: readonly { readonly threadId: number; readonly indexes: TimeDistribution }[];
  /** The statistics, which a reset does start anew. */
  readonly stats: PerformanceStats;
  /** undefined where the source has no threads. */
  readonly threadNumbers: ThreadNumbers | undefined;
  /** undefined where the source is no index. */
  readonly memory: IndexBytes | undefined;
}

export function takeReading(source: MetricsSource): Reading {
  const monitor = 'monitor' in source ? source.monitor : source;
  const threadMonitors = isShared(monitor) ? monitor.threadMonitors : [];
  return {
    ...monitor.lifetime(),
    threads: threadMonitors.map((thread, threadId) => ({ threadId, indexes: thread.lifetime().indexes })),
    stats: monitor.getStats(),
    threadNumbers: 'monitor' in source ? source.getMonitoringStats?.() : undefined,
    memory: 'monitor' in source ? source.memory : undefined,
  };
}

/** By what it has: the same code reads monitors of the builds for Node and for pages, whose classes are not the same. */
function isShared(monitor: PerformanceMonitor): monitor is SharedPerformanceMonitor {
  return 'threadMonitors' in monitor;
}

/** Sum of all durations. */
export function seconds(times: TimeDistribution): number {
  return times.sumMs / 1000;
}

export const INDEX_KINDS = ['rows', 'codes', 'graph', 'ids', 'total'] as const satisfies readonly (keyof IndexBytes)[];
