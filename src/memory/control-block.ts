/**
 * The control block of a job: where everything lies in it, and how threads claim units and record what became of them. Workers need nothing
 * else of it; job-control.ts is the calling thread's side.
 *
 * It is one buffer, shared where threads share memory, with the words the threads agree by, a record for each unit of work, the times of its
 * timing groups, and what the job adds of its own.
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

/** Results of `findClaimable` where there is no unit to claim: none is left, or none whose input is in place. */
const NONE_LEFT = -1;
const NONE_READY = -2;

/** A stop or a yield between the look and the wait notifies too early: nobody waits longer than that, in milliseconds. */
const LONGEST_WAIT_MS = 1;

export class UnitControl {
  readonly buffer: ArrayBufferLike;
  readonly unitCount: number;
  protected readonly words: Int32Array;
  protected readonly unsigned: Uint32Array;
  protected readonly times: Float64Array;
  protected readonly groupTimes: Float32Array;

  constructor(buffer: ArrayBufferLike) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.unsigned = new Uint32Array(buffer);
    this.unitCount = this.words[UNIT_COUNT]!;
    const timingsAt = this.unsigned[TIMINGS_AT]!;
    this.times = new Float64Array(buffer, 0, timingsAt / 8);
    this.groupTimes = new Float32Array(buffer, timingsAt, (this.unsigned[EXTRA_AT]! - timingsAt) / 4);
  }

  /** Whether the claimer writes when it claimed a unit, when it ended it, and what each slice took. */
  get timed(): boolean {
    return this.words[TIMED] === 1;
  }

  /** Byte offset of what the job has added to the block. */
  get extra(): number {
    return this.unsigned[EXTRA_AT]!;
  }

  /** One of the words that say what a unit is; unsigned. */
  word(unit: number, index: number): number {
    return this.unsigned[HEADER_WORDS + unit * RECORD_WORDS + index]!;
  }

  // --- agreement between the threads -------------------------------------------------------------------------------

  /** The next unit for a thread, claimed; -1 when there is none. Does not wait. */
  claimNow(thread: number): number {
    const unit = this.#claim(thread);
    return unit === NONE_READY ? NONE_LEFT : unit;
  }

  /**
   * The next unit for a thread, claimed; -1 when there is none, or when another job waits. Blocks while the input of the
   * next one is not in place, and while the thread may not claim. For workers only.
   */
  claim(thread: number): number {
    for (;;) {
      // Loaded before the look, so that what changes between the look and the wait is not missed.
      const ready = Atomics.load(this.words, READY);
      const admitted = Atomics.load(this.words, ADMITTED);
      if (thread < admitted) {
        const unit = this.#claim(thread);
        if (unit !== NONE_READY) return unit;
        if (this.isAskedToYield) return NONE_LEFT;
        // Pairs with the notify in publishReady.
        Atomics.wait(this.words, READY, ready, LONGEST_WAIT_MS);
      } else {
        if (this.isAskedToYield || this.#findClaimable(thread) === NONE_LEFT) return NONE_LEFT;
        // Pairs with the notify in admitThreads.
        Atomics.wait(this.words, ADMITTED, admitted, LONGEST_WAIT_MS);
      }
    }
  }

  /** Whether another job waits for the threads. */
  get isAskedToYield(): boolean {
    return Atomics.load(this.words, YIELD) === 1;
  }

  /** Whether a unit is still this thread's to finish; false when it was dropped. */
  isMine(unit: number, thread: number): boolean {
    // Pairs with the compareExchange in drop.
    return Atomics.load(this.words, recordWordOf(unit) + STATE) === stateWord(CLAIMED, thread);
  }

  /** Ends units that are not wanted any more and are still open. Units `first` to `last`, half-open. */
  drop(first: number, last: number): void {
    for (let unit = first; unit < last; unit++) {
      for (;;) {
        const word = Atomics.load(this.words, recordWordOf(unit) + STATE);
        if (!isOpen(word)) break;
        // Pairs with the loads in isMine and the compareExchange of a claim; tried again where its thread was faster.
        if (Atomics.compareExchange(this.words, recordWordOf(unit) + STATE, word, stateWord(DROPPED, 0)) === word)
          break;
      }
    }
    Atomics.notify(this.words, READY);
  }

  #claim(thread: number): number {
    for (;;) {
      const hint = Atomics.load(this.words, FIRST_PENDING_HINT);
      const unit = this.#findClaimable(thread, hint);
      if (unit < 0) return unit;
      const found = Atomics.load(this.words, recordWordOf(unit) + STATE);
      const isFree = found === stateWord(PENDING, 0) || found === stateWord(RESERVED, thread);
      if (!isFree) continue;
      // The claim: this one step takes the unit and names its thread. Pairs with the same line in the other threads.
      if (Atomics.compareExchange(this.words, recordWordOf(unit) + STATE, found, stateWord(CLAIMED, thread)) !== found)
        continue;
      // Only a hint: where a unit before it becomes pending again, the end of the job finds it.
      if (stateOf(found) === PENDING) Atomics.compareExchange(this.words, FIRST_PENDING_HINT, hint, unit + 1);
      this.#clearRecord(unit);
      return unit;
    }
  }

  #findClaimable(thread: number, hint = Atomics.load(this.words, FIRST_PENDING_HINT)): number {
    const ready = Atomics.load(this.words, READY);
    // Reserved units are the first ones: thread t's is unit t.
    if (thread < this.unitCount && this.#is(thread, RESERVED, thread)) return thread < ready ? thread : NONE_READY;
    for (let unit = hint; unit < this.unitCount; unit++) {
      if (this.#is(unit, PENDING, 0)) return unit < ready ? unit : NONE_READY;
    }
    return NONE_LEFT;
  }

  #is(unit: number, state: UnitState, thread: number): boolean {
    return Atomics.load(this.words, recordWordOf(unit) + STATE) === stateWord(state, thread);
  }

  // --- the claimer's half of a record --------------------------------------------------------------------------------

  recordClaimedAt(unit: number, atMs: number): void {
    this.times[(recordWordOf(unit) + CLAIMED_AT) >> 1] = atMs;
  }

  recordRowsDone(unit: number, rows: number): void {
    // Read for progress; publishes nothing else.
    Atomics.store(this.words, recordWordOf(unit) + ROWS_DONE, rows);
  }

  /** @param timing its number in the whole job */
  recordTiming(timing: number, nanoseconds: number): void {
    this.groupTimes[timing] = nanoseconds;
  }

  /**
   * Ends a unit; false when it was dropped meanwhile.
   *
   * @param atMs left out where the job is not timed
   */
  recordDone(unit: number, thread: number, rejected = 0, atMs?: number): boolean {
    this.words[recordWordOf(unit) + REJECTED] = rejected;
    if (atMs !== undefined) this.times[(recordWordOf(unit) + ENDED_AT) >> 1] = atMs;
    const mine = stateWord(CLAIMED, thread);
    // Publishes everything that the thread wrote for this unit; pairs with the load in JobControl.state.
    return Atomics.compareExchange(this.words, recordWordOf(unit) + STATE, mine, stateWord(DONE, thread)) === mine;
  }

  /** Clears what a thread that died may have written. */
  #clearRecord(unit: number): void {
    this.words[recordWordOf(unit) + REJECTED] = 0;
    Atomics.store(this.words, recordWordOf(unit) + ROWS_DONE, 0);
  }
}

/** Index of the first word of a unit's record. */
export function recordWordOf(unit: number): number {
  return HEADER_WORDS + unit * RECORD_WORDS;
}

/** Whether a unit is still to be done or finished. */
export function isOpen(word: number): boolean {
  const state = stateOf(word);
  return state === PENDING || state === CLAIMED || state === RESERVED;
}
