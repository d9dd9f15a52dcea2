/**
 * While it is started, it tells every 100 ms how runs go and what was recorded: to listeners by type, and to any number of
 * readers of `updates()`.
 *
 * Every record is in exactly one window: the windows from start to stop add up to everything that was recorded in between. The
 * timer does not keep a process or a page alive. No listener or reader can delay a run, fail it or make memory grow.
 */
import { refuseUnknown } from '../base/errors.js';
import { type HeldRules, judgeAlerts } from './alerts.js';
import { judgeDegradation, type WorseFigures } from './degradation.js';
import {
  checkReportingInterval,
  checkThresholds,
  DEFAULT_REPORTING_INTERVAL_MS,
  type MonitorThresholds,
  type ThresholdOptions,
} from './monitor-thresholds.js';
import type { MonitorUpdate, ProgressUpdate, ReportUpdate } from './monitor-update.js';
import { type Clock, PerformanceMonitor, systemClock } from './performance-monitor.js';
import { RecentWork } from './recent-work.js';
import type { WatchedRun } from './run-progress.js';
import { SmallRuns } from './small-runs.js';
import { UpdateDelivery } from './update-delivery.js';
import type { UpdateListener, UpdateType } from './update-listeners.js';

/** What a real-time monitor is made with. */
export interface RealTimeMonitorOptions {
  /** What differs from the defaults; see {@link MonitorThresholds}. */
  readonly thresholds?: ThresholdOptions | undefined;
  /** Time between two interim reports of a run, in milliseconds. Default 30,000. */
  readonly reportingIntervalMs?: number | undefined;
  /** Gets what a listener threw or rejected with; by default it is written to the console. */
  readonly onListenerError?: ((error: unknown) => void) | undefined;
  /** Milliseconds from any origin. Default `performance.now()`. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = new Set(['thresholds', 'reportingIntervalMs', 'onListenerError', 'clock']);
const UPDATE_INTERVAL_MS = 100;

interface RunUnderWay<Report> {
  readonly watched: WatchedRun<Report>;
  processed: number;
  seenAtMs: number;
  reportedAtMs: number;
}

/**
 * Tells every 100 ms, while it is started, how runs go and what was recorded: to listeners, and to readers of `updates()`.
 *
 * @example
 * ```js
 * import { PerformanceMonitor, RealTimeMonitor } from 'simdex';
 *
 * const monitor = new PerformanceMonitor();
 * const realTime = new RealTimeMonitor(monitor, { thresholds: { meanQueryTimeMs: 50 } });
 * realTime.on('metric', ({ stats }) => console.log(stats.totalQueries));
 * realTime.start();
 * monitor.recordQueryTime(3);
 * realTime.stop();
 * ```
 */
export class RealTimeMonitor<Report = unknown> {
  readonly #monitor: PerformanceMonitor;
  readonly #clock: Clock;
  readonly #reportingIntervalMs: number;
  readonly #delivery: UpdateDelivery<Report>;
  readonly #runs = new Map<number, RunUnderWay<Report>>();
  readonly #smallRuns = new SmallRuns();
  #ticking = false;
  #thresholds: Readonly<MonitorThresholds>;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Records since the last update and since the last report; undefined until the first window is open. */
  #windows: { readonly update: PerformanceMonitor; readonly report: PerformanceMonitor } | undefined;
  #recent = new RecentWork();
  #held: HeldRules = new Map();
  #worse: WorseFigures = new Map();
  #runsStarted = 0;
  #lastSmallRun = 0;

