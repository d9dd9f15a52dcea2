/**
 * The control block of a run as the calling thread uses it: makes it, lets the threads go on, and reads what they recorded.
 * control-layout.ts is the map of it.
 */
import { ClaimerControl } from './claimer-control.js';
import {
  ADMITTED,
  type Batch,
  type BatchState,
  CLAIMED_AT,
  COUNT,
  DIMS,
  END,
  ENDED_AT,
  FIRST_RANK,
  FIRST_TIMING,
  HEADER_WORDS,
  type LOST,
  MAGNITUDES,
  NEXT,
  type PENDING,
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

export class ControlBlock extends ClaimerControl {
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
    control.words[NEXT] = threads;
    control.words[ADMITTED] = threads;
    control.words[END] = batches.length;
    control.words[TIMED] = timed ? 1 : 0;
    return control;
  }

  #describe(batches: readonly Batch[]): void {
    let firstTiming = 0;
    for (const [i, batch] of batches.entries()) {
      const at = HEADER_WORDS + i * RECORD_WORDS;
      this.unsigned[at + ROWS] = batch.rows;
      this.unsigned[at + MAGNITUDES] = batch.magnitudes;
      this.unsigned[at + DIMS] = batch.dims;
      this.unsigned[at + COUNT] = batch.count;
      this.unsigned[at + FIRST_RANK] = batch.firstRank;
      this.unsigned[at + SLICE_ROWS] = batch.sliceRows;
      this.unsigned[at + FIRST_TIMING] = firstTiming;
      firstTiming += timingCount(batch);
    }
  }

  // --- agreement between the threads -------------------------------------------------------------------------------

  /** From now on only the threads below `threads` may claim; the others wait. By the main thread. */
  admitThreads(threads: number): void {
    // Pairs with the load and the wait in waitUntilAdmitted.
    Atomics.store(this.words, ADMITTED, threads);
    Atomics.notify(this.words, ADMITTED);
  }

  /** The rows of the first `batches` batches are in place. */
  publishReady(batches: number): void {
    // Publishes the copied rows; pairs with the load and the wait in waitUntilReady.
    Atomics.store(this.words, READY, batches);
    Atomics.notify(this.words, READY);
  }

  get ready(): number {
    return Atomics.load(this.words, READY);
  }

  /** Clears what a thread that died wrote, so that the batch can run again; by the main thread, after that death. */
  resetRecord(batch: number, state: typeof PENDING | typeof LOST): void {
    const at = HEADER_WORDS + batch * RECORD_WORDS;
    this.words[at + ROWS_DONE] = 0;
    Atomics.store(this.words, at + STATE, state);
  }

  // --- reading ---------------------------------------------------------------------------------------------------------

  state(batch: number): BatchState {
    // Pairs with the stores in recordClaim and recordDone.
    return Atomics.load(this.words, HEADER_WORDS + batch * RECORD_WORDS + STATE) as BatchState;
  }

  /** Thread that claimed the batch; meaningful unless PENDING. */
  threadId(batch: number): number {
    return this.words[HEADER_WORDS + batch * RECORD_WORDS + THREAD]!;
  }

  rowsDone(batch: number): number {
    return Atomics.load(this.words, HEADER_WORDS + batch * RECORD_WORDS + ROWS_DONE);
  }

  rejected(batch: number): number {
    return this.words[HEADER_WORDS + batch * RECORD_WORDS + REJECTED]!;
  }

  claimedAtMs(batch: number): number {
    return this.times[(HEADER_WORDS + batch * RECORD_WORDS + CLAIMED_AT) >> 1]!;
  }

  endedAtMs(batch: number): number {
    return this.times[(HEADER_WORDS + batch * RECORD_WORDS + ENDED_AT) >> 1]!;
  }

  /** Nanoseconds of each timing group of a batch that is DONE; none where the run is not timed. */
  timings(batch: number): Float32Array {
    if (!this.timed) return this.groupTimes.subarray(0, 0);
    const at = HEADER_WORDS + batch * RECORD_WORDS;
    const first = this.unsigned[at + FIRST_TIMING]!;
    return this.groupTimes.subarray(first, first + timingCount(this.batch(batch)));
  }
}

function timingCount(batch: Batch): number {
  return Math.ceil(batch.count / batch.sliceRows);
}
