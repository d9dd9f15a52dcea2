/**
 * The calls that the monitors of an indexer observe. What a run does is recorded in them, told in real time, and measured for its report. What a
 * small call did is recorded at once, in a few additions. Reports are computed when they are first read.
 */

import type { Backend } from '../engine/engine-core.js';
import type { RealTimeMonitor } from '../monitoring/real-time-monitor.js';
import type { WatchedRun } from '../monitoring/run-progress.js';
import type { SharedPerformanceMonitor } from '../monitoring/shared-performance-monitor.js';
import { IndexingPerformanceReport } from '../reporting/report.js';
import type { BatchSizeSample } from '../reporting/report-data.js';
import { summarizeRun } from '../reporting/summarize-run.js';
import { MEANINGFUL_TICKS } from '../reporting/thread-balance.js';
import { type MeasuredRecords, RunMeasurement } from './measuring/measured-run.js';
import type { IndexerMonitoringConfig } from './monitoring-config.js';
import type { ReportMaker, ResultInput } from './result/indexing-result.js';
import { countIndexed, type LiveRun, type RunObserver, type RunRecords } from './run-records.js';
import type { SmallCall } from './small-call.js';
import type { AutoOptimizer, TunedRun } from './tuning/auto-optimizer.js';

/** The facts and parts that the runs of an indexer share. */
export interface Observation {
  readonly config: IndexerMonitoringConfig;
  /** Whether the calls are timed, by the configuration. */
  readonly timed: boolean;
  readonly monitor: SharedPerformanceMonitor;
  readonly realTime: RealTimeMonitor<IndexingPerformanceReport> | undefined;
  readonly clockTickMs: number;
  /** Backend of the engine, once it is known. */
  backend(): Backend | undefined;
  /** Sizes and throughputs of the runs so far, this one's added when it ends. */
  readonly batchSizes: BatchSizeHistory;
  maxBatchSize(total: number): number;
  /** Tuner of the runs; undefined without `autoOptimization`. */
  readonly optimizer: AutoOptimizer | undefined;
}

export class ObservedRun implements RunObserver {
  readonly timed: boolean;
  readonly clockTickMs: number;
  /** Set only where there is a tuner: runs with settings of their own are not done together with others. */
  readonly settingFor?: NonNullable<RunObserver['settingFor']>;
  readonly #observation: Observation;
  #number: number | undefined;
  #measurement: RunMeasurement | undefined;
  #ended: { readonly records: RunRecords; readonly measurement: RunMeasurement; readonly number: number } | undefined;
  #measured: MeasuredRecords | undefined;
  #tuned: TunedRun | undefined;
  #stopTuning: (() => void) | undefined;

  constructor(observation: Observation) {
    this.#observation = observation;
    this.timed = observation.timed;
    this.clockTickMs = observation.clockTickMs;
    const { optimizer } = observation;
    if (!optimizer) return;
    this.settingFor = (groups, operation, given) => {
      this.#tuned = optimizer.plan(groups, operation, given);
      return this.#tuned.setting;
    };
  }

