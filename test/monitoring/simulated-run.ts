/** A run that goes as a test says, on the clock of the test, for what a monitor makes of runs. */
import type { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';
import type { WatchedRun } from '../../src/monitoring/run-progress.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';

export class SimulatedRun implements WatchedRun<string> {
  readonly work = 'process 8';
  readonly #monitor: PerformanceMonitor;
  readonly #total: number;
  #done = 0;
  #taken = 0;
  /** Milliseconds of a vector. */
  vectorMs = 1;

  constructor(monitor: PerformanceMonitor, total: number) {
    this.#monitor = monitor;
    this.#total = total;
  }

  advance(vectors: number): void {
    this.#done += vectors;
  }

  timesResolved(): boolean {
    return true;
  }

  takeIn(): Promise<void> {
    const times = new TimeDistribution();
    times.record(this.vectorMs, this.#done - this.#taken);
    this.#taken = this.#done;
    this.#monitor.mergeIndexTimes(times);
    return Promise.resolve();
  }

  progress() {
    const processed = this.#done;
    const percent = (100 * processed) / this.#total;
    const figures = { percent, vectorsPerSecond: 0, etaMs: 0, queueDepth: 0, threads: [] };
    return { type: 'progress' as const, processed, total: this.#total, ...figures };
  }

  report(): string {
    return `${this.#taken} of ${this.#total}`;
  }
}
