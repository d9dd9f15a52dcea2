/**
 * Batches: the units of an indexing job, and what became of those of one call. Each is some rows of one length; control-block.ts says where
 * they are written.
 */

import type { UnitControl } from './control-block.js';
import { PENDING, RESERVED, UNIT_WORDS, type UnitState } from './control-block.js';
import type { JobControl } from './job-control.js';

/** A batch: `count` rows of `dims` components from rank `firstRank` on. Offsets are bytes in the job's memory. */
export interface Batch {
  readonly firstRank: number;
  readonly count: number;
  readonly dims: number;
  readonly rows: number;
  readonly magnitudes: number;
  /** Rows between two looks at the state of the batch; they are one timing group. */
  readonly sliceRows: number;
}

const ROWS = 0;
const MAGNITUDES = 1;
const DIMS = 2;
const COUNT = 3;
const FIRST_RANK = 4;
const SLICE_ROWS = 5;
const FIRST_TIMING = 6;
const END = 7;

/** The batches of a call among the units of a job. */
export interface BatchRange {
  readonly batches: readonly Batch[];
  /** Whether a rejected row makes the call's later batches unwanted. */
  readonly endAtRejection: boolean;
}

/** The words that say what the units of a job are: the batches of all its calls, one call after another. */
export function describeBatches(calls: readonly BatchRange[]): { units: Uint32Array; timings: number } {
  const units = new Uint32Array(UNIT_WORDS * calls.reduce((sum, { batches }) => sum + batches.length, 0));
  let unit = 0;
  let timings = 0;
  for (const { batches, endAtRejection } of calls) {
    const end = endAtRejection ? unit + batches.length : 0;
    for (const { rows, magnitudes, dims, count, firstRank, sliceRows } of batches) {
      units.set([rows, magnitudes, dims, count, firstRank, sliceRows, timings, end], UNIT_WORDS * unit++);
      timings += Math.ceil(count / sliceRows);
    }
  }
  return { units, timings };
}

export function batchAt(control: UnitControl, unit: number): Batch {
  return {
    firstRank: control.word(unit, FIRST_RANK),
    count: control.word(unit, COUNT),
    dims: control.word(unit, DIMS),
    rows: control.word(unit, ROWS),
    magnitudes: control.word(unit, MAGNITUDES),
    sliceRows: control.word(unit, SLICE_ROWS),
  };
}

/** Number of a batch's first timing group in the whole job. */
export function firstTimingOf(control: UnitControl, unit: number): number {
  return control.word(unit, FIRST_TIMING);
}

/** A rejected row in this unit makes the units after it unwanted, up to this one; 0 where it does not. */
export function endAtRejectionOf(control: UnitControl, unit: number): number {
  return control.word(unit, END);
}

/**
 * What became of the batches of one call. It is a view on the records of the job that did the call, perhaps together with
 * others.
 */
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
