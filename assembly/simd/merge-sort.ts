// Four rows at a time through the network: gather sorted runs of eight, merge them two by two, scatter.
import { gather, gatherRest, HEADER } from './gather';
import { mergeFourLevels, mergeOneLevel, mergeThreeLevels } from './merge-heads';
import { mergeEights, mergeSixteens } from './merge-runs';
import { mergeWindows } from './merge-windows';
import { ROW } from './network';
import { scatter, scatterWindows } from './scatter';

/** Rows gathered at a time, the 64 components after which the sums are folded. */
const CHUNK: usize = 64 * ROW;

/** Up to this size all merges are finished in the scratch; of longer rows the last merge is finished on the way out. */
const SHORT: usize = 32 * ROW;

/** Brings the rows at `r0`..`r3` into the scratch and sorts them but for the last three levels of the last merge. */
export function gatherSorted(r0: usize, r1: usize, r2: usize, r3: usize, dims: usize, scratch: usize): void {
  v128.store(scratch, f64x2.splat(0));
  v128.store(scratch, f64x2.splat(0), 16);
  v128.store(scratch, f64x2.splat(0), 32);
  v128.store(scratch, f64x2.splat(0), 48);
  const rows = scratch + HEADER;
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

/** Finishes what `gatherSorted` left and writes it, times the factor of each lane, to the rows. */
export function scatterSorted(r0: usize, r1: usize, r2: usize, r3: usize, dims: usize, scratch: usize, factors: v128): void {
  const rows = scratch + HEADER;
  const size = sizeOf(dims);
  if (size > SHORT) scatterWindows(r0, r1, r2, r3, dims, rows, rows + size, factors);
  else scatter(r0, r1, r2, r3, dims, rows, factors);
}

/** Bytes of the scratch rows. */
// @ts-ignore: decorator
@inline
function sizeOf(dims: usize): usize {
  return (dims + 7 & ~7) * ROW;
}

/**
 * Merges the sorted runs at the offsets `start` and `start + half` up to `end`; the merge that ends with all of `size`
 * sorted is left three levels short. All offsets are in bytes, half is a power of two of 16 rows or more.
 */
function merge(rows: usize, start: usize, half: usize, end: usize, size: usize): void {
  const from = rows + start;
  const to = rows + end;
  const whole = end - start == 2 * half;
  let step: usize;
  if (half == 16 * ROW) {
    if (whole) return;
    step = half >> 1;
    mergeOneLevel(from - half, to, half);
    mergeOneLevel(from, to, step);
  } else if (ctz(half / (16 * ROW)) % 3 == 1) {
    step = half >> 2;
    mergeThreeLevels(from, to, step);
  } else {
    step = half >> 3;
    if (whole) {
      mergeFourLevels(from, step);
    } else {
      mergeThreeLevels(from, to, 2 * step);
      mergeOneLevel(from, to, step);
    }
    if (ctz(half / (16 * ROW)) % 3 == 0) {
      step >>= 1;
      mergeOneLevel(from, to, step);
    }
  }
  for (step >>= 3; step > ROW; step >>= 3) mergeWindows(from, to, step);
  if (start || end < size || size <= SHORT) mergeWindows(from, to, ROW);
}
