/**
 * A ParallelIndexer with monitors: exact counts, times of its threads, and a report for every run.
 */

import { asyncDisposeSymbol } from '../base/dispose-symbol.js';
import { invalidConfiguration, messageOf } from '../base/errors.js';
import { measureClockTickMs, turnBeforeAnswer } from '../base/time.js';
import type { Backend } from '../engine/engine-core.js';
import type { IndexerLogger } from '../engine/engine-options.js';
import type { PerformanceMonitor } from '../monitoring/performance-monitor.js';
import { RealTimeMonitor } from '../monitoring/real-time-monitor.js';
import { type MonitoringStats, SharedPerformanceMonitor } from '../monitoring/shared-performance-monitor.js';
import type { IndexingPerformanceReport } from '../reporting/report.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { AllocatedMatrix } from './allocations.js';
import { type IndexedChunk, IndexingStream, type StreamOptions } from './indexing-stream.js';
import { knownMemoryRates } from './measuring/run-conditions.js';
import { checkMonitoringConfig, type IndexerMonitoringConfig, isTimed } from './monitoring-config.js';
import {
  BatchSizeHistory,
  measureSmall,
  type Observation,
  ObservedRun,
  recordSmall,
  SmallCallReports,
} from './observed-run.js';
import type { CheckedIndexOptions, IndexerOptions, IndexOptions } from './options.js';
import { finishSmall, ParallelIndexer } from './parallel-indexer.js';
import { calculateOptimalBatchSize } from './plan.js';
import { IndexingResult } from './result/indexing-result.js';
import { SmallCall } from './small-call.js';
import { AutoOptimizer } from './tuning/auto-optimizer.js';

/** Measuring the memory takes 2 % of that. */
const LONG_RUN_MS = 2500;

/**
 * Indexes vectors on several threads, counts what they do in monitors, and reports on every run.
 *
 * @example
 * ```js
 * import { MonitoredParallelIndexer } from 'simdex';
 *
 * const indexer = new MonitoredParallelIndexer();
 * const matrix = { data: Float32Array.from({ length: 1000 * 64 }, Math.random), dims: 64 };
 * const result = await indexer.indexVectorsMonitored(matrix, { order: 'original' });
 * console.log(result.indexedCount, result.vectors.magnitudes.length); // 1000 1000
 * console.log(result.performanceReport.recommendations);
 * result.dispose();
 * await indexer.dispose();
 * ```
 */
export class MonitoredParallelIndexer {
  /** What indexes, usable alone; its runs are not monitored. */
  readonly indexer: ParallelIndexer;
  /** All threads together. */
  readonly monitor: SharedPerformanceMonitor;
  /** One per thread; empty when per-thread monitoring is off. */
  readonly threadMonitors: readonly PerformanceMonitor[];
  readonly config: Readonly<IndexerMonitoringConfig>;
  readonly #logger: IndexerLogger | undefined;
  readonly #observation: Observation;
  readonly #smallReports: SmallCallReports;
  #realTimeEnabled = false;

