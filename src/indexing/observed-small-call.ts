/**
 * A small call that the monitors of an indexer observe. What it did is recorded at once, in a few additions. Its report is
 * computed when it is first read.
 */
import { IndexingPerformanceReport } from '../reporting/report.js';
import { summarizeRun } from '../reporting/summarize-run.js';
import { MEANINGFUL_TICKS } from '../reporting/thread-balance.js';
import { type MeasuredRecords, RunMeasurement } from './measuring/measured-run.js';
import type { Observation } from './observed-run.js';
import type { ReportMaker, ResultInput } from './result/indexing-result.js';
import type { SmallCall } from './small-call.js';

const THREAD = 0;

export function recordSmall(small: SmallCall, { monitor, batchSizes, realTime, clockTickMs }: Observation): void {
  const { indexedCount, totalTimeMs, count } = small;
  monitor.recordThreadGroup(THREAD, totalTimeMs, indexedCount);
  batchSizes.add(small.batchSize, totalTimeMs > 0 ? (1000 * indexedCount) / totalTimeMs : 0);
  const timesResolved = totalTimeMs >= MEANINGFUL_TICKS * clockTickMs;
  realTime?.recordSmallRun(indexedCount, count - indexedCount, small.startedAtMs, totalTimeMs, timesResolved);
}

/** What its records tell. */
export function measureSmall(
  small: SmallCall,
  { backend, clockTickMs, batchSizes, optimizer }: Observation,
): MeasuredRecords {
  const { records } = small;
  const measurement = new RunMeasurement(records, { ...backend()!, threads: 1 }, clockTickMs, () => undefined);
  measurement.finishNow(records.totalTimeMs);
  return { ...measurement.measured(records, batchSizes.upTo()), optimizations: optimizer?.optimizations };
}

/** Makes the reports of small calls, each when it is first read. */
export class SmallCallReports implements ReportMaker {
  readonly #observation: Observation;

  constructor(observation: Observation) {
    this.#observation = observation;
  }

  report(small: ResultInput | SmallCall): IndexingPerformanceReport {
    const measured = measureSmall(small as SmallCall, this.#observation);
    return new IndexingPerformanceReport(summarizeRun(measured, this.#observation.config));
  }
}
