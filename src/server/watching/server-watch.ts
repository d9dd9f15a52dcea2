/**
 * Records what the server does: a monitor of its searches and writes, told in real time, and a sample of every second for some
 * minutes. Bounded, whatever happens; its timer keeps no process alive.
 */

import type { MonitorSource } from '../../live/server-sent-events.js';
import type { MonitorUpdate } from '../../monitoring/monitor-update.js';
import { PerformanceMonitor } from '../../monitoring/performance-monitor.js';
import { RealTimeMonitor } from '../../monitoring/real-time-monitor.js';
import { TimeDistribution } from '../../monitoring/time-distribution.js';
import type { CollectionWatch } from '../collections/collection-watch.js';
import { SAMPLES_KEPT, type Sample } from '../dashboard/dashboard-state.js';

const SAMPLE_MS = 1000;
/** Samples that the latencies are computed from. */
const LATENCY_SAMPLES = 10;

/** Figures of the process that go into a sample. */
export interface ProcessReader {
  readonly pendingCalls: () => number;
  readonly memoryBytes: () => number;
  /** Processor time of the process so far, in seconds. */
  readonly cpuSeconds: () => number;
  /** How long each thread of the engine has had work so far, in milliseconds. */
  readonly busyMs: () => readonly number[];
}

export class ServerWatch implements MonitorSource, CollectionWatch {
  /** Times of commits to the disk. */
  readonly commits = new TimeDistribution();
  /** Times of searches, and of storing one vector. */
  readonly monitor = new PerformanceMonitor();
  readonly #realTime: RealTimeMonitor;
  readonly #read: ProcessReader;
  /** Records of the second that is under way. */
  readonly #second = new PerformanceMonitor();
  readonly #recentQueries: TimeDistribution[] = [];
  readonly #samples: Sample[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #startedAtMs = performance.now();
  #lastAtMs = this.#startedAtMs;
  #lastCpuSeconds: number;
  #lastBusyMs: readonly number[];

  constructor(read: ProcessReader, onListenerError: (error: unknown) => void) {
    this.#read = read;
    this.#realTime = new RealTimeMonitor(this.monitor, { onListenerError });
    this.#lastCpuSeconds = read.cpuSeconds();
    this.#lastBusyMs = read.busyMs();
    this.monitor.addFollower(this.#second);
    this.#realTime.start();
    this.#timer = setInterval(() => this.#takeSample(), SAMPLE_MS);
    this.#timer.unref();
  }

  stored(vectors: number, startedAtMs: number): void {
    if (vectors === 0) return;
    const elapsedMs = Math.max(0, performance.now() - startedAtMs);
    this.monitor.recordIndexGroup(elapsedMs, vectors);
    this.#realTime.recordSmallRun(vectors, 0, startedAtMs, elapsedMs);
  }

  searched(queries: number, startedAtMs: number): void {
    const meanMs = Math.max(0, performance.now() - startedAtMs) / queries;
    for (let query = 0; query < queries; query++) this.monitor.recordQueryTime(meanMs);
  }

  committed(elapsedMs: number): void {
    this.commits.record(Math.max(0, elapsedMs));
  }

  get uptimeSeconds(): number {
    return (performance.now() - this.#startedAtMs) / 1000;
  }

  /** Samples after `sinceMs` (milliseconds since 1970), the oldest first. */
  samplesSince(sinceMs: number): readonly Sample[] {
    return this.#samples.filter(({ atMs }) => atMs > sinceMs);
  }

  /** The monitor's updates, with the engine's queue in the place of a run's. */
  async *updates(): AsyncGenerator<MonitorUpdate, void, undefined> {
    for await (const update of this.#realTime.updates()) {
      yield update.type === 'progress' ? { ...update, queueDepth: this.#read.pendingCalls() } : update;
    }
  }

  /** Ends all updates. */
  close(): void {
    clearInterval(this.#timer);
    this.#realTime.stop();
  }

  #takeSample(): void {
    const now = performance.now();
    const seconds = (now - this.#lastAtMs) / 1000;
    const cpuSeconds = this.#read.cpuSeconds();
    const busyMs = this.#read.busyMs();
    const { queries, indexes } = this.#second.take();
    this.#recentQueries.push(queries);
    if (this.#recentQueries.length > LATENCY_SAMPLES) this.#recentQueries.shift();
    const recent = new TimeDistribution();
    for (const times of this.#recentQueries) recent.merge(times);
    const percentile = (percent: number) => (recent.count === 0 ? null : recent.percentileMs(percent));
    this.#samples.push({
      atMs: Date.now(),
      ingestRate: indexes.count / seconds,
      searchRate: queries.count / seconds,
      p50Ms: percentile(50),
      p95Ms: percentile(95),
      p99Ms: percentile(99),
      memoryBytes: this.#read.memoryBytes(),
      pendingCalls: this.#read.pendingCalls(),
      processors: Math.max(0, cpuSeconds - this.#lastCpuSeconds) / seconds,
      busyShares: busyMs.map((ms, thread) => Math.min(1, (ms - this.#lastBusyMs[thread]!) / (1000 * seconds))),
    });
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift();
    this.#lastAtMs = now;
    this.#lastCpuSeconds = cpuSeconds;
    this.#lastBusyMs = busyMs;
  }
}
