// Four rows at a time through the network: sorted runs of eight are gathered and merged two by two.
import { gather, gatherRest } from './gather';
import { mergeFourLevels, mergeOneLevel, mergeThreeLevels, mergeThreeLevelsOfSix } from './merge-heads';
import { mergeEights, mergeSixteens } from './merge-runs';
import { mergeWindows } from './merge-windows';
import { FILL, ROW, ROWS, sizeOf } from './scratch';

/** Rows gathered at a time, the 64 components after which the sums are folded. */
const CHUNK: usize = 64 * ROW;

/** Brings the rows at `r0`..`r3` into the scratch and sorts them but for three levels, which `scatter` does. */
export function gatherSorted(r0: usize, r1: usize, r2: usize, r3: usize, dims: usize, scratch: usize): void {
  v128.store(scratch, f64x2.splat(0));
  v128.store(scratch, f64x2.splat(0), 16);
  v128.store(scratch, f64x2.splat(0), 32);
  v128.store(scratch, f64x2.splat(0), 48);
  const rows = scratch + ROWS;
  const size = sizeOf(dims);
  for (let first: usize = 0; first < size; first += CHUNK) {
    const columns = min<usize>(dims - (first >> 4), 64);
    const whole = columns & ~7;
    let at = first >> 2;
    if (whole) gather(r0 + at, r1 + at, r2 + at, r3 + at, whole, rows + first, scratch);
    if (columns > whole) {
      at += whole << 2;
      gatherRest(r0 + at, r1 + at, r2 + at, r3 + at, columns - whole, rows + first + whole * ROW, scratch);
    }
    const done = min(first + CHUNK, size);
    mergeEights(rows + first, rows + (done & ~(16 * ROW - 1)));
    mergeSixteens(rows + first, rows + (done & ~(32 * ROW - 1)));
    // Longer runs are merged as soon as both are there; behind the last chunk nothing is waited for.
    for (let half: usize = 16 * ROW; half < done && (done == size || (done & half) == 0); half <<= 1) {
      const start = (done - 1) & ~(2 * half - 1);
      if (done - start > half) merge(rows, start, half, done, size);
    }
  }
}

/**
 * Merges the sorted runs at the offsets `start` and `start + half` up to `end`; the merge that ends with all of `size`
 * sorted is left three levels short. All offsets are in bytes, half is a power of two of 16 rows or more.
 *
 * The levels are half, half / 2, ..., one row. The last three go together, and the three before those; the first three
 * or four do where the second run is whole or half as long, or is made so by fill; what is between goes level by level.
 */
function merge(rows: usize, start: usize, half: usize, end: usize, size: usize): void {
  const from = rows + start;
  const to = rows + end;
  const length = end - start;
  if (half == 16 * ROW && length == 2 * half) return;

  // Fill is never moved, so no level but the first ones needs to know of it.
  const quarter = half >> 2;
  const whole = length > half + 2 * quarter;
  let step = half;
  if (half > 16 * ROW && length > half + quarter) {
    const filled = from + half + (whole ? half : 2 * quarter);
    for (let at = to; at < filled; at += ROW) v128.store(at, i32x4.splat(FILL));
    if (!whole) {
      step >>= 2;
      mergeThreeLevelsOfSix(from, step);
    } else if (half == 32 * ROW || half == 256 * ROW) {
      step >>= 2;
      mergeThreeLevels(from, step);
    } else {
      step >>= 3;
      mergeFourLevels(from, step);
    }
  } else {
    mergeOneLevel(from - step, to, step);
  }
  while (step != 8 * ROW && step != 64 * ROW) {
    step >>= 1;
    mergeOneLevel(from, to, step);
  }
  if (step == 64 * ROW) mergeWindows(from, to, 8 * ROW);
  if (start || end < size) mergeWindows(from, to, ROW);
}
