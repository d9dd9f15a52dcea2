/**
 * What a lane is told of rows that come into an index, or move within it. Numbers and shared memory only.
 */
import type { CompiledKernel, KernelMemory } from '../../kernel/instantiate.js';
import type { Int8Place, Precision, RowForm } from '../../memory/segment-layout.js';
import type { SharedRows } from '../../vectors/source-rows.js';

/** A segment, as lanes write to it. */
export interface SegmentPlace {
  /** The same number means the same memory. */
  readonly key: number;
  readonly memory: KernelMemory;
  /** Byte offset of the magnitudes. */
  readonly magnitudes: number;
  readonly form: RowForm;
  readonly int8: Int8Place | undefined;
  /** Where the rows are written as float16, too. */
  readonly halves: number | undefined;
}

/** How new rows are settled: their magnitudes are written, and with `normalize` the rows become unit rows, for cosine. */
type RowOperation = 'normalize' | 'magnitudes';

/** How rows are settled: computed and kept. */
export interface RowSettling {
  readonly dims: number;
  readonly operation: RowOperation;
  /** Precision that the rows are kept in. */
  readonly precision: Precision;
  /** Whether codes are to be those of rows of length 1: for cosine. */
  readonly unit: boolean;
  /** Whether what the rows are kept as is there already: halves, or codes with their scales. */
  readonly isKept: boolean;
}

/** Rows that come in: they lie in their segments, or are copied there first. */
export interface RowsTask {
  readonly type: 'rows';
  readonly kernel: CompiledKernel;
  readonly searchKernel: CompiledKernel;
  readonly thread: number;
  /** A control block whose units are consecutive rows of a segment: segment, first row, count, row of the source. */
  readonly control: ArrayBufferLike;
  readonly settling: RowSettling;
  readonly segments: readonly SegmentPlace[];
  /** Where the rows are to be copied from; undefined where they are in place. */
  readonly source: SharedRows | undefined;
}

/** Rows that are copied from segments to a new one, one after the other. */
export interface MoveTask {
  readonly type: 'move';
  readonly thread: number;
  /** A control block whose units are kept rows of one segment: segment, first one, count. Their new numbers are their places among all. */
  readonly control: ArrayBufferLike;
  readonly dims: number;
  readonly from: readonly SegmentPlace[];
  readonly to: SegmentPlace;
  /** Uint32Array: the rows that are kept, each by its number in its segment, one segment after the other. */
  readonly kept: ArrayBufferLike;
}
