/**
 * Something that is measured: one variant of one operation, with vectors of its own.
 *
 * `run` works on a part whose vectors are unsorted and not yet scaled; what it leaves there is undefined until `restore`,
 * which is never timed, has put the vectors back.
 */
import type { CaseRecall } from './results.js';

export interface Subject {
  /** Parts that can be run before one must be restored. */
  readonly parts: number;
  readonly vectorsPerPart: number;
  /** Resolves, or returns, when the part is done. */
  run(part: number): Promise<void> | undefined;
  restore(part: number): void;
  /** The result that the last run left in the part. */
  output(part: number): SubjectOutput;
  /** The recall of a subject that searches through a graph. */
  readonly recall?: CaseRecall | undefined;
  dispose(): void;
}

export interface SubjectOutput {
  /** Float32Array, vectors × dims, row-major. */
  readonly rows: Float32Array;
  /** Undefined for a sort. */
  readonly magnitudes: Float32Array | undefined;
}