  /**
   * @param monitor whose records are told; an indexer gives its own to the one it makes
   * @throws IndexingError `InvalidConfiguration` naming the option or threshold.
   */
  constructor(monitor: PerformanceMonitor, options: RealTimeMonitorOptions = {}) {
    refuseUnknown('options', options, OPTIONS);
    this.#monitor = monitor;
    this.#clock = options.clock ?? systemClock;
    this.#reportingIntervalMs = checkReportingInterval(
      'reportingIntervalMs',
      options.reportingIntervalMs ?? DEFAULT_REPORTING_INTERVAL_MS,
    );
    this.#thresholds = checkThresholds(options.thresholds ?? {});
    this.#delivery = new UpdateDelivery(options.onListenerError ?? writeToConsole);
  }

  get thresholds(): Readonly<MonitorThresholds> {
    return this.#thresholds;
  }

  /**
   * Sets the thresholds that are given, from the next window on.
   *
   * @throws IndexingError `InvalidConfiguration` for one that is unknown, negative or not a number; then none is set.
   */
  setThresholds(thresholds: ThresholdOptions): void {
    this.#thresholds = checkThresholds(thresholds, this.#thresholds);
  }

  /** Begins the first window, and an update every 100 ms. Once started it does nothing. */
  start(): void {
    if (this.#timer !== undefined) return;
    const timer = setInterval(() => this.#tick(timer), UPDATE_INTERVAL_MS);
    // A process ends, if there is nothing else to do; a number, in pages, needs nothing.
    if (typeof timer === 'object') timer.unref();
    this.#timer = timer;
    // What runs did before the start is no part of the first window.
    if (this.#runs.size === 0) this.#openWindows();
    else this.#takeIn().then(() => this.#timer === timer && this.#openWindows());
  }

  /**
   * Ends with an update of what came since the last one; iterations over `updates()` end after it. What is raised stays
   * raised, should it be started again. Unless started it does nothing.
   */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const last = this.#collect();
    this.#closeWindows();
    this.#delivery.end(last);
  }

  /**
   * All updates from this call on, until `stop`, for one reader, and before them the alerts that are raised now. The reader
   * need not keep up: of what is not read yet a newer progress of the same run, metric or report takes the place of an older
   * one; alerts, degradations and the last progress of each run are kept, and 1,000 updates in all.
   */
  updates(): AsyncIterableIterator<MonitorUpdate<Report>> {
    return this.#delivery.open();
  }

  /**
   * Calls `listener` with every update of that type, until `off`. A listener that throws, or whose promise rejects, is taken
   * off and its error told once, to `onListenerError`; of an indexer's monitor to its logger.
   *
   * @throws IndexingError `InvalidConfiguration` for an unknown type, or a listener that is no function.
   */
  on<Type extends UpdateType>(type: Type, listener: UpdateListener<Type, Report>): this {
    this.#delivery.listeners.add(type, listener);
    return this;
  }

  /** Takes a listener off again. */
  off<Type extends UpdateType>(type: Type, listener: UpdateListener<Type, Report>): this {
    this.#delivery.listeners.remove(type, listener);
    return this;
  }

  /** A run begins. Returns its number. @internal */
  beginRun(watched: WatchedRun<Report>): number {
    const now = this.#clock();
    this.#runs.set(++this.#runsStarted, { watched, processed: 0, seenAtMs: now, reportedAtMs: now });
    return this.#runsStarted;
  }

  /** A run has ended, and all of it was taken in. @internal */
  endRun(number: number): void {
    const run = this.#runs.get(number);
    if (!run) return;
    this.#runs.delete(number);
    if (this.#timer !== undefined) this.#delivery.deliver([this.#progressOf(number, run, true)]);
  }

  /**
   * A run that was done at once on the calling thread, its times being in the performance monitor already. All such runs
   * of a window are told together in one progress update, whose `run` is the number of the last of them.
   *
   * @param vectors indexed; `rejected` ones come on top
   * @param startedAtMs on any clock, the same for all such runs
   * @param timesResolved whether it lasted long enough, in steps of the clock, for the spread of such times to mean anything
   * @internal
   */
  recordSmallRun(
    vectors: number,
    rejected: number,
    startedAtMs: number,
    elapsedMs: number,
    timesResolved = true,
  ): void {
    this.#runsStarted++;
    this.#lastSmallRun = this.#runsStarted;
    // While nobody is told, nothing gathers.
    if (this.#timer !== undefined) this.#smallRuns.add(vectors + rejected, startedAtMs, elapsedMs, timesResolved);
  }

  async #tick(timer: unknown): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    await this.#takeIn();
    this.#ticking = false;
    if (this.#timer === timer) this.#delivery.deliver(this.#collect());
  }

  async #takeIn(): Promise<void> {
    // A failure to take a run in fails that run, which tells it.
    await Promise.allSettled([...this.#runs.values()].map(({ watched }) => watched.takeIn()));
  }

  /** The updates of the window that ends now. */
  #collect(): MonitorUpdate<Report>[] {
    const windows = this.#windows;
    if (!windows) return [];
    const progress = [
      ...this.#smallRunsProgress(),
      ...[...this.#runs].map(([number, run]) => this.#progressOf(number, run, false)),
    ];
    const { stats, ...records } = windows.update.take();
    const now = this.#clock();
    this.#recent.addRecords(records, now);
    const last = this.#recent.last(now);
    const judged = judgeAlerts(this.#held, last, this.#thresholds, now);
    const before = this.#recent.before(now);
    const compared = judgeDegradation(this.#worse, { before, last }, this.#thresholds.degradation, now);
    this.#held = judged.held;
    this.#worse = compared.worse;
    const lifetime = this.#monitor.getStats();
    return [
      ...progress,
      { type: 'metric', stats, lifetime },
      ...judged.alerts,
      ...compared.degradations,
      ...this.#dueReports(windows.report),
    ];
  }

  #progressOf(number: number, run: RunUnderWay<Report>, last: boolean): ProgressUpdate {
    const progress = run.watched.progress();
    const now = this.#clock();
    const elapsedMs = Math.max(0, now - run.seenAtMs);
    const { work } = run.watched;
    this.#recent.addRun(work, progress.processed - run.processed, elapsedMs, run.watched.timesResolved(), now);
    run.processed = progress.processed;
    run.seenAtMs = now;
    return { ...progress, run: number, last };
  }

  #smallRunsProgress(): ProgressUpdate[] {
    const small = this.#smallRuns.take();
    if (!small) return [];
    // What each of them did is not known here.
    const { progress, busyMs, timesResolved } = small;
    this.#recent.addRun(undefined, progress.processed, busyMs, timesResolved, this.#clock());
    return [{ ...progress, run: this.#lastSmallRun, last: true }];
  }

  #dueReports(sinceReport: PerformanceMonitor): ReportUpdate<Report>[] {
    const now = this.#clock();
    const due = [...this.#runs].filter(([, run]) => now - run.reportedAtMs >= this.#reportingIntervalMs);
    if (due.length === 0) return [];
    const stats = sinceReport.getStats();
    sinceReport.reset();
    const lifetime = this.#monitor.getStats();
    return due.map(([number, run]) => {
      run.reportedAtMs = now;
      return { type: 'report', run: number, report: run.watched.report(), stats, lifetime };
    });
  }

  #openWindows(): void {
    const update = new PerformanceMonitor(this.#clock);
    const report = new PerformanceMonitor(this.#clock);
    for (const window of [update, report]) this.#monitor.addFollower(window);
    this.#windows = { update, report };
    this.#recent = new RecentWork();
    this.#smallRuns.take();
    for (const run of this.#runs.values()) {
      run.processed = run.watched.progress().processed;
      run.seenAtMs = this.#clock();
    }
  }

  #closeWindows(): void {
    for (const window of Object.values(this.#windows ?? {})) this.#monitor.removeFollower(window);
    this.#windows = undefined;
  }
}

function writeToConsole(error: unknown): void {
  console.error('A listener of a RealTimeMonitor failed and was taken off:', error);
}
