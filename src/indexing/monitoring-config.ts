/**
 * What a MonitoredParallelIndexer watches, checked once at the edge.
 */
import { invalidConfiguration, refuseUnknown } from '../errors.js';
import type { ReportParts } from '../reporting/summarize-run.js';

export interface IndexerMonitoringConfig extends ReportParts {
  /** One monitor per thread, per-thread rows in reports. Default true. */
  readonly enablePerThreadMonitoring: boolean;
  /** History of batch sizes and their throughput; the latency recommendations. Default true. */
  readonly batchSizeMonitoring: boolean;
  /** Batches not yet claimed over the run: max, mean, time series. Default true. */
  readonly queueDepthMonitoring: boolean;
  /** Busy time / wall time of each thread. Default true. */
  readonly threadUtilizationMonitoring: boolean;
}

const DEFAULTS: IndexerMonitoringConfig = {
  enablePerThreadMonitoring: true,
  batchSizeMonitoring: true,
  queueDepthMonitoring: true,
  threadUtilizationMonitoring: true,
};

/** @throws {IndexingError} `InvalidConfiguration` naming the field. */
export function checkMonitoringConfig(config: Partial<IndexerMonitoringConfig>): Readonly<IndexerMonitoringConfig> {
  refuseUnknown('config', config, new Set(Object.keys(DEFAULTS)));
  for (const [field, value] of Object.entries(config)) {
    if (value !== undefined && typeof value !== 'boolean') {
      throw invalidConfiguration(`config.${field}`, 'true or false', value);
    }
  }
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
  return Object.freeze({ ...DEFAULTS, ...given });
}
