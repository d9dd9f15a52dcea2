/**
 * The vectors of a run that could not be indexed, read from its records and from the magnitude column.
 */
import { IndexingError } from '../../base/errors.js';
import { type RejectionCode, rejectionOf } from '../../kernel/rejection.js';
import type { BatchRecords } from '../../memory/batch.js';
import { DONE } from '../../memory/control-block.js';

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
