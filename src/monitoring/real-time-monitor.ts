/**
 * Tells every 100 ms, while it is started, how runs go and what was recorded: to listeners by type, and to any number of
 * readers of `updates()`.
 *
 * Every record is in exactly one window: the windows from start to stop add up to what was recorded in between. Its timer
 * keeps neither a process nor a page alive, and no listener or reader can hold up a run, fail it or make memory grow.
 */
import { invalidConfiguration, refuseUnknown } from '../errors.js';
import { judgeAlerts, type RaisedAlerts } from './alerts.js';
import { type DegradationBaseline, judgeDegradation } from './degradation.js';
import { checkThresholds, type MonitorThresholds, type ThresholdOptions } from './monitor-thresholds.js';
import type { AlertRule, AlertUpdate, MonitorUpdate, ProgressUpdate, ReportUpdate } from './monitor-update.js';
import { PerformanceMonitor } from './performance-monitor.js';
import { type Clock, systemClock } from './performance-timer.js';
import { RunThroughput } from './run-throughput.js';
import { UpdateChannel } from './update-channel.js';
import { type UpdateListener, UpdateListeners, type UpdateType } from './update-listeners.js';
import type { WatchedRun } from './watched-run.js';

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
export const DEFAULT_REPORTING_INTERVAL_MS = 30_000;

interface RunUnderWay<Report> {
  readonly watched: WatchedRun<Report>;
  processed: number;
  seenAtMs: number;
  reportedAtMs: number;
}

/** What of a window is not recorded in a performance monitor. */
interface WindowWork {
  readonly kinds: Set<string | undefined>;
  timesResolved: boolean;
}

