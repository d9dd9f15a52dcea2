/**
 * Records how long queries and the indexing of vectors take, and gives counts, means, percentiles and rates. All times are
 * milliseconds. Its size is bounded, however much is recorded (see exponential-histogram.ts).
 */
import { disposeSymbol } from '../base/dispose-symbol.js';
import { type PerformanceStats, performanceStats } from './performance-stats.js';
import { checkDuration, TimeDistribution } from './time-distribution.js';

/**
 * Records how long queries and the indexing of vectors take, in milliseconds; tells counts, means, percentiles and rates.
 *
 * @example
 * ```js
 * import { PerformanceMonitor } from 'simdex';
 *
 * const monitor = new PerformanceMonitor();
 * monitor.recordQueryTime(1.5);
 * await monitor.timeQuery(async () => 'the work');
 * console.log(monitor.getStats().totalQueries); // 2
 * ```
 */
export class PerformanceMonitor {
  readonly #clock: Clock;
  /** They get every record as well: of a thread's monitor that of all threads, of that one windows of time. */
  readonly #followers = new Set<PerformanceMonitor>();
  #startedAtMs: number;
  #queries = new TimeDistribution();
  #indexes = new TimeDistribution();
  /** What `reset()` took out of the figures. */
  readonly #earlierQueries = new TimeDistribution();
  readonly #earlierIndexes = new TimeDistribution();

