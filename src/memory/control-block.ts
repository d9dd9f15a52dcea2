/**
 * The control block of a run: one buffer, shared where threads share memory, with the words the threads agree by, a record
 * for each batch, and the times of its timing groups.
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

const NEXT = 0;
const END = 1;
const READY = 2;
const TIMED = 3;
const ADMITTED = 4;
const HEADER_WORDS = 16;
const RECORD_WORDS = 16;

const ROWS = 0;
const MAGNITUDES = 1;
const DIMS = 2;
const COUNT = 3;
const FIRST_RANK = 4;
const SLICE_ROWS = 5;
const FIRST_TIMING = 6;
const STATE = 8;
const THREAD = 9;
const ROWS_DONE = 10;
const REJECTED = 11;
const CLAIMED_AT = 12;
const ENDED_AT = 14;

export class ControlBlock {
  readonly buffer: ArrayBufferLike;
  readonly batchCount: number;
  readonly #words: Int32Array;
  readonly #unsigned: Uint32Array;
  readonly #times: Float64Array;
  readonly #timings: Float32Array;

  /**
   * Lays `batches` out for a run that starts with one batch for each of `threads` threads. Of a run that is not `timed`
   * nobody writes a time: those of its records stay 0, and it has no timing groups.
   *
   * @param shared whether threads are to share it; elsewhere the calling thread alone reads and writes
   */
  static create(batches: readonly Batch[], threads: number, timed: boolean, shared = true): ControlBlock {
    const timings = timed ? batches.reduce((sum, batch) => sum + timingCount(batch), 0) : 0;
    const bytes = 4 * (HEADER_WORDS + batches.length * RECORD_WORDS + timings);
    const control = new ControlBlock(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes), batches.length);
    control.#describe(batches);
    control.#words[NEXT] = threads;
    control.#words[ADMITTED] = threads;
    control.#words[END] = batches.length;
    control.#words[TIMED] = timed ? 1 : 0;
    return control;
  }

  constructor(buffer: ArrayBufferLike, batchCount: number) {
    this.buffer = buffer;
    this.batchCount = batchCount;
    this.#words = new Int32Array(buffer);
    this.#unsigned = new Uint32Array(buffer);
    this.#times = new Float64Array(buffer, 0, (HEADER_WORDS + batchCount * RECORD_WORDS) / 2);
    this.#timings = new Float32Array(buffer, 4 * (HEADER_WORDS + batchCount * RECORD_WORDS));
  }

  #describe(batches: readonly Batch[]): void {
    let firstTiming = 0;
    for (const [i, batch] of batches.entries()) {
      const at = HEADER_WORDS + i * RECORD_WORDS;
      this.#unsigned[at + ROWS] = batch.rows;
      this.#unsigned[at + MAGNITUDES] = batch.magnitudes;
      this.#unsigned[at + DIMS] = batch.dims;
      this.#unsigned[at + COUNT] = batch.count;
      this.#unsigned[at + FIRST_RANK] = batch.firstRank;
      this.#unsigned[at + SLICE_ROWS] = batch.sliceRows;
      this.#unsigned[at + FIRST_TIMING] = firstTiming;
      firstTiming += timingCount(batch);
    }
  }

  /** Whether the claimer writes when it claimed a batch, when it ended it, and what each slice took. */
  get timed(): boolean {
    return this.#words[TIMED] === 1;
  }

  batch(index: number): Batch {
    const at = HEADER_WORDS + index * RECORD_WORDS;
    return {
      firstRank: this.#unsigned[at + FIRST_RANK]!,
      count: this.#unsigned[at + COUNT]!,
      dims: this.#unsigned[at + DIMS]!,
      rows: this.#unsigned[at + ROWS]!,
      magnitudes: this.#unsigned[at + MAGNITUDES]!,
      sliceRows: this.#unsigned[at + SLICE_ROWS]!,
    };
  }

  // --- agreement between the threads -------------------------------------------------------------------------------

  /** The next batch nobody has; at or beyond `batchCount` when there is none. */
  claimNext(): number {
    // Pairs with the same line in the other threads: the add gives every batch to exactly one of them.
    return Atomics.add(this.#words, NEXT, 1);
  }

  /** From now on only the threads below `threads` may claim; the others wait. By the main thread. */
  admitThreads(threads: number): void {
    // Pairs with the load and the wait in waitUntilAdmitted.
    Atomics.store(this.#words, ADMITTED, threads);
    Atomics.notify(this.#words, ADMITTED);
  }

  /** Blocks while `threadId` may not claim; false when there is nothing left to claim. For workers only. */
  waitUntilAdmitted(threadId: number): boolean {
    for (;;) {
      const admitted = Atomics.load(this.#words, ADMITTED);
      if (threadId < admitted) return true;
      if (this.unclaimed === 0 || this.end === 0) return false;
      // The time limit covers the end of the run, which notifies nobody here.
      Atomics.wait(this.#words, ADMITTED, admitted, 1);
    }
  }

  /** Batches nobody has claimed yet. */
  get unclaimed(): number {
    return Math.max(0, this.batchCount - Atomics.load(this.#words, NEXT));
  }

  /** Whether `batch` still has to run; false for every batch once the run is stopped. */
  isWanted(batch: number): boolean {
    // Pairs with the compareExchange in lowerEnd.
    return batch < Atomics.load(this.#words, END);
  }

  /** Batches that have to run: all of them, those up to the lowest known failure, or none. */
  get end(): number {
    return Atomics.load(this.#words, END);
  }

  /** From `end` on no batch has to run any more. Only ever lowers. Wakes threads that wait for rows. */
  lowerEnd(end: number): void {
    let present = Atomics.load(this.#words, END);
    while (end < present) {
      // Pairs with the loads in isWanted; retried where another thread lowered it in between.
      const found = Atomics.compareExchange(this.#words, END, present, end);
      if (found === present) break;
      present = found;
    }
    Atomics.notify(this.#words, READY);
  }

  /** The rows of the first `batches` batches are in place. */
  publishReady(batches: number): void {
    // Publishes the copied rows; pairs with the load and the wait in waitUntilReady.
    Atomics.store(this.#words, READY, batches);
    Atomics.notify(this.#words, READY);
  }

  get ready(): number {
    return Atomics.load(this.#words, READY);
  }

  /** Blocks until the rows of `batch` are in place; false when it is no longer wanted. For workers only. */
  waitUntilReady(batch: number): boolean {
    for (;;) {
      // Loaded before END, so that a stop which comes between the two still changes nothing unnoticed: lowerEnd notifies.
      const ready = Atomics.load(this.#words, READY);
      if (!this.isWanted(batch)) return false;
      if (batch < ready) return true;
      // The time limit covers a stop between the look at END and the wait, whose notify comes too early.
      Atomics.wait(this.#words, READY, ready, 1);
    }
  }

  // --- the claimer's half of a record --------------------------------------------------------------------------------

  /** @param atMs undefined where the run is not timed */
  recordClaim(batch: number, threadId: number, atMs: number | undefined): void {
    const at = HEADER_WORDS + batch * RECORD_WORDS;
    this.#words[at + THREAD] = threadId;
    this.#words[at + ROWS_DONE] = 0;
    this.#words[at + REJECTED] = 0;
    if (atMs !== undefined) this.#times[(at + CLAIMED_AT) >> 1] = atMs;
    // Publishes the claim; pairs with the load in state.
    Atomics.store(this.#words, at + STATE, CLAIMED);
  }

  recordRowsDone(batch: number, rows: number): void {
    // Read by rowsDone for progress; publishes nothing else.
    Atomics.store(this.#words, HEADER_WORDS + batch * RECORD_WORDS + ROWS_DONE, rows);
  }

  recordTiming(batch: number, group: number, nanoseconds: number): void {
    this.#timings[this.#unsigned[HEADER_WORDS + batch * RECORD_WORDS + FIRST_TIMING]! + group] = nanoseconds;
  }

  /** @param atMs undefined where the run is not timed */
  recordDone(batch: number, rejected: number, atMs: number | undefined): void {
    const at = HEADER_WORDS + batch * RECORD_WORDS;
    this.#words[at + REJECTED] = rejected;
    if (atMs !== undefined) this.#times[(at + ENDED_AT) >> 1] = atMs;
    // Publishes rows, magnitudes, timings and the record; pairs with the load in state.
    Atomics.store(this.#words, at + STATE, DONE);
  }

  /** Clears what a thread that died wrote, so that the batch can run again; by the main thread, after that death. */
  resetRecord(batch: number, state: typeof PENDING | typeof LOST): void {
    const at = HEADER_WORDS + batch * RECORD_WORDS;
    this.#words[at + ROWS_DONE] = 0;
    Atomics.store(this.#words, at + STATE, state);
  }

  // --- reading ---------------------------------------------------------------------------------------------------------

  state(batch: number): BatchState {
    // Pairs with the stores in recordClaim and recordDone.
    return Atomics.load(this.#words, HEADER_WORDS + batch * RECORD_WORDS + STATE) as BatchState;
  }

  /** Thread that claimed the batch; meaningful unless PENDING. */
  threadId(batch: number): number {
    return this.#words[HEADER_WORDS + batch * RECORD_WORDS + THREAD]!;
  }

  rowsDone(batch: number): number {
    return Atomics.load(this.#words, HEADER_WORDS + batch * RECORD_WORDS + ROWS_DONE);
  }

  rejected(batch: number): number {
    return this.#words[HEADER_WORDS + batch * RECORD_WORDS + REJECTED]!;
  }

  claimedAtMs(batch: number): number {
    return this.#times[(HEADER_WORDS + batch * RECORD_WORDS + CLAIMED_AT) >> 1]!;
  }

  endedAtMs(batch: number): number {
    return this.#times[(HEADER_WORDS + batch * RECORD_WORDS + ENDED_AT) >> 1]!;
  }

  /** Nanoseconds of each timing group of a batch that is DONE; none where the run is not timed. */
  timings(batch: number): Float32Array {
    if (!this.timed) return this.#timings.subarray(0, 0);
    const at = HEADER_WORDS + batch * RECORD_WORDS;
    const first = this.#unsigned[at + FIRST_TIMING]!;
    return this.#timings.subarray(first, first + timingCount(this.batch(batch)));
  }
}

function timingCount(batch: Batch): number {
  return Math.ceil(batch.count / batch.sliceRows);
}