/** Tells every 100 ms, while it is started, how runs go and what was recorded: to listeners, and to readers of `updates()`. */
export class RealTimeMonitor<Report = unknown> {
  readonly #monitor: PerformanceMonitor;
  readonly #clock: Clock;
  readonly #reportingIntervalMs: number;
  readonly #listeners: UpdateListeners<Report>;
  readonly #channels = new Set<UpdateChannel<Report>>();
  readonly #runs = new Map<number, RunUnderWay<Report>>();
  /** Updates on their way out, so that they go out in order also when a listener stops the monitor. */
  readonly #outbox: (MonitorUpdate<Report> | 'end')[] = [];
  #delivering = false;
  #ticking = false;
  #thresholds: Readonly<MonitorThresholds>;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Records since the last update and since the last report; undefined until the first window is open. */
  #windows: { readonly update: PerformanceMonitor; readonly report: PerformanceMonitor } | undefined;
  #throughput = new RunThroughput();
  #work: WindowWork = noWork();
  #raised: RaisedAlerts = new Map();
  /** The updates that raised what is raised, for those who begin to read later. */
  readonly #alertsRaised = new Map<AlertRule, AlertUpdate>();
  #baseline: DegradationBaseline = {};
  #runsStarted = 0;

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
    this.#listeners = new UpdateListeners(options.onListenerError ?? writeToConsole);
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
    this.#deliver([...last, 'end']);
  }

  /**
   * All updates from this call on, until `stop`, for one reader, and before them the alerts that are raised now. The reader
   * need not keep up: of what is not read yet a newer progress of the same run, metric or report takes the place of an older
   * one; alerts, degradations and the last progress of each run are kept, and 1,000 updates in all.
   */
  updates(): AsyncIterableIterator<MonitorUpdate<Report>> {
    const channel = new UpdateChannel<Report>((returned) => this.#channels.delete(returned));
    for (const alert of this.#alertsRaised.values()) channel.push(alert);
    this.#channels.add(channel);
    return channel;
  }

  /**
   * Calls `listener` with every update of that type, until `off`. A listener that throws, or whose promise rejects, is taken
   * off and its error told once, to `onListenerError`; of an indexer's monitor to its logger.
   *
   * @throws IndexingError `InvalidConfiguration` for an unknown type, or a listener that is no function.
   */
  on<Type extends UpdateType>(type: Type, listener: UpdateListener<Type, Report>): this {
    this.#listeners.add(type, listener);
    return this;
  }

  /** Takes a listener off again. */
  off<Type extends UpdateType>(type: Type, listener: UpdateListener<Type, Report>): this {
    this.#listeners.remove(type, listener);
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
    if (this.#timer !== undefined) this.#deliver([this.#progressOf(number, run, true)]);
  }

  async #tick(timer: unknown): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    await this.#takeIn();
    this.#ticking = false;
    if (this.#timer === timer) this.#deliver(this.#collect());
  }

  async #takeIn(): Promise<void> {
    // A failure to take a run in fails that run, which tells it.
    await Promise.allSettled([...this.#runs.values()].map(({ watched }) => watched.takeIn()));
  }

  /** The updates of the window that ends now. */
  #collect(): MonitorUpdate<Report>[] {
    const windows = this.#windows;
    if (!windows) return [];
    const progress = [...this.#runs].map(([number, run]) => this.#progressOf(number, run, false));
    const stats = windows.update.getStats();
    windows.update.reset();
    const window = {
      stats,
      vectorsPerSecond: this.#throughput.take(this.#runs.size === 0),
      work: workOf(this.#work),
      indexTimesResolved: this.#work.timesResolved,
    };
    this.#work = noWork();
    const judged = judgeAlerts(this.#raised, window, this.#thresholds, this.#clock());
    const compared = judgeDegradation(this.#baseline, window, this.#thresholds.degradation);
    this.#raised = judged.raised;
    this.#baseline = compared.baseline;
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
    this.#throughput.add(progress.processed - run.processed, Math.max(0, now - run.seenAtMs));
    this.#work.kinds.add(run.watched.work);
    this.#work.timesResolved &&= run.watched.timesResolved();
    run.processed = progress.processed;
    run.seenAtMs = now;
    return { ...progress, run: number, last };
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
    this.#throughput = new RunThroughput();
    this.#work = noWork();
    for (const run of this.#runs.values()) {
      run.processed = run.watched.progress().processed;
      run.seenAtMs = this.#clock();
    }
  }

  #closeWindows(): void {
    for (const window of Object.values(this.#windows ?? {})) this.#monitor.removeFollower(window);
    this.#windows = undefined;
  }

  #deliver(updates: readonly (MonitorUpdate<Report> | 'end')[]): void {
    this.#outbox.push(...updates);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
        if (next === 'end') {
          for (const channel of this.#channels) channel.end();
          this.#channels.clear();
        } else {
          if (next.type === 'alert') this.#remember(next);
          for (const channel of this.#channels) channel.push(next);
          this.#listeners.call(next);
        }
      }
    } finally {
      this.#delivering = false;
    }
  }

  #remember(alert: AlertUpdate): void {
    if (alert.state === 'raised') this.#alertsRaised.set(alert.rule, alert);
    else this.#alertsRaised.delete(alert.rule);
  }
}

function noWork(): WindowWork {
  return { kinds: new Set(), timesResolved: true };
}

/** What is recorded without a run is one kind of work as well. */
function workOf({ kinds }: WindowWork): string | undefined {
  const [kind] = kinds;
  if (kinds.size === 0) return 'none';
  return kinds.size === 1 ? kind : undefined;
}

/** @throws IndexingError `InvalidConfiguration` naming `name`, unless a positive number of milliseconds. */
export function checkReportingInterval(name: string, intervalMs: number): number {
  if (!(typeof intervalMs === 'number' && Number.isFinite(intervalMs) && intervalMs > 0)) {
    throw invalidConfiguration(name, 'a positive number of milliseconds', intervalMs);
  }
  return intervalMs;
}

function writeToConsole(error: unknown): void {
  console.error('A listener of a RealTimeMonitor failed and was taken off:', error);
}
