/**
 * Where everything lies in the control block of a job: one buffer, shared where threads share memory, with the words the
 * threads agree by, a record for each unit of work, the times of its timing groups, and what the job adds of its own.
 *
 *   header    16 × int32          see the constants below
 *   records   16 × 4 bytes each   first half: what the unit is, written by the calling thread before the job begins;
 *                                 second half: what became of it, written by the thread that claimed it
 *   timings   float32 each        nanoseconds of one timing group, written by the claimer
 *   extra     64-byte aligned     the job's own: for example the queries of a search, and the hits of its threads
 *
 * The state word of a unit is the only truth about it. It holds the state in its low three bits and the thread above them,
 * and it changes by one atomic step:
 *
 *   PENDING  → CLAIMED by t   the thread that will do it (compareExchange): a unit that is taken names its thread at all times
 *   RESERVED for t → CLAIMED  by thread t only: every thread finds a first unit of its own
 *   CLAIMED by t → DONE by t  thread t, when the unit is finished (compareExchange): publishes all that it wrote before
 *   any open → DROPPED        whoever knows that nobody wants it any more; its thread sees it between two slices
 *   CLAIMED by t → PENDING    the calling thread, after thread t has died and the rows are as they were
 *   CLAIMED by t → LOST       the calling thread, where there is nothing to do it again from
 *
 * One indexing call has at most 65,536 units of 64 bytes: 4 MiB. A job of several calls may have more.
 */

export const MAX_UNITS = 65_536;

export const PENDING = 0;
export const CLAIMED = 1;
export const DONE = 2;
/** Its rows were overwritten in place by a thread that died: there is nothing to do it again from. */
export const LOST = 3;
/** State of a unit that is not wanted any more. */
export const DROPPED = 4;
/** Pending, but for one thread only. */
export const RESERVED = 5;
export type UnitState = typeof PENDING | typeof CLAIMED | typeof DONE | typeof LOST | typeof DROPPED | typeof RESERVED;

/** No unit before this one is pending, as far as is known: where a thread begins to look for one. */
export const FIRST_PENDING_HINT = 0;
/** Units whose input is in place: those before this one. Written by the calling thread. */
export const READY = 1;
/** Whether times are recorded. */
export const TIMED = 2;
/** Threads that may claim: those below. Written by the calling thread. */
export const ADMITTED = 3;
/** 1: another job waits, so threads return when they have finished a unit. Written by the calling thread. */
export const YIELD = 4;
export const UNIT_COUNT = 5;
/** Byte offsets in the block. */
export const TIMINGS_AT = 6;
export const EXTRA_AT = 7;
export const HEADER_WORDS = 16;
export const RECORD_WORDS = 16;

/** Words that say what a unit is. */
export const UNIT_WORDS = 8;
export const STATE = 8;
export const ROWS_DONE = 9;
export const REJECTED = 10;
export const CLAIMED_AT = 12;
export const ENDED_AT = 14;

export function stateWord(state: UnitState, thread: number): number {
  return state | (thread << 3);
}

export function stateOf(word: number): UnitState {
  return (word & 7) as UnitState;
}

export function threadOf(word: number): number {
  return word >>> 3;
}
