/**
 * Batches: the units of an indexing job. Each is some rows of one length; see control-layout.ts for where they are written.
 */
import { UNIT_WORDS } from './control-layout.js';
import type { UnitControl } from './unit-control.js';

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
