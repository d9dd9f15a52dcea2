/**
 * What a thread is sent for a search: one task per thread and pass over the rows. Numbers and shared memory only.
 */
import type { CompiledKernel, KernelMemory } from '../../kernel/instantiate.js';
import type { Metric } from '../../kernel/search/error-bound.js';
import type { Int8Place, SearchPlace } from '../../memory/segment-layout.js';

export interface SearchTask {
  readonly type: 'search';
  /** The search kernel. */
  readonly kernel: CompiledKernel;
  readonly metric: Metric;
  readonly dims: number;
  /** Hits wanted of each query; no more than there are rows. */
  readonly k: number;
  readonly queryCount: number;
  /** A SearchControl. */
  readonly control: ArrayBufferLike;
  /** Whose place in the control block the hits go to. */
  readonly lane: number;
  /** Rows that are claimed at a time; a block lies in one part. */
  readonly blockRows: number;
  readonly parts: readonly SearchPart[];
}

/** The rows of one segment that are searched: the first `count` of its memory. */
export interface SearchPart {
  /** The same number means the same memory, within a pool of threads. */
  readonly key: number;
  readonly memory: KernelMemory;
  readonly count: number;
  /** Slot (number in the whole index) of the first row. */
  readonly firstSlot: number;
  /** Byte offset of the magnitudes. */
  readonly magnitudes: number;
  /** The int8 copy of the rows; undefined where they are scanned in float32 only. */
  readonly int8: Int8Place | undefined;
  /** Queries, as the kernel wants them, and this thread's scratch. */
  readonly place: SearchPlace;
  /** A bit for every row, in uint32 words from the lowest on: 1 where it may be a hit. undefined: all may. */
  readonly accepted: ArrayBufferLike | undefined;
}
