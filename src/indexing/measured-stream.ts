/**
 * The runs of a stream added up, in bounded memory however long it is.
 */
import { TimeDistribution } from '../monitoring/time-distribution.js';
import type { BatchSizeSample } from '../reporting/report-data.js';
import type { MeasuredRun, ThreadRun } from '../reporting/summarize-run.js';
import { DepthCurve, ThinnedList } from './thinning.js';

/** Points kept of a curve, at most. */
const MAX_POINTS = 8192;

export class StreamMeasurement {
  #last: MeasuredRun | undefined;
  #rejectedCount = 0;
  #batchSize = 0;
  #timingGroupSize = 0;
  readonly #threads: ThreadRun[] = [];
  readonly #batchSizes = new ThinnedList<BatchSizeSample>(MAX_POINTS);
  readonly #queueDepths = new DepthCurve(MAX_POINTS);

  /** @param atMs when the run began, after the start of the stream */
  add(run: MeasuredRun, atMs: number): void {
    this.#last = run;
    this.#rejectedCount += run.rejectedCount;
    this.#batchSize = Math.max(this.#batchSize, run.batchSize);
    this.#timingGroupSize = Math.max(this.#timingGroupSize, run.timingGroupSize);
    for (const [threadId, { busyMs, indexTimes }] of run.threads.entries()) {
      const { busyMs: sum, indexTimes: all } = this.#threads[threadId] ?? {
        busyMs: 0,
        indexTimes: new TimeDistribution(),
      };
      all.merge(indexTimes);
      this.#threads[threadId] = { busyMs: sum + busyMs, indexTimes: all };
    }
    const current = run.batchSizes.at(-1);
    if (current) this.#batchSizes.add(current);
    for (const { atMs: sinceRun, depth } of run.queueDepths) this.#queueDepths.add({ atMs: atMs + sinceRun, depth });
  }

  /** All runs as one of `totalTimeMs`; undefined before the first. */
  summary(totalTimeMs: number): MeasuredRun | undefined {
    return (
      this.#last && {
        totalTimeMs,
        rejectedCount: this.#rejectedCount,
        threads: this.#threads,
        batchSize: this.#batchSize,
        timingGroupSize: this.#timingGroupSize,
        clockTickMs: this.#last.clockTickMs,
        backend: this.#last.backend,
        batchSizes: this.#batchSizes.items,
        queueDepths: this.#queueDepths.samples,
      }
    );
  }
}
