/**
 * What a RealTimeMonitor tells, as a union on `type`. Times in milliseconds, ratios 0..1 unless said otherwise.
 */
import type { PerformanceStats } from './performance-stats.js';
import type { IndexingProgress } from './run-progress.js';

/** `Report` is what the indexer reports of a run. */
export type MonitorUpdate<Report = unknown> =
  | ProgressUpdate
  | MetricUpdate
  | AlertUpdate
  | DegradationUpdate
  | ReportUpdate<Report>;

/** How far a run is. Within a run `processed` never goes back. */
export interface ProgressUpdate extends IndexingProgress {
  /** Number of the run, from 1 on, in order of start; of small runs, which are told together, that of the last. */
  readonly run: number;
  /** Whether the run has ended; then these are the figures of its result, and no update of the run follows. */
  readonly last: boolean;
}

/** What was recorded in a window, the time between two updates. */
export interface MetricUpdate {
  readonly type: 'metric';
  /** Since the last update; `uptimeMs` is the length of that window. */
  readonly stats: PerformanceStats;
  /** Since the monitor was made or last reset. */
  readonly lifetime: PerformanceStats;
}

/** How bad what an alert tells is. */
export type AlertSeverity = 'info' | 'warning' | 'critical';

export const alertRules = [
  'meanQueryTime',
  'meanIndexTime',
  'p99QueryTime',
  'p99IndexTime',
  'queryTimeVariation',
  'indexTimeVariation',
  'throughput',
] as const;
/** What an alert watches. */
export type AlertRule = (typeof alertRules)[number];

/** A rule has held for three seconds, or ceased to hold: raised and cleared in turn, once each. */
export interface AlertUpdate {
  readonly type: 'alert';
  readonly state: 'raised' | 'cleared';
  readonly severity: AlertSeverity;
  readonly rule: AlertRule;
  readonly message: string;
  /** What was measured, in the unit of the threshold. */
  readonly value: number;
  readonly threshold: number;
}

export const degradationFigures = ['avgQueryTimeMs', 'avgIndexTimeMs', 'vectorsPerSecond'] as const;

/** Ten seconds are worse than the ten before by more than the threshold, for three seconds now; told once. */
export interface DegradationUpdate {
  readonly type: 'degradation';
  readonly figure: (typeof degradationFigures)[number];
  readonly message: string;
  readonly before: number;
  readonly after: number;
  /** Share by which it is worse: 0.5 for half as long again, or for half the throughput. */
  readonly change: number;
  readonly threshold: number;
}

/** A run so far, at every `reportingIntervalMs` while it lasts. */
export interface ReportUpdate<Report = unknown> {
  readonly type: 'report';
  readonly run: number;
  /** Figures of the run so far. */
  readonly report: Report;
  /** Since the last report; `uptimeMs` is the time since then. */
  readonly stats: PerformanceStats;
  /** Since the monitor was made or last reset. */
  readonly lifetime: PerformanceStats;
}
