/**
 * The control block of a job as the threads use it that claim its units. Workers need nothing else of it. control-layout.ts is
 * the map of it.
 */
import {
  ADMITTED,
  CLAIMED,
  CLAIMED_AT,
  DONE,
  DROPPED,
  ENDED_AT,
  EXTRA_AT,
  FIRST_PENDING_HINT,
  HEADER_WORDS,
  PENDING,
  READY,
  RECORD_WORDS,
  REJECTED,
  RESERVED,
  ROWS_DONE,
  STATE,
  stateOf,
  stateWord,
  TIMED,
  TIMINGS_AT,
  UNIT_COUNT,
  type UnitState,
  YIELD,
} from './control-layout.js';

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
