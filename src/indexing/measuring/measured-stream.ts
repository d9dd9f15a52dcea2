/**
 * The figures of all runs of a stream, added up. Memory stays bounded however long the stream is.
 */
import { ExponentialHistogram } from '../../monitoring/exponential-histogram.js';
import { TimeDistribution } from '../../monitoring/time-distribution.js';
import { addConditions, addLosses, type Losses } from '../../reporting/losses.js';
import type {
  BatchSample,
  BatchSizeSample,
  CompletedSample,
  CopyIn,
  RunConditions,
} from '../../reporting/report-data.js';
import type { MeasuredRun, ThreadRun } from '../../reporting/summarize-run.js';
import { DepthCurve, ThinnedList } from './thinning.js';

/** Points kept of a curve, at most. */
const MAX_POINTS = 8192;
/** Chunks whose batches are kept, at most. */
const MAX_CHUNKS = 64;

export class StreamMeasurement {
  #last: MeasuredRun | undefined;
  #rejectedCount = 0;
  #batchSize = 0;
  #timingGroupSize = 0;
  readonly #threads: ThreadRun[] = [];
  readonly #batchSizes = new ThinnedList<BatchSizeSample>(MAX_POINTS);
  readonly #queueDepths = new DepthCurve(MAX_POINTS);
  /** Thinned chunk by chunk, so that the batches of a chunk which is kept are all there. */
  readonly #batches = new ThinnedList<readonly BatchSample[]>(MAX_CHUNKS);
  readonly #completed = new ThinnedList<CompletedSample>(MAX_POINTS);
  readonly #magnitudes = new ExponentialHistogram();
  #lastCompleted: CompletedSample | undefined;
  #copyIn: CopyIn | undefined;
  #conditions: RunConditions | undefined;
  #losses: Losses | undefined;
  #batchCount = 0;

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
    this.#batches.add(
      run.batches.map((batch) => ({
        ...batch,
        claimedAtMs: atMs + batch.claimedAtMs,
        endedAtMs: atMs + batch.endedAtMs,
      })),
    );
    const before = this.#lastCompleted?.vectors ?? 0;
    for (const { atMs: sinceRun, vectors } of run.completed) {
      this.#lastCompleted = { atMs: atMs + sinceRun, vectors: before + vectors };
      this.#completed.add(this.#lastCompleted);
    }
    this.#magnitudes.merge(run.magnitudes);
    this.#batchCount += run.batchCount;
    if (run.conditions && run.losses) {
      this.#conditions = this.#conditions ? addConditions(this.#conditions, run.conditions) : run.conditions;
      this.#losses = this.#losses ? addLosses(this.#losses, run.losses) : run.losses;
    }
    if (run.copyIn) {
      const { bytes, busyMs } = this.#copyIn ?? { bytes: 0, busyMs: 0 };
      this.#copyIn = {
        bytes: bytes + run.copyIn.bytes,
        busyMs: busyMs + run.copyIn.busyMs,
        endedAtMs: atMs + run.copyIn.endedAtMs,
      };
    }
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
        batches: this.#batches.items.flat(),
        completed: withLast(this.#completed.items, this.#lastCompleted),
        magnitudes: this.#magnitudes,
        copyIn: this.#copyIn,
        conditions: this.#conditions,
        // The memories of a stream are touched once and used again and again; nobody outside can do better.
        losses: this.#losses && { ...this.#losses, firstTouchMs: 0 },
        batchCount: this.#batchCount,
        optimizations: this.#last.optimizations,
        queueDepths: this.#queueDepths.samples,
      }
    );
  }
}

/** A thinned curve, with its end. */
function withLast<T>(items: readonly T[], last: T | undefined): readonly T[] {
  return last === undefined || items.at(-1) === last ? items : [...items, last];
}
