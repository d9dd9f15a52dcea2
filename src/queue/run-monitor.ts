/**
 * A run as a monitor: what `<simdex-monitor>` shows, with workers in the place of threads, and metrics for Prometheus.
 */
import type { Family, Sample } from '../metrics/prometheus-families.js';
import { samplesText } from '../metrics/prometheus-text.js';
import type { MetricUpdate, MonitorUpdate, ProgressUpdate } from '../monitoring/monitor-update.js';
import type { PerformanceStats } from '../monitoring/performance-stats.js';
import type { RunProgress } from './run-progress.js';

/** Time that the rate is measured over, in milliseconds. */
const RATE_MS = 5000;

interface Moment {
  readonly atMs: number;
  readonly processed: number;
}

export class RunMonitor {
  readonly #clock: () => number;
  readonly #startedAtMs: number;
  #progress: RunProgress | undefined;
  #begun: Moment | undefined;
  #before: Moment | undefined;
  readonly #moments: Moment[] = [];
  #isOver = false;
  /** Wakes the readers that wait for the next update. */
  #wake: () => void = () => undefined;
  #next = this.#nextUpdate();

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#startedAtMs = clock();
  }

  take(progress: RunProgress): void {
    const now = { atMs: this.#clock(), processed: progress.processed };
    if (this.#progress?.phase !== progress.phase) {
      this.#moments.length = 0;
      this.#begun = now;
    }
    this.#before = this.#moments.at(-1);
    this.#progress = progress;
    this.#moments.push(now);
    while (this.#moments.length > 2 && now.atMs - this.#moments[0]!.atMs > RATE_MS) this.#moments.shift();
    this.#tell();
  }

  /** The run has ended: the last update is told. */
  end(): void {
    this.#isOver = true;
    this.#tell();
  }

  /** Rows per second, over the last seconds. */
  get rate(): number {
    const [first, last] = [this.#moments[0], this.#moments.at(-1)];
    if (!first || !last || last.atMs === first.atMs) return 0;
    return Math.max(0, (1000 * (last.processed - first.processed)) / (last.atMs - first.atMs));
  }

  /** Updates from now on, until the run has ended. A slow reader gets only the newest. */
  async *updates(): AsyncGenerator<MonitorUpdate> {
    for (let isLast = false; !isLast; ) {
      isLast = this.#isOver;
      const next = this.#next;
      if (this.#progress) {
        yield this.#progressUpdate(this.#progress);
        yield this.#metricUpdate();
      }
      if (!isLast) await next;
    }
  }

  /** Metrics for Prometheus. */
  metrics(): string {
    const progress = this.#progress;
    if (!progress) return '';
    const { phase, processed, total, rejected, indexingMs, shards, workers, connectedWorkers } = progress;
    const families: (Pick<Family, 'name' | 'type' | 'help'> & { readonly samples: readonly Sample[] })[] = [
      gauge('run_rows', 'Rows of the input.', total),
      gauge('run_indexed_rows', 'Rows that are indexed.', phase === 'merging' ? total : processed),
      gauge('run_merged_rows', 'Rows that are merged.', phase === 'merging' ? processed : 0),
      gauge('run_rejected_rows', 'Rows of finished shards that were left out.', rejected),
      gauge('run_index_seconds', 'Time of indexing, of all finished shards together.', indexingMs / 1000),
      {
        name: 'simdex_run_shards',
        type: 'gauge',
        help: 'Shards by what they are at.',
        samples: (['done', 'active', 'waiting'] as const).map((state) => one(shards[state], { state })),
      },
      gauge('run_busy_workers', 'Workers that are at work on the run.', workers.length),
      gauge('run_connected_workers', 'Workers that are connected to the queue.', connectedWorkers),
    ];
    return families.map(({ samples, ...family }) => samplesText(family, samples)).join('');
  }

  #progressUpdate({ processed, total, shards, workers }: RunProgress): ProgressUpdate {
    const { rate } = this;
    return {
      type: 'progress',
      run: 1,
      last: this.#isOver,
      processed,
      total,
      percent: total === 0 ? 100 : (100 * processed) / total,
      vectorsPerSecond: rate,
      etaMs: processed === total ? 0 : rate > 0 ? (1000 * (total - processed)) / rate : Number.POSITIVE_INFINITY,
      queueDepth: shards.waiting,
      threads: workers.map((worker, threadId) => ({ threadId, processed: worker.processed, utilization: 1 })),
    };
  }

  #metricUpdate(): MetricUpdate {
    const now = this.#moments.at(-1)!;
    const before = this.#before ?? now;
    const { indexingMs, processed } = this.#progress!;
    const meanMs = processed > 0 && indexingMs > 0 ? indexingMs / processed : Number.NaN;
    return {
      type: 'metric',
      stats: statsOf(Math.max(0, now.processed - before.processed), now.atMs - before.atMs, this.rate, meanMs),
      lifetime: statsOf(processed, now.atMs - this.#startedAtMs, this.#lifetimeRate(now), meanMs),
    };
  }

  #lifetimeRate(now: Moment): number {
    const begun = this.#begun ?? now;
    return now.atMs > begun.atMs ? (1000 * (now.processed - begun.processed)) / (now.atMs - begun.atMs) : 0;
  }

  #nextUpdate(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #tell(): void {
    const wake = this.#wake;
    this.#next = this.#nextUpdate();
    wake();
  }
}

/** Percentiles of single vectors are in the merged report: workers do not tell them while they work. */
function statsOf(totalIndexes: number, uptimeMs: number, indexesPerSecond: number, meanMs: number): PerformanceStats {
  return {
    totalQueries: 0,
    totalIndexes,
    avgQueryTimeMs: 0,
    p50QueryTimeMs: 0,
    p95QueryTimeMs: 0,
    p99QueryTimeMs: 0,
    minQueryTimeMs: 0,
    maxQueryTimeMs: 0,
    stdDevQueryTimeMs: 0,
    avgIndexTimeMs: meanMs,
    p50IndexTimeMs: Number.NaN,
    p95IndexTimeMs: Number.NaN,
    p99IndexTimeMs: Number.NaN,
    minIndexTimeMs: Number.NaN,
    maxIndexTimeMs: Number.NaN,
    stdDevIndexTimeMs: Number.NaN,
    uptimeMs,
    queriesPerSecond: 0,
    indexesPerSecond,
  };
}

function gauge(name: string, help: string, value: number) {
  return { name: `simdex_${name}`, type: 'gauge' as const, help, samples: [one(value)] };
}

function one(value: number, labels: Readonly<Record<string, string>> = {}): Sample {
  return { suffix: '', labels, value };
}
