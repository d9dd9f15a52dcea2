/**
 * Where everything lies in the control block of a run: one buffer, shared where threads share memory, with the words the
 * threads agree by, a record for each batch, and the times of its timing groups.
 *
 *   header    16 × int32          next batch to claim | end | batches copied in | whether times are recorded |
 *                                 threads that may claim
 *   records   16 × 4 bytes each   first half written by the main thread before the run, second half by the claimer
 *   timings   float32 each        nanoseconds of one timing group, written by the claimer
 *
 * Writers: `next` by any thread through Atomics.add; `end` by any thread, which only ever lowers it; `ready` and the number of
 * threads that may claim by the main thread; the second half of a record and its timings by the one thread that claimed the
 * batch. A record says the truth once its state is DONE; the atomic store of that state publishes everything written before it.
 *
 * At most 65,536 batches of 64 bytes: 4 MiB.
 */

export const MAX_BATCHES = 65_536;

/** What a batch is: `count` rows of `dims` components from rank `firstRank` on. Offsets are bytes in the run's memory. */
export interface Batch {
  readonly firstRank: number;
  readonly count: number;
  readonly dims: number;
  readonly rows: number;
  readonly magnitudes: number;
  /** Rows between two looks at the stop word; they are one timing group. */
  readonly sliceRows: number;
}

export const PENDING = 0;
export const CLAIMED = 1;
export const DONE = 2;
/** Its rows were overwritten in place by a thread that died: there is nothing to run it again from. */
export const LOST = 3;
export type BatchState = typeof PENDING | typeof CLAIMED | typeof DONE | typeof LOST;

export const NEXT = 0;
export const END = 1;
export const READY = 2;
export const TIMED = 3;
export const ADMITTED = 4;
export const HEADER_WORDS = 16;
export const RECORD_WORDS = 16;

export const ROWS = 0;
export const MAGNITUDES = 1;
export const DIMS = 2;
export const COUNT = 3;
export const FIRST_RANK = 4;
export const SLICE_ROWS = 5;
export const FIRST_TIMING = 6;
export const STATE = 8;
export const THREAD = 9;
export const ROWS_DONE = 10;
export const REJECTED = 11;
export const CLAIMED_AT = 12;
export const ENDED_AT = 14;
