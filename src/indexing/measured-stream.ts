/**
 * The runs of a stream added up, in bounded memory however long it is.
 */
import { TimeDistribution } from '../monitoring/time-distribution.js';
import type { BatchSizeSample, QueueDepthSample } from '../reporting/report-data.js';
import type { MeasuredRun, ThreadRun } from '../reporting/summarize-run.js';

/** Points kept of a curve; when it has more, every other one goes. */
const MAX_POINTS = 8192;

export class StreamMeasurement {
  #last: MeasuredRun | undefined;
  #rejectedCount = 0;
  #batchSize = 0;
  #timingGroupSize = 0;
  #threads: ThreadRun[] = [];
  #batchSizes: BatchSizeSample[] = [];
  #queueDepths: QueueDepthSample[] = [];

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
    this.#batchSizes = thinned([...this.#batchSizes, ...run.batchSizes.slice(-1)]);
    const depths = run.queueDepths.map(({ atMs: sinceRun, depth }) => ({ atMs: atMs + sinceRun, depth }));
    this.#queueDepths = thinned([...this.#queueDepths, ...depths]);
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
        batchSizes: this.#batchSizes,
        queueDepths: this.#queueDepths,
      }
    );
  }
}

function thinned<T>(points: T[]): T[] {
  return points.length <= MAX_POINTS ? points : points.filter((_, i) => i % 2 === 0);
}