  /** Records of a run that has ended. They are computed when they are first asked for. */
  get measured(): MeasuredRecords {
    const { batchSizes, optimizer } = this.#observation;
    const ended = this.#ended;
    if (!ended) throw new Error('a run ended without records');
    this.#measured ??= {
      ...ended.measurement.measured(ended.records, batchSizes.upTo(ended.number)),
      optimizations: optimizer?.optimizations,
    };
    return this.#measured;
  }

  get totalTimeMs(): number {
    return this.#ended?.records.totalTimeMs ?? 0;
  }

  report(): IndexingPerformanceReport {
    return new IndexingPerformanceReport(summarizeRun(this.measured, this.#observation.config));
  }

  maxBatchSize(total: number): number {
    return this.#observation.maxBatchSize(total);
  }

  onBegin(run: LiveRun, backend: Backend): void {
    if (this.#tuned) {
      const { control, conditions } = run.records;
      this.#stopTuning = this.#observation.optimizer?.watch(this.#tuned, control, conditions.availableThreads);
    }
    this.#number = this.#observation.realTime?.beginRun(this.#watched(run, backend));
  }

  /** Takes in the records of a run, also of one that failed: what was done counts. */
  async onRecords(records: RunRecords, backend: Backend): Promise<void> {
    const { batchSizes, realTime, optimizer } = this.#observation;
    this.#stopTuning?.();
    try {
      const measurement = this.#measurementOf(records, backend);
      await measurement.finish(records.totalTimeMs);
      const { batchSize, vectorsPerSecond } = sampleOf(records);
      this.#ended = { records, measurement, number: batchSizes.add(batchSize, vectorsPerSecond) };
      // A run that failed or was aborted tells nothing of its setting.
      if (this.#tuned && optimizer && this.measured.batchCount === records.control.batchCount) {
        optimizer.learnFrom(this.#tuned, this.measured, records.conditions.availableThreads);
        // The changes that the tuner made are part of the report, so it is computed anew.
        this.#measured = undefined;
      }
    } finally {
      if (this.#number !== undefined) realTime?.endRun(this.#number);
    }
  }

  /** The measurement of the run, made when it is first needed. For a run that nobody looks at meanwhile, that is at its end. */
  #measurementOf(records: RunRecords, backend: Backend): RunMeasurement {
    const { monitor, clockTickMs } = this.#observation;
    this.#measurement ??= new RunMeasurement(records, backend, clockTickMs, (threadId, times) =>
      monitor.mergeThreadIndexTimes(threadId, times),
    );
    return this.#measurement;
  }

  /** The run as the real-time monitor sees it. */
  #watched(run: LiveRun, backend: Backend): WatchedRun<IndexingPerformanceReport> {
    const { config, clockTickMs, batchSizes, optimizer } = this.#observation;
    const measurement = () => this.#measurementOf(run.records, backend);
    return {
      work: run.work,
      progress: () => run.progress(),
      takeIn: () => measurement().takeIn(),
      timesResolved: () => measurement().meanGroupMs >= MEANINGFUL_TICKS * clockTickMs,
      report: () => {
        const { records } = run;
        const measured = measurement().measured(records, [...batchSizes.upTo(), sampleOf(records)]);
        const optimizations = optimizer?.optimizations;
        return new IndexingPerformanceReport(summarizeRun({ ...measured, optimizations }, config));
      },
    };
  }
}

function sampleOf(records: RunRecords): BatchSizeSample {
  const { batchSize, totalTimeMs, waitedMs } = records;
  const runMs = totalTimeMs - waitedMs;
  return { batchSize, vectorsPerSecond: runMs > 0 ? (1000 * countIndexed(records)) / runMs : 0 };
}

/** Small calls are done on the calling thread, as thread 0. */
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

/** Number of runs that are kept. */
const MOST_RUNS = 100;

/** Sizes and throughputs of the last runs of an indexer, in the order in which they ended. */
export class BatchSizeHistory {
  readonly #sizes = new Float64Array(MOST_RUNS);
  readonly #rates = new Float64Array(MOST_RUNS);
  #count = 0;

  /** Adds a run; gives its number. */
  add(batchSize: number, vectorsPerSecond: number): number {
    const at = this.#count % MOST_RUNS;
    this.#sizes[at] = batchSize;
    this.#rates[at] = vectorsPerSecond;
    return this.#count++;
  }

  /** Samples of the runs up to and including a number, as far as they are kept; by default of all runs. */
  upTo(number = this.#count - 1): BatchSizeSample[] {
    const first = Math.max(0, this.#count - MOST_RUNS);
    return Array.from({ length: Math.max(0, number + 1 - first) }, (_, i) => {
      const at = (first + i) % MOST_RUNS;
      return { batchSize: this.#sizes[at]!, vectorsPerSecond: this.#rates[at]! };
    });
  }
}
