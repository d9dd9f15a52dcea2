/**
 * The vectors of a run that could not be indexed, read from its records and the magnitude column.
 */
import { IndexingError } from '../../errors.js';
import { type RejectionCode, rejectionOf } from '../../kernel/rejection.js';
import { type ControlBlock, DONE } from '../../memory/control-block.js';

/** A vector that could not be indexed, and why. */
export interface Rejection {
  /** Position in the input. */
  readonly index: number;
  readonly code: RejectionCode;
}

/** Rejected vectors of the batches that are done, in input order. */
export function listRejections(
  control: ControlBlock,
  buffer: ArrayBufferLike,
  order: Uint32Array | undefined,
): Rejection[] {
  const rejections: Rejection[] = [];
  for (let index = 0; index < control.batchCount; index++) {
    if (control.state(index) !== DONE || control.rejected(index) === 0) continue;
    const { firstRank, count, magnitudes } = control.batch(index);
    const bits = new Uint32Array(buffer, magnitudes, count);
    for (let i = 0; i < count; i++) {
      const code = rejectionOf(bits[i]!);
      if (code) rejections.push({ index: order ? order[firstRank + i]! : firstRank + i, code });
    }
  }
  return order ? rejections.sort((a, b) => a.index - b.index) : rejections;
}

/** The error of the lowest input position that could not be indexed; undefined when there is none. */
export function findFailure(
  control: ControlBlock,
  buffer: ArrayBufferLike,
  order: Uint32Array | undefined,
): IndexingError | undefined {
  let first: Rejection | undefined;
  for (let index = 0; index < control.batchCount; index++) {
    if (control.state(index) !== DONE || control.rejected(index) === 0) continue;
    const { firstRank, count, magnitudes } = control.batch(index);
    const bits = new Uint32Array(buffer, magnitudes, count);
    for (let i = 0; i < count; i++) {
      const position = order ? order[firstRank + i]! : firstRank + i;
      if (first && position > first.index) continue;
      const code = rejectionOf(bits[i]!);
      if (code) first = { index: position, code };
    }
    // Later batches hold later positions.
    if (!order) break;
  }
  return first && new IndexingError(first.code, DETAIL[first.code](first.index), { vectorIndex: first.index });
}

const DETAIL: Record<RejectionCode, (index: number) => string> = {
  EmptyVector: (index) => `vectors[${index}] has no components`,
  ZeroMagnitude: (index) => `every component of vectors[${index}] is zero`,
  NonFinite: (index) => `vectors[${index}] holds NaN or an infinity, or a number beyond the float32 range`,
};
