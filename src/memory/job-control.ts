/**
 * The control block of a job as the calling thread uses it. The calling thread makes it, lets the threads go on, and reads
 * what they recorded. control-block.ts is the map of it.
 */
import {
  ADMITTED,
  CLAIMED,
  CLAIMED_AT,
  DONE,
  ENDED_AT,
  EXTRA_AT,
  FIRST_PENDING_HINT,
  HEADER_WORDS,
  isOpen,
  type LOST,
  PENDING,
  READY,
  RECORD_WORDS,
  REJECTED,
  RESERVED,
  ROWS_DONE,
  recordWordOf,
  STATE,
  stateOf,
  stateWord,
  TIMED,
  TIMINGS_AT,
  threadOf,
  UNIT_COUNT,
  UNIT_WORDS,
  UnitControl,
  type UnitState,
  YIELD,
} from './control-block.js';

export interface JobControlOptions {
  /** Threads that take part at most. */
  readonly threads: number;
  /** Whether a unit is reserved for each thread, as far as there are units. Default false. */
  readonly reserve?: boolean;
  /** Whether times are recorded. Default false. */
  readonly timed?: boolean;
  /** Timing groups of all units together. Default 0. */
  readonly timings?: number;
  /** Units whose input is in place. Default all of them. */
  readonly ready?: number;
  /** Bytes that the job adds to the block. Default 0. */
  readonly extraBytes?: number;
  /** Whether threads are to share it; elsewhere the calling thread alone reads and writes. */
  readonly shared: boolean;
}

const LINE = 64;

export class JobControl extends UnitControl {
  /** @param units `UNIT_WORDS` words for each unit, which say what it is */
  static create(units: Uint32Array, options: JobControlOptions): JobControl {
    const { threads, reserve = false, timed = false, timings = 0, extraBytes = 0, shared } = options;
    const count = units.length / UNIT_WORDS;
    const timingsAt = 4 * (HEADER_WORDS + count * RECORD_WORDS);
    const extraAt = LINE * Math.ceil((timingsAt + 4 * timings) / LINE);
    const bytes = extraAt + extraBytes;
    const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    const words = new Uint32Array(buffer, 0, timingsAt / 4);
    words[UNIT_COUNT] = count;
    words[TIMED] = timed ? 1 : 0;
    words[ADMITTED] = threads;
    words[READY] = options.ready ?? count;
    words[TIMINGS_AT] = timingsAt;
    words[EXTRA_AT] = extraAt;
    for (let unit = 0; unit < count; unit++) {
      words.set(units.subarray(unit * UNIT_WORDS, (unit + 1) * UNIT_WORDS), recordWordOf(unit));
    }
    const reserved = reserve ? Math.min(threads, count) : 0;
    for (let unit = 0; unit < reserved; unit++) words[recordWordOf(unit) + STATE] = stateWord(RESERVED, unit);
    return new JobControl(buffer);
  }

  // --- agreement between the threads -------------------------------------------------------------------------------

  /** From now on only the threads below `threads` may claim; the others wait. */
  admitThreads(threads: number): void {
    // Pairs with the load and the wait in claim.
    Atomics.store(this.words, ADMITTED, threads);
    Atomics.notify(this.words, ADMITTED);
  }

  /** The input of the first `units` units is in place. */
  publishReady(units: number): void {
    // Publishes the copied rows; pairs with the load and the wait in claim.
    Atomics.store(this.words, READY, units);
    Atomics.notify(this.words, READY);
  }

  get ready(): number {
    return Atomics.load(this.words, READY);
  }

  /** Asks the threads to return when they have finished a unit, or lets them go on. */
  askToYield(yields: boolean): void {
    // Pairs with the load in isAskedToYield; the notify wakes those that wait for input.
    Atomics.store(this.words, YIELD, yields ? 1 : 0);
    Atomics.notify(this.words, READY);
    Atomics.notify(this.words, ADMITTED);
  }

  /** A thread that takes part found no unit to claim, or has not come yet: nothing is kept for it any more. */
  releaseReserved(thread: number): void {
    if (thread >= this.unitCount) return;
    // Pairs with the claim of the thread itself.
    const free = stateWord(PENDING, 0);
    const reserved = stateWord(RESERVED, thread);
    if (Atomics.compareExchange(this.words, recordWordOf(thread) + STATE, reserved, free) === reserved)
      this.#lowerHint(thread);
  }

  /** A unit is to be done again, or cannot be; after the thread that had it has died. */
  reset(unit: number, state: typeof PENDING | typeof LOST): void {
    this.words[recordWordOf(unit) + REJECTED] = 0;
    this.times[(recordWordOf(unit) + CLAIMED_AT) >> 1] = 0;
    Atomics.store(this.words, recordWordOf(unit) + ROWS_DONE, 0);
    // Pairs with the claim.
    Atomics.store(this.words, recordWordOf(unit) + STATE, stateWord(state, 0));
    if (state === PENDING) this.#lowerHint(unit);
  }

  #lowerHint(unit: number): void {
    for (;;) {
      const hint = Atomics.load(this.words, FIRST_PENDING_HINT);
      if (hint <= unit || Atomics.compareExchange(this.words, FIRST_PENDING_HINT, hint, unit) === hint) return;
    }
  }

  // --- reading ---------------------------------------------------------------------------------------------------------

  state(unit: number): UnitState {
    // Pairs with the compareExchange in recordDone.
    return stateOf(Atomics.load(this.words, recordWordOf(unit) + STATE));
  }

  /** Thread that claimed the unit; meaningful where it is CLAIMED or DONE. */
  threadId(unit: number): number {
    return threadOf(Atomics.load(this.words, recordWordOf(unit) + STATE));
  }

  /** The first unit that is neither done nor accounted for; -1 when there is none. Threads look for units from there on. */
  findOpen(): number {
    for (let unit = 0; unit < this.unitCount; unit++) {
      if (!isOpen(Atomics.load(this.words, recordWordOf(unit) + STATE))) continue;
      this.#lowerHint(unit);
      return unit;
    }
    return -1;
  }

  /** Units that a thread has claimed and not finished. */
  claimedBy(thread: number): number[] {
    return this.#unitsIn(stateWord(CLAIMED, thread));
  }

  doneBy(thread: number): number[] {
    return this.#unitsIn(stateWord(DONE, thread));
  }

  #unitsIn(word: number): number[] {
    const units: number[] = [];
    for (let unit = 0; unit < this.unitCount; unit++) {
      if (Atomics.load(this.words, recordWordOf(unit) + STATE) === word) units.push(unit);
    }
    return units;
  }

  rowsDone(unit: number): number {
    return Atomics.load(this.words, recordWordOf(unit) + ROWS_DONE);
  }

  rejected(unit: number): number {
    return this.words[recordWordOf(unit) + REJECTED]!;
  }

  claimedAtMs(unit: number): number {
    return this.times[(recordWordOf(unit) + CLAIMED_AT) >> 1]!;
  }

  endedAtMs(unit: number): number {
    return this.times[(recordWordOf(unit) + ENDED_AT) >> 1]!;
  }

  /** Nanoseconds of some timing groups; none where the job is not timed. */
  timings(first: number, count: number): Float32Array {
    return this.timed ? this.groupTimes.subarray(first, first + count) : this.groupTimes.subarray(0, 0);
  }
}