  /** `clock` gives milliseconds from any origin; `performance.now()` by default. */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#startedAtMs = clock();
  }

  /** From now on `follower` gets every record as well. @internal */
  addFollower(follower: PerformanceMonitor): void {
    this.#followers.add(follower);
  }

  /** @internal */
  removeFollower(follower: PerformanceMonitor): void {
    this.#followers.delete(follower);
  }

  /**
   * Records that a query took `ms` milliseconds.
   *
   * @throws IndexingError `InvalidConfiguration` for a duration that is negative or not a finite number.
   */
  recordQueryTime(ms: number): void {
    this.#queries.record(ms);
    for (const follower of this.#followers) follower.recordQueryTime(ms);
  }

  /**
   * Records that indexing one vector took `ms` milliseconds.
   *
   * @throws IndexingError `InvalidConfiguration` for a duration that is negative or not a finite number.
   */
  recordIndexTime(ms: number): void {
    this.#indexes.record(ms);
    for (const follower of this.#followers) follower.recordIndexTime(ms);
  }

  /**
   * Records one query for each duration, in milliseconds: all of them, or none and an error.
   *
   * @throws IndexingError `InvalidConfiguration` naming the first duration that is negative or not a finite number.
   */
  recordQueryTimes(ms: ArrayLike<number>): void {
    checkDurations(ms);
    for (let i = 0; i < ms.length; i++) this.recordQueryTime(ms[i]!);
  }

  /**
   * Records one indexed vector for each duration, in milliseconds: all of them, or none and an error.
   *
   * @throws IndexingError `InvalidConfiguration` naming the first duration that is negative or not a finite number.
   */
  recordIndexTimes(ms: ArrayLike<number>): void {
    checkDurations(ms);
    for (let i = 0; i < ms.length; i++) this.recordIndexTime(ms[i]!);
  }

  /**
   * Calls `fn`, records the time as a query's, and returns what `fn` returned; of a promise, the time until it is
   * fulfilled. A call that throws or rejects is not recorded, since failures are often instant and would flatter the
   * figures; the error passes through.
   */
  timeQuery<T>(fn: () => PromiseLike<T>): Promise<T>;
  timeQuery<T>(fn: () => T): T;
  timeQuery<T>(fn: () => T | PromiseLike<T>): T | Promise<T> {
    return time(fn, this.startQueryTimer());
  }

  /** As `timeQuery`, for the indexing of one vector. */
  timeIndex<T>(fn: () => PromiseLike<T>): Promise<T>;
  timeIndex<T>(fn: () => T): T;
  timeIndex<T>(fn: () => T | PromiseLike<T>): T | Promise<T> {
    return time(fn, this.startIndexTimer());
  }

  /** Starts a timer that records a query when it is stopped or disposed of. */
  startQueryTimer(): PerformanceTimer {
    return new PerformanceTimer(this.#clock, (elapsedMs) => this.recordQueryTime(elapsedMs));
  }

  /** Starts a timer that records an indexed vector when it is stopped or disposed of. */
  startIndexTimer(): PerformanceTimer {
    return new PerformanceTimer(this.#clock, (elapsedMs) => this.recordIndexTime(elapsedMs));
  }

  /**
   * Records all of `times` as index times.
   *
   * @internal
   */
  mergeIndexTimes(times: TimeDistribution): void {
    this.#indexes.merge(times);
    for (const follower of this.#followers) follower.mergeIndexTimes(times);
  }

  /**
   * Records `count` vectors that were indexed in `elapsedMs` together; of none, nothing.
   *
   * @internal
   */
  recordIndexGroup(elapsedMs: number, count: number): void {
    this.#indexes.recordGroup(elapsedMs, count);
    for (const follower of this.#followers) follower.recordIndexGroup(elapsedMs, count);
  }

  /**
   * Gives up all records, and with them their figures; a window of time ends so.
   *
   * @internal
   */
  take(): { readonly stats: PerformanceStats; readonly queries: TimeDistribution; readonly indexes: TimeDistribution } {
    const taken = { stats: this.getStats(), queries: this.#queries, indexes: this.#indexes };
    this.#queries = new TimeDistribution();
    this.#indexes = new TimeDistribution();
    this.#startedAtMs = this.#clock();
    return taken;
  }

  /**
   * Mean time of indexing a vector, in milliseconds; undefined before the first. For those who ask before every run: all figures take longer.
   *
   * @internal
   */
  get meanIndexTimeMs(): number | undefined {
    return this.#indexes.count > 0 ? this.#indexes.meanMs : undefined;
  }

  /** All figures, now. */
  getStats(): PerformanceStats {
    const uptimeMs = elapsedSince(this.#startedAtMs, this.#clock);
    return performanceStats(this.#queries.summary(), this.#indexes.summary(), uptimeMs);
  }

  /**
   * All that was ever recorded, whatever was reset: for counters that must not go back.
   *
   * @internal
   */
  lifetime(): { readonly queries: TimeDistribution; readonly indexes: TimeDistribution } {
    return {
      queries: merged(this.#earlierQueries, this.#queries),
      indexes: merged(this.#earlierIndexes, this.#indexes),
    };
  }

  /**
   * Takes all records out of the figures and starts the uptime anew. Other monitors keep theirs. Counters exported to
   * Prometheus or OpenTelemetry (`simdex/metrics`) go on counting.
   */
  reset(): void {
    this.#earlierQueries.merge(this.#queries);
    this.#earlierIndexes.merge(this.#indexes);
    this.#queries = new TimeDistribution();
    this.#indexes = new TimeDistribution();
    this.#startedAtMs = this.#clock();
  }
}

function merged(...parts: readonly TimeDistribution[]): TimeDistribution {
  const all = new TimeDistribution();
  for (const part of parts) all.merge(part);
  return all;
}

function checkDurations(ms: ArrayLike<number>): void {
  for (let i = 0; i < ms.length; i++) checkDuration(`ms[${i}]`, ms[i]!);
}

function time<T>(fn: () => T | PromiseLike<T>, timer: PerformanceTimer): T | Promise<T> {
  const result = fn();
  if (!isPromiseLike(result)) {
    timer.stop();
    return result;
  }
  return Promise.resolve(result).then((value) => {
    timer.stop();
    return value;
  });
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** A clock that does not run backwards, in milliseconds from any origin. */
export type Clock = () => number;

/** The platform's finest clock: `performance.now()`. */
export const systemClock: Clock = () => performance.now();

/** Time from `startedAtMs` until now; 0 where an injected clock was set back, as no duration is negative. */
function elapsedSince(startedAtMs: number, clock: Clock): number {
  return Math.max(0, clock() - startedAtMs);
}

/** A running stopwatch that records what it measured once: at `stop()` or, declared with `using`, at the end of its block. */
export class PerformanceTimer implements Disposable {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #record: (elapsedMs: number) => void;
  #elapsedMs: number | undefined;

  /** Starts at once; `record` gets the time, in milliseconds. */
  constructor(clock: Clock, record: (elapsedMs: number) => void) {
    this.#clock = clock;
    this.#record = record;
    this.#startedAtMs = clock();
  }

  /** Records the time since the start and returns it, in milliseconds. Later calls return it again and record nothing. */
  stop(): number {
    if (this.#elapsedMs === undefined) {
      this.#elapsedMs = elapsedSince(this.#startedAtMs, this.#clock);
      this.#record(this.#elapsedMs);
    }
    return this.#elapsedMs;
  }

  /** `stop()`, for `using`. */
  [disposeSymbol](): void {
    this.stop();
  }
}
