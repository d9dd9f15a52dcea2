/**
 * Time between two interim reports of a run, in milliseconds.
 */
import { invalidConfiguration } from '../base/errors.js';

export const DEFAULT_REPORTING_INTERVAL_MS = 30_000;

/** @throws IndexingError `InvalidConfiguration` naming `name`, unless a positive number of milliseconds. */
export function checkReportingInterval(name: string, intervalMs: number): number {
  if (!(typeof intervalMs === 'number' && Number.isFinite(intervalMs) && intervalMs > 0)) {
    throw invalidConfiguration(name, 'a positive number of milliseconds', intervalMs);
  }
  return intervalMs;
}
