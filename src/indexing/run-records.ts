/**
 * What is known of a run, while it lasts and when it has ended: its records, who hears of them, and the vectors that could not be indexed. A run
 * is one call as its caller sees it, whatever other calls were done together with it.
 */
import { IndexingError } from '../base/errors.js';
import type { Backend } from '../engine/engine-core.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import { type RejectionCode, rejectionOf } from '../kernel/rejection.js';
import type { BatchRecords } from '../memory/batch.js';
import { DONE } from '../memory/control-block.js';
import type { MatrixLayout } from '../memory/matrix-memory.js';
import type { IndexingProgress } from '../monitoring/run-progress.js';
import type { CopyIn, RunConditions } from '../reporting/report-data.js';
import type { RowGroup } from '../vectors/source-rows.js';
import { calculateOptimalBatchSize } from './plan.js';
import type { Setting } from './tuning/tuner.js';

/** A run as its records tell it, whether it succeeded or not. */
export interface RunRecords {
  readonly control: BatchRecords;
  /** The memory that the layout describes. */
  readonly buffer: ArrayBufferLike;
  readonly layout: MatrixLayout;
  readonly batchSize: number;
  readonly threads: number;
  /** Time of the call. Times of batches and of copying count from here. */
  readonly startedAtMs: number;
  /** Time from the call to its result, waiting included, in milliseconds. */
  readonly totalTimeMs: number;
  /** Part of that time before its job began. */
  readonly waitedMs: number;
  /** Copying by the calling thread; undefined where it copied nothing, or nothing is timed. */
  readonly copyIn: CopyIn | undefined;
  readonly conditions: RunConditions;
}

/** A run that is under way. */
export interface LiveRun {
  /** The records as they are now. */
  readonly records: RunRecords;
  /** Names what is done to rows of which length; undefined where lengths differ. */
  readonly work: string | undefined;
  progress(): IndexingProgress;
}

/** How a monitor takes part in the runs of an indexer. */
export interface RunObserver {
  /** Whether anything is timed. */
  readonly timed: boolean;
  /** Step of the clock, in milliseconds; 0 where it does not matter. */
  readonly clockTickMs: number;
  /** Upper bound of a batch size that the caller does not give. */
  maxBatchSize(total: number): number;
  /** Threads and batch size of a run on threads, where a tuner sets them. */
  settingFor?(groups: readonly RowGroup[], operation: KernelOperation, given: Setting): Setting;
  /** Called when a run begins, which `run` tells of while it lasts. */
  onBegin(run: LiveRun, backend: Backend): void;
  /** Called once for each run that began, also one that failed; the run's promise settles after this one. */
  onRecords(records: RunRecords, backend: Backend): void | Promise<void>;
}

/** For runs that nobody watches. */
export function observeNothing(threadCount: number): RunObserver {
  return {
    timed: false,
    clockTickMs: 0,
    maxBatchSize: (total) => calculateOptimalBatchSize(total, threadCount, undefined),
    onBegin: () => undefined,
    onRecords: () => undefined,
  };
}

/** Vectors indexed in the batches that are done. */
export function countIndexed({ control }: RunRecords): number {
  let indexed = 0;
  for (let index = 0; index < control.batchCount; index++) {
    if (control.state(index) === DONE) indexed += control.batch(index).count - control.rejected(index);
  }
  return indexed;
}

/** A vector that could not be indexed, and why. */
export interface Rejection {
  /** Position in the input. */
  readonly index: number;
  readonly code: RejectionCode;
}

/** Rejected vectors of the batches that are done, in input order. */
export function listRejections(
  control: BatchRecords,
  buffer: ArrayBufferLike,
  order: Uint32Array | undefined,
): Rejection[] {
  const rejections: Rejection[] = [];
  for (let index = 0; index < control.batchCount; index++) {
    for (const rejection of rejectionsIn(index, control, buffer, order)) rejections.push(rejection);
  }
  return order ? rejections.sort((a, b) => a.index - b.index) : rejections;
}

/** The error of the lowest input position that could not be indexed; undefined when there is none. */
export function findFailure(
  control: BatchRecords,
  buffer: ArrayBufferLike,
  order: Uint32Array | undefined,
): IndexingError | undefined {
  let first: Rejection | undefined;
  for (let index = 0; index < control.batchCount; index++) {
    for (const rejection of rejectionsIn(index, control, buffer, order)) {
      if (!first || rejection.index < first.index) first = rejection;
    }
    // Later batches hold later positions.
    if (first && !order) break;
  }
  return first && new IndexingError(first.code, DETAIL[first.code](first.index), { vectorIndex: first.index });
}

/** Rejections of one batch, by rank. */
function* rejectionsIn(
  batch: number,
  control: BatchRecords,
  buffer: ArrayBufferLike,
  order: Uint32Array | undefined,
): Generator<Rejection> {
  if (control.state(batch) !== DONE || control.rejected(batch) === 0) return;
  const { firstRank, count, magnitudes } = control.batch(batch);
  const bits = new Uint32Array(buffer, magnitudes, count);
  for (let i = 0; i < count; i++) {
    const code = rejectionOf(bits[i]!);
    if (code) yield { index: order ? order[firstRank + i]! : firstRank + i, code };
  }
}

const DETAIL: Record<RejectionCode, (index: number) => string> = {
  EmptyVector: (index) => `vectors[${index}] has no components`,
  ZeroMagnitude: (index) => `every component of vectors[${index}] is zero`,
  NonFinite: (index) => `vectors[${index}] holds NaN or an infinity, or a number beyond the float32 range`,
};