  /**
   * @param threadCount 1..256, or `'auto'` (default): what the machine and the container's CPU quota allow
   * @throws {IndexingError} `InvalidConfiguration` for a thread count, field or option out of its domain.
   */
  constructor(
    threadCount: number | 'auto' = 'auto',
    config: Partial<IndexerMonitoringConfig> = {},
    options: IndexerOptions = {},
  ) {
    this.config = checkMonitoringConfig(config);
    this.indexer = new ParallelIndexer(threadCount, options);
    this.#logger = options.logger;
    this.monitor = new SharedPerformanceMonitor(this.config.enablePerThreadMonitoring ? this.indexer.threadCount : 0);
    this.threadMonitors = this.monitor.threadMonitors;
    this.#observation = {
      config: this.config,
      timed: isTimed(this.config),
      backend: () => this.indexer.backend,
      monitor: this.monitor,
      realTime: this.config.enableRealTimeUpdates ? this.#createRealTimeMonitor() : undefined,
      clockTickMs: measureClockTickMs(),
      batchSizes: new BatchSizeHistory(),
      maxBatchSize: (total) => this.calculateOptimalBatchSize(total),
      optimizer: this.config.autoOptimization ? new AutoOptimizer(options.logger) : undefined,
    };
    this.#smallReports = new SmallCallReports(this.#observation);
  }

  /** Known after `ready()` or a run. */
  get backend(): Backend | undefined {
    return this.indexer.backend;
  }

  /** Starts the threads and compiles the kernel, so that the first run need not. */
  ready(): Promise<void> {
    return this.indexer.ready();
  }

  /** undefined before `enableRealTimeMonitoring()`. */
  get realTimeMonitor(): RealTimeMonitor<IndexingPerformanceReport> | undefined {
    return this.#realTimeEnabled ? this.#observation.realTime : undefined;
  }

  /**
   * Starts the monitor that tells of runs and query times every 100 ms; the same one every time. `dispose()` stops it.
   * undefined, and nothing is started, without `enableRealTimeUpdates`.
   */
  enableRealTimeMonitoring(): RealTimeMonitor<IndexingPerformanceReport> | undefined {
    this.indexer.refuseIfDisposed();
    this.#realTimeEnabled = true;
    this.realTimeMonitor?.start();
    return this.realTimeMonitor;
  }

  /** See {@link ParallelIndexer.allocate}. */
  allocate(count: number, dims: number): AllocatedMatrix {
    return this.indexer.allocate(count, dims);
  }

  /** As {@link ParallelIndexer.indexVectors}, with the run recorded in the monitors and reported in the result. */
  async indexVectorsMonitored(vectors: VectorSource, options: IndexOptions = {}): Promise<IndexingResult> {
    const checked = this.indexer.check(options);
    const small = this.indexer.doSmall(vectors, checked, this.#observation.timed);
    if (!small) return (await this.#index(vectors, checked)).result;
    const result = this.#finishSmall(small, checked);
    const turn = turnBeforeAnswer(small.endedAt);
    if (turn) await turn;
    return result;
  }

  /**
   * Indexes chunk after chunk, with reading, indexing and consuming at the same time and at most three chunks in memory.
   * Iterate over what it gives; see {@link IndexingStream}.
   */
  indexStream(
    chunks: AsyncIterable<VectorSource> | Iterable<VectorSource>,
    options: StreamOptions = {},
  ): IndexingStream {
    const index = (chunk: VectorSource, runOptions: IndexOptions) => this.#indexChunk(chunk, runOptions);
    return new IndexingStream(chunks, options, this.config, this.indexer.closing, index);
  }

  /**
   * Most vectors of a batch that is not given: a thread's share of `totalVectors`, but 50 or more; with a history, by mean
   * index time `t`: above 100 ms the share within 10..100, below 10 ms 100 or more.
   */
  calculateOptimalBatchSize(totalVectors: number): number {
    if (!Number.isSafeInteger(totalVectors) || totalVectors < 0) {
      throw invalidConfiguration('totalVectors', 'an integer from 0 on', totalVectors);
    }
    const meanIndexTimeMs = this.config.batchSizeMonitoring ? this.monitor.meanIndexTimeMs : undefined;
    return calculateOptimalBatchSize(totalVectors, this.indexer.threadCount, meanIndexTimeMs);
  }

  /** The figures of all monitors, now. */
  getMonitoringStats(): MonitoringStats {
    return {
      globalStats: this.monitor.getStats(),
      threadStats: this.monitor.threadStats(),
      activeThreads: this.indexer.threadCount,
      busyThreads: this.indexer.busyThreads,
      monitoringEnabled: true,
    };
  }

  /** Ends the threads. Runs under way or waiting reject; results and monitors stay readable. */
  async dispose(): Promise<void> {
    await this.indexer.dispose();
    this.realTimeMonitor?.stop();
  }

  /** `dispose()`, for `await using`. */
  [asyncDisposeSymbol](): Promise<void> {
    return this.dispose();
  }

  #createRealTimeMonitor(): RealTimeMonitor<IndexingPerformanceReport> {
    const logger = this.#logger;
    return new RealTimeMonitor(this.monitor, {
      reportingIntervalMs: this.config.reportingIntervalMs,
      onListenerError: logger && ((error) => logger.warn(listenerFailure(error))),
    });
  }

  /** A call that was not done at once. */
  async #index(vectors: VectorSource, options: CheckedIndexOptions): Promise<IndexedChunk> {
    const observed = new ObservedRun(this.#observation);
    const input = await this.indexer.execute(vectors, options, observed);
    if (input instanceof SmallCall) return this.#smallChunk(input, options);
    this.#measureMemoryAfter(observed.totalTimeMs);
    const result = new IndexingResult(input, observed);
    if (this.config.autoOptimization) this.#tellAnalysis(result);
    return { result, measured: () => observed.measured };
  }

  /** One chunk of a stream. */
  async #indexChunk(vectors: VectorSource, options: IndexOptions): Promise<IndexedChunk> {
    const checked = this.indexer.check(options);
    const small = this.indexer.doSmall(vectors, checked, this.#observation.timed);
    return small ? this.#smallChunk(small, checked) : this.#index(vectors, checked);
  }

  #smallChunk(small: SmallCall, options: CheckedIndexOptions): IndexedChunk {
    const result = this.#finishSmall(small, options);
    return { result, measured: () => measureSmall(small, this.#observation) };
  }

  /** Records a small call in the monitors, and throws what it fails with. */
  #finishSmall(small: SmallCall, options: CheckedIndexOptions): IndexingResult {
    recordSmall(small, this.#observation);
    finishSmall(small, options);
    const result = new IndexingResult(small, this.#smallReports);
    if (this.config.autoOptimization) this.#tellAnalysis(result);
    return result;
  }

  #tellAnalysis({ performanceReport }: IndexingResult): void {
    this.#logger?.info('Performance Analysis Complete:');
    for (const recommendation of performanceReport?.recommendations ?? []) this.#logger?.info(`  - ${recommendation}`);
  }

  /** Beside a long run it costs little, and the next report can tell of memory bandwidth. */
  #measureMemoryAfter(runMs: number): void {
    if (!this.#observation.timed || runMs < LONG_RUN_MS || knownMemoryRates()) return;
    this.indexer.measureMemory().catch((cause: unknown) => {
      this.#logger?.warn(`The memory bandwidth could not be measured (${messageOf(cause)})`);
    });
  }
}

function listenerFailure(error: unknown): string {
  return `A listener of the real-time monitor failed and was taken off (${messageOf(error)})`;
}
