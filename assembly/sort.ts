// Rows whose components are sorted: `sort` alone, and `process`, normalising on the way.
//
// Scaling by a positive factor keeps the order (rounding is monotone, and what vanishes becomes -0 or +0 by its sign),
// so `process` sorts first and scales on the way out.
import { normalize } from './normalize';
import { inverseMagnitude, isTrusted } from './row';
import { sortRow } from './scalar/radix-sort';
import { gatherSorted } from './simd/merge-sort';
import { scatter } from './simd/scatter';
import { FACTORS } from './simd/scratch';
import { totalOf } from './simd/squares';

/** Rows of these lengths are fetched ahead: shorter ones arrive soon enough, longer ones would push others out of the cache. */
const LEAST_TOUCHED: usize = 128;
const MOST_TOUCHED: usize = 320;

/** Normalises `count` rows in place, writes their magnitudes and sorts each row. Returns how many were rejected. */
export function process(rows: usize, count: usize, dims: usize, magnitudes: usize, scratch: usize): i32 {
  if (!ASC_FEATURE_SIMD || !dims) {
    const rejected = normalize(rows, count, dims, magnitudes);
    sort(rows, count, dims, scratch);
    return rejected;
  }
  let rejected = 0;
  while (count) {
    const lanes = min<usize>(count, 4);
    if (count >= 8 && dims - LEAST_TOUCHED <= MOST_TOUCHED - LEAST_TOUCHED) touch(rows + (dims << 4), dims << 4);
    rejected += processGroup(rows, lanes, dims, magnitudes, scratch);
    rows += (lanes * dims) << 2;
    magnitudes += lanes << 2;
    count -= lanes;
  }
  return rejected;
}

/**
 * Reads a value of every line, so that the rows are on their way to the cache while those before are sorted. WebAssembly has
 * no prefetch; a load whose value is dropped stays, as it might trap.
 */
// @ts-ignore: decorator
@inline
function touch(from: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 64) load<i32>(from);
}

/** Sorts the components of each of `count` rows ascending, in place. */
export function sort(rows: usize, count: usize, dims: usize, scratch: usize): void {
  if (!dims) return;
  const bytes = dims << 2;
  while (count) {
    const lanes: usize = ASC_FEATURE_SIMD ? min<usize>(count, 4) : 1;
    for (let lane: usize = 0; lane < lanes; lane++) unifyNaN(rows + lane * bytes, dims);
    if (ASC_FEATURE_SIMD) {
      gatherGroup(rows, lanes, dims, scratch);
      scatterGroup(rows, lanes, dims, scratch, f32x4.splat(1));
    } else {
      sortRow(rows, dims, scratch);
    }
    rows += lanes * bytes;
    count -= lanes;
  }
}

/** One to four rows, normalised and sorted. */
function processGroup(rows: usize, lanes: usize, dims: usize, magnitudes: usize, scratch: usize): i32 {
  gatherGroup(rows, lanes, dims, scratch);
  for (let lane: usize = 0; lane < 4; lane++) {
    const sum = totalOf(v128.load(scratch + 16 * lane));
    if (!isTrusted(sum)) {
      // The rows are still as they were: normalise them one by one, then sort them as they are.
      const rejected = normalize(rows, lanes, dims, magnitudes);
      gatherGroup(rows, lanes, dims, scratch);
      scatterGroup(rows, lanes, dims, scratch, f32x4.splat(1));
      return rejected;
    }
    if (lane < lanes) store<f32>(magnitudes + 4 * lane, <f32>Math.sqrt(sum));
    store<f32>(scratch + FACTORS + 4 * lane, inverseMagnitude(sum));
  }
  let factors = v128.load_splat<f32>(scratch, FACTORS);
  factors = v128.load_lane<f32>(scratch, factors, 1, FACTORS + 4);
  factors = v128.load_lane<f32>(scratch, factors, 2, FACTORS + 8);
  factors = v128.load_lane<f32>(scratch, factors, 3, FACTORS + 12);
  scatterGroup(rows, lanes, dims, scratch, factors);
  return 0;
}

// A lane without a row of its own repeats the last row, and writes the same bytes once more.

// @ts-ignore: decorator
@inline
function laneRow(rows: usize, lane: usize, lanes: usize, dims: usize): usize {
  return rows + ((dims * min<usize>(lane, lanes - 1)) << 2);
}

function gatherGroup(rows: usize, lanes: usize, dims: usize, scratch: usize): void {
  const r1 = laneRow(rows, 1, lanes, dims);
  const r2 = laneRow(rows, 2, lanes, dims);
  gatherSorted(rows, r1, r2, laneRow(rows, 3, lanes, dims), dims, scratch);
}

function scatterGroup(rows: usize, lanes: usize, dims: usize, scratch: usize, factors: v128): void {
  const r1 = laneRow(rows, 1, lanes, dims);
  const r2 = laneRow(rows, 2, lanes, dims);
  scatter(rows, r1, r2, laneRow(rows, 3, lanes, dims), dims, scratch, factors);
}

/** Gives every NaN of a row the one pattern that sorts last, as `Float32Array.prototype.sort` has it. */
function unifyNaN(row: usize, dims: usize): void {
  let left = dims;
  if (ASC_FEATURE_SIMD) {
    let at = row;
    let found = i32x4.splat(0);
    for (; left >= 4; left -= 4, at += 16) {
      const x = v128.load(at);
      found = v128.or(found, f32x4.ne(x, x));
    }
    if (v128.any_true(found)) left = dims;
    else row = at;
  }
  for (; left; left--, row += 4) {
    const x = load<f32>(row);
    if (x != x) store<i32>(row, 0x7fc00000);
  }
}
