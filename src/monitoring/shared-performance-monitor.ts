/**
 * The monitor of all threads together. It owns the monitors of the single threads. Whatever one of them records is recorded
 * here too, so the totals here are exactly the sums over the threads, plus what was recorded here directly (queries, which
 * belong to no thread). Resetting one monitor does not reset the others.
 */
import { invalidConfiguration } from '../base/errors.js';
import { type Clock, PerformanceMonitor, systemClock } from './performance-monitor.js';
import type { PerformanceStats } from './performance-stats.js';
import type { TimeDistribution } from './time-distribution.js';

/** Most threads an indexer has, hence most values of the label `thread` of exported metrics. */
const MAX_THREADS = 256;

/** What `getMonitoringStats()` of an indexer gives. */
export interface MonitoringStats {
  /** All threads together. */
  readonly globalStats: PerformanceStats;
  /** One entry per thread; empty when per-thread monitoring is off. */
  readonly threadStats: readonly { readonly threadId: number; readonly stats: PerformanceStats }[];
  /** Threads of the indexer. */
  readonly activeThreads: number;
  /** Threads at work now, at most. */
  readonly busyThreads: number;
  readonly monitoringEnabled: boolean;
}

/**
 * The monitor of all threads together, and those of the single threads: what is recorded in theirs is recorded here too.
 *
 * @example
 * ```js
 * import { SharedPerformanceMonitor } from 'simdex';
 *
 * const monitor = new SharedPerformanceMonitor(2);
 * monitor.threadMonitors[1].recordIndexTime(0.2);
 * console.log(monitor.getStats().totalIndexes); // 1
 * ```
 */
export class SharedPerformanceMonitor extends PerformanceMonitor {
  /** One per thread, in order of thread id; empty when per-thread monitoring is off. */
  readonly threadMonitors: readonly PerformanceMonitor[];

  /**
   * @param monitoredThreads threads with a monitor of their own, 0..256
   * @param clock gives milliseconds from any origin; `performance.now()` by default
   * @throws IndexingError `InvalidConfiguration` for another number of threads.
   */
  constructor(monitoredThreads: number, clock: Clock = systemClock) {
    super(clock);
    if (!Number.isInteger(monitoredThreads) || monitoredThreads < 0 || monitoredThreads > MAX_THREADS) {
      throw invalidConfiguration('monitoredThreads', `an integer from 0 to ${MAX_THREADS}`, monitoredThreads);
    }
    this.threadMonitors = Array.from({ length: monitoredThreads }, () => new PerformanceMonitor(clock));
    for (const monitor of this.threadMonitors) monitor.addFollower(this);
  }

  /**
   * Records index times that thread `threadId` measured: in its monitor, where it has one, and here.
   *
   * @internal
   */
  mergeThreadIndexTimes(threadId: number, times: TimeDistribution): void {
    const monitor = this.threadMonitors[threadId] ?? this;
    monitor.mergeIndexTimes(times);
  }

  /**
   * Records `count` vectors that thread `threadId` indexed in `elapsedMs` together.
   *
   * @internal
   */
  recordThreadGroup(threadId: number, elapsedMs: number, count: number): void {
    const monitor = this.threadMonitors[threadId] ?? this;
    monitor.recordIndexGroup(elapsedMs, count);
  }

  /** @internal The figures of every thread that has a monitor. */
  threadStats(): MonitoringStats['threadStats'] {
    return this.threadMonitors.map((monitor, threadId) => ({ threadId, stats: monitor.getStats() }));
  }
}
