/**
 * What indexing a part has measured, as plain data, and the report of the whole that is made of it. Times add up without rounding, so the
 * figures of the whole do not depend on how it was cut or in which order its parts are given.
 *
 * The parts count as runs of one stream: thread i of the whole has the sum of what thread i of every part has. What only a single run can
 * tell (its batches, curves, bottlenecks) is in the reports of the parts.
 */
import { ExactSum } from '../monitoring/exact-sum.js';
import { TimeDistribution, type TimeDistributionState } from '../monitoring/time-distribution.js';
import {
  count,
  type Field,
  figure,
  finiteNumber,
  listOf,
  objectOf,
  type ValueOf,
  wholeNumber,
} from '../reporting/fields.js';
import { backend, histogram, type IndexingPerformanceReportData, type RunSubject } from '../reporting/report-data.js';
import { type MeasuredRun, summarizeRun } from '../reporting/summarize-run.js';
import { MagnitudeSample } from './magnitude-sample.js';

const timeDistribution: Field<TimeDistributionState> = objectOf({
  histogram,
  sumMs: listOf(finiteNumber),
  squares: listOf(finiteNumber),
  minMs: figure,
  maxMs: figure,
});

/** The fields of a part's statistics, as they are read from its manifest. */
export const partStatistics = objectOf({
  totalTimeMs: figure,
  rejectedCount: count,
  /** Thread i at position i. */
  threads: listOf(objectOf({ busyMs: figure, indexTimes: timeDistribution })),
  /** Most rows in a batch. */
  batchSize: count,
  timingGroupSize: count,
  clockTickMs: figure,
  backend,
  magnitudes: listOf(objectOf({ level: wholeNumber(0, 64), histogram })),
});
export interface PartStatistics extends ValueOf<typeof partStatistics> {}

export function statisticsOf(run: MeasuredRun, magnitudes: MagnitudeSample): PartStatistics {
  const { totalTimeMs, rejectedCount, threads, batchSize, timingGroupSize, clockTickMs, backend } = run;
  return {
    totalTimeMs,
    rejectedCount,
    threads: threads.map(({ busyMs, indexTimes }) => ({ busyMs, indexTimes: indexTimes.state })),
    batchSize,
    timingGroupSize,
    clockTickMs,
    backend,
    magnitudes: magnitudes.levels,
  };
}

/** The statistics of parts added up, in memory that does not grow with their number. */
export class MergedStatistics {
  readonly #totalTimeMs = new ExactSum();
  readonly #threads: { readonly busyMs: ExactSum; readonly indexTimes: TimeDistribution }[] = [];
  readonly #magnitudes = new MagnitudeSample();
  #backend: PartStatistics['backend'] | undefined;
  #rejectedCount = 0;
  #batchSize = 0;
  #timingGroupSize = 0;
  #clockTickMs = 0;

  /** Takes in a part of so many rows. */
  add(part: PartStatistics, rows: number): void {
    this.#totalTimeMs.add(part.totalTimeMs);
    this.#rejectedCount += part.rejectedCount;
    this.#batchSize = Math.max(this.#batchSize, part.batchSize);
    this.#timingGroupSize = Math.max(this.#timingGroupSize, part.timingGroupSize);
    this.#clockTickMs = Math.max(this.#clockTickMs, part.clockTickMs);
    this.#magnitudes.merge(part.magnitudes, rows);
    const threads = Math.max(this.#backend?.threads ?? 0, part.backend.threads);
    this.#backend = { ...(this.#backend ?? part.backend), threads };
    for (const [i, { busyMs, indexTimes }] of part.threads.entries()) {
      this.#threads[i] ??= { busyMs: new ExactSum(), indexTimes: new TimeDistribution() };
      this.#threads[i].busyMs.add(busyMs);
      this.#threads[i].indexTimes.merge(TimeDistribution.of(indexTimes));
    }
  }

  /** The figures of all parts; undefined before the first. */
  report(subject: RunSubject): IndexingPerformanceReportData | undefined {
    if (!this.#backend) return undefined;
    const run: MeasuredRun = {
      totalTimeMs: this.#totalTimeMs.value,
      subject,
      rejectedCount: this.#rejectedCount,
      threads: this.#threads.map(({ busyMs, indexTimes }) => ({ busyMs: busyMs.value, indexTimes })),
      batchSize: this.#batchSize,
      timingGroupSize: this.#timingGroupSize,
      clockTickMs: this.#clockTickMs,
      backend: this.#backend,
      batchSizes: [],
      batches: [],
      completed: [],
      magnitudes: this.#magnitudes.all,
      copyIn: undefined,
      conditions: undefined,
      losses: undefined,
      batchCount: 0,
      optimizations: undefined,
      queueDepths: [],
    };
    return summarizeRun(run, {
      enablePerThreadMonitoring: true,
      batchSizeMonitoring: false,
      queueDepthMonitoring: false,
      threadUtilizationMonitoring: true,
    });
  }
}
