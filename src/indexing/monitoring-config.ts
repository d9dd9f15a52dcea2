/**
 * What a MonitoredParallelIndexer watches. The configuration is checked here, once.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { checkReportingInterval, DEFAULT_REPORTING_INTERVAL_MS } from '../monitoring/monitor-thresholds.js';
import type { ReportParts } from '../reporting/summarize-run.js';

/** Which measurements are made, and what follows from them. */
export interface IndexerMonitoringConfig extends ReportParts {
  /** One monitor per thread, per-thread rows in reports. Default true. */
  readonly enablePerThreadMonitoring: boolean;
  /** History of batch sizes and their throughput; the latency recommendations. Default true. */
  readonly batchSizeMonitoring: boolean;
  /** Batches not yet claimed over the run: max, mean, time series. Default true. */
  readonly queueDepthMonitoring: boolean;
  /** Busy time / wall time of each thread. Default true. */
  readonly threadUtilizationMonitoring: boolean;
  /** Lets `enableRealTimeMonitoring()` start a monitor. Default true. */
  readonly enableRealTimeUpdates: boolean;
  /**
   * Lets a tuner change the number of threads and the size of batches where that helps; a `batchSize` that is given is then
   * where it begins. What it did is in `report.optimizations`. Default false.
   */
  readonly autoOptimization: boolean;
  /** Time between two interim reports of a run, in milliseconds, which the real-time monitor tells. Default 30,000. */
  readonly reportingIntervalMs: number;
}

const DEFAULTS: IndexerMonitoringConfig = {
  enablePerThreadMonitoring: true,
  batchSizeMonitoring: true,
  queueDepthMonitoring: true,
  threadUtilizationMonitoring: true,
  enableRealTimeUpdates: true,
  autoOptimization: false,
  reportingIntervalMs: DEFAULT_REPORTING_INTERVAL_MS,
};

/** @throws {IndexingError} `InvalidConfiguration` naming the field. */
export function checkMonitoringConfig(config: Partial<IndexerMonitoringConfig>): Readonly<IndexerMonitoringConfig> {
  refuseUnknown('config', config, new Set(Object.keys(DEFAULTS)));
  const { reportingIntervalMs, ...flags } = config;
  for (const [field, value] of Object.entries(flags)) {
    if (value !== undefined && typeof value !== 'boolean') {
      throw invalidConfiguration(`config.${field}`, 'true or false', value);
    }
  }
  if (reportingIntervalMs !== undefined) checkReportingInterval('config.reportingIntervalMs', reportingIntervalMs);
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
  return Object.freeze({ ...DEFAULTS, ...given });
}

/** Whether runs are timed: with every flag off no clock is read but at the start and the end of a run. */
export function isTimed(config: IndexerMonitoringConfig): boolean {
  return Object.values(config).includes(true);
}
