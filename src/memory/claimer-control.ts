/**
 * The control block of a run as the threads that claim batches use it; control-layout.ts is the map of it. Workers need
 * nothing else of it.
 */
import {
  ADMITTED,
  type Batch,
  CLAIMED,
  CLAIMED_AT,
  COUNT,
  DIMS,
  DONE,
  END,
  ENDED_AT,
  FIRST_RANK,
  FIRST_TIMING,
  HEADER_WORDS,
  MAGNITUDES,
  NEXT,
  READY,
  RECORD_WORDS,
  REJECTED,
  ROWS,
  ROWS_DONE,
  SLICE_ROWS,
  STATE,
  THREAD,
  TIMED,
} from './control-layout.js';

export class ClaimerControl {
  readonly buffer: ArrayBufferLike;
  readonly batchCount: number;
  protected readonly words: Int32Array;
  protected readonly unsigned: Uint32Array;
  protected readonly times: Float64Array;
  protected readonly groupTimes: Float32Array;

  constructor(buffer: ArrayBufferLike, batchCount: number) {
    this.buffer = buffer;
    this.batchCount = batchCount;
    this.words = new Int32Array(buffer);
    this.unsigned = new Uint32Array(buffer);
    this.times = new Float64Array(buffer, 0, (HEADER_WORDS + batchCount * RECORD_WORDS) / 2);
    this.groupTimes = new Float32Array(buffer, 4 * (HEADER_WORDS + batchCount * RECORD_WORDS));
  }

  /** Whether the claimer writes when it claimed a batch, when it ended it, and what each slice took. */
  get timed(): boolean {
    return this.words[TIMED] === 1;
  }

  batch(index: number): Batch {
    const at = HEADER_WORDS + index * RECORD_WORDS;
    return {
      firstRank: this.unsigned[at + FIRST_RANK]!,
      count: this.unsigned[at + COUNT]!,
      dims: this.unsigned[at + DIMS]!,
      rows: this.unsigned[at + ROWS]!,
      magnitudes: this.unsigned[at + MAGNITUDES]!,
      sliceRows: this.unsigned[at + SLICE_ROWS]!,
    };
  }

  // --- agreement between the threads -------------------------------------------------------------------------------

  /** The next batch nobody has; at or beyond `batchCount` when there is none. */
  claimNext(): number {
    // Pairs with the same line in the other threads: the add gives every batch to exactly one of them.
    return Atomics.add(this.words, NEXT, 1);
  }

  /** Blocks while `threadId` may not claim; false when there is nothing left to claim. For workers only. */
  waitUntilAdmitted(threadId: number): boolean {
    for (;;) {
      const admitted = Atomics.load(this.words, ADMITTED);
      if (threadId < admitted) return true;
      if (this.unclaimed === 0 || this.end === 0) return false;
      // The time limit covers the end of the run, which notifies nobody here.
      Atomics.wait(this.words, ADMITTED, admitted, 1);
    }
  }

  /** Batches nobody has claimed yet. */
  get unclaimed(): number {
    return Math.max(0, this.batchCount - Atomics.load(this.words, NEXT));
  }

  /** Whether `batch` still has to run; false for every batch once the run is stopped. */
  isWanted(batch: number): boolean {
    // Pairs with the compareExchange in lowerEnd.
    return batch < Atomics.load(this.words, END);
  }

  /** Batches that have to run: all of them, those up to the lowest known failure, or none. */
  get end(): number {
    return Atomics.load(this.words, END);
  }

  /** From `end` on no batch has to run any more. Only ever lowers. Wakes threads that wait for rows. */
  lowerEnd(end: number): void {
    let present = Atomics.load(this.words, END);
    while (end < present) {
      // Pairs with the loads in isWanted; retried where another thread lowered it in between.
      const found = Atomics.compareExchange(this.words, END, present, end);
      if (found === present) break;
      present = found;
    }
    Atomics.notify(this.words, READY);
  }

  /** Blocks until the rows of `batch` are in place; false when it is no longer wanted. For workers only. */
  waitUntilReady(batch: number): boolean {
    for (;;) {
      // Loaded before END, so that a stop which comes between the two still changes nothing unnoticed: lowerEnd notifies.
      const ready = Atomics.load(this.words, READY);
      if (!this.isWanted(batch)) return false;
      if (batch < ready) return true;
      // The time limit covers a stop between the look at END and the wait, whose notify comes too early.
      Atomics.wait(this.words, READY, ready, 1);
    }
  }

  // --- the claimer's half of a record --------------------------------------------------------------------------------

  /** @param atMs undefined where the run is not timed */
  recordClaim(batch: number, threadId: number, atMs: number | undefined): void {
    const at = HEADER_WORDS + batch * RECORD_WORDS;
    this.words[at + THREAD] = threadId;
    this.words[at + ROWS_DONE] = 0;
    this.words[at + REJECTED] = 0;
    if (atMs !== undefined) this.times[(at + CLAIMED_AT) >> 1] = atMs;
    // Publishes the claim; pairs with the load in state.
    Atomics.store(this.words, at + STATE, CLAIMED);
  }

  recordRowsDone(batch: number, rows: number): void {
    // Read by rowsDone for progress; publishes nothing else.
    Atomics.store(this.words, HEADER_WORDS + batch * RECORD_WORDS + ROWS_DONE, rows);
  }

  recordTiming(batch: number, group: number, nanoseconds: number): void {
    this.groupTimes[this.unsigned[HEADER_WORDS + batch * RECORD_WORDS + FIRST_TIMING]! + group] = nanoseconds;
  }

  /** @param atMs undefined where the run is not timed */
  recordDone(batch: number, rejected: number, atMs: number | undefined): void {
    const at = HEADER_WORDS + batch * RECORD_WORDS;
    this.words[at + REJECTED] = rejected;
    if (atMs !== undefined) this.times[(at + ENDED_AT) >> 1] = atMs;
    // Publishes rows, magnitudes, timings and the record; pairs with the load in state.
    Atomics.store(this.words, at + STATE, DONE);
  }
}
