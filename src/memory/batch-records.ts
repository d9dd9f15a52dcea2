/**
 * What became of the batches of one call. It is a view on the records of the job that did the call, perhaps together with
 * others.
 */
import { type Batch, batchAt, firstTimingOf } from './batch.js';
import { PENDING, RESERVED, type UnitState } from './control-layout.js';
import type { JobControl } from './job-control.js';

export class BatchRecords {
  readonly batchCount: number;
  /** The job's control block. */
  readonly control: JobControl;
  readonly #first: number;
  readonly #base: number;

  /**
   * @param first the call's first unit
   * @param base what is subtracted from all byte offsets
   */
  constructor(control: JobControl, first = 0, batchCount = control.unitCount, base = 0) {
    this.control = control;
    this.batchCount = batchCount;
    this.#first = first;
    this.#base = base;
  }

  /** The same with offsets that count from `base`: for rows that were copied elsewhere. */
  from(base: number): BatchRecords {
    return new BatchRecords(this.control, this.#first, this.batchCount, base);
  }

  /** Whether there are times. */
  get timed(): boolean {
    return this.control.timed;
  }

  batch(index: number): Batch {
    const batch = batchAt(this.control, this.#first + index);
    if (this.#base === 0) return batch;
    return { ...batch, rows: batch.rows - this.#base, magnitudes: batch.magnitudes - this.#base };
  }

  state(batch: number): UnitState {
    return this.control.state(this.#first + batch);
  }

  /** Batches that no thread has claimed. */
  get unclaimed(): number {
    let unclaimed = 0;
    for (let batch = 0; batch < this.batchCount; batch++) {
      const state = this.state(batch);
      if (state === PENDING || state === RESERVED) unclaimed++;
    }
    return unclaimed;
  }

  /** Thread that claimed the batch; meaningful where it is CLAIMED or DONE. */
  threadId(batch: number): number {
    return this.control.threadId(this.#first + batch);
  }

  rowsDone(batch: number): number {
    return this.control.rowsDone(this.#first + batch);
  }

  rejected(batch: number): number {
    return this.control.rejected(this.#first + batch);
  }

  /** 0 until the thread has written it. */
  claimedAtMs(batch: number): number {
    return this.control.claimedAtMs(this.#first + batch);
  }

  endedAtMs(batch: number): number {
    return this.control.endedAtMs(this.#first + batch);
  }

  /** Nanoseconds of each timing group of a batch that is DONE; none where the job is not timed. */
  timings(batch: number): Float32Array {
    const { count, sliceRows } = this.batch(batch);
    return this.control.timings(firstTimingOf(this.control, this.#first + batch), Math.ceil(count / sliceRows));
  }

  /** Takes in that the call's batches are not wanted any more. */
  drop(): void {
    this.control.drop(this.#first, this.#first + this.batchCount);
  }
}
