// Rows whose components are sorted: `sort` alone, and `process`, normalising on the way.
//
// Scaling by a positive factor keeps the order (rounding is monotone, and what vanishes becomes -0 or +0 by its sign),
// so `process` sorts first and scales on the way out.
import { normalize } from './normalize';
import { inverseMagnitude, isTrusted, settleRow } from './row';
import { sortRow } from './scalar/radix-sort';
import { gatherSorted, scatterSorted } from './simd/merge-sort';
import { totalOf } from './simd/quad';

/** Normalises `count` rows in place, writes their magnitudes and sorts each row. Returns how many were rejected. */
export function process(rows: usize, count: usize, dims: usize, magnitudes: usize, scratch: usize): i32 {
  if (!ASC_FEATURE_SIMD || !dims) {
    const rejected = normalize(rows, count, dims, magnitudes);
    if (!ASC_FEATURE_SIMD) sort(rows, count, dims, scratch);
    return rejected;
  }
  let rejected = 0;
  for (; count; ) {
    const lanes = min<usize>(count, 4);
    rejected += processGroup(rows, lanes, dims, magnitudes, scratch);
    rows += lanes * dims << 2;
    magnitudes += lanes << 2;
    count -= lanes;
  }
  return rejected;
}

/** Sorts the components of each of `count` rows ascending, in place. */
export function sort(rows: usize, count: usize, dims: usize, scratch: usize): void {
  const bytes = dims << 2;
  for (; dims && count; ) {
    const lanes: usize = ASC_FEATURE_SIMD ? min<usize>(count, 4) : 1;
    for (let lane: usize = 0; lane < lanes; lane++) unifyNaN(rows + lane * bytes, dims);
    if (ASC_FEATURE_SIMD) sortGroup(rows, lanes, dims, scratch, f32x4.splat(1));
    else sortRow(rows, dims, scratch);
    rows += lanes * bytes;
    count -= lanes;
  }
}

/** One to four rows. A lane without a row of its own repeats the last row: it writes the same bytes once more. */
function processGroup(r0: usize, lanes: usize, dims: usize, magnitudes: usize, scratch: usize): i32 {
  const bytes = dims << 2;
  const r1 = r0 + bytes * min<usize>(1, lanes - 1);
  const r2 = r0 + bytes * min<usize>(2, lanes - 1);
  const r3 = r0 + bytes * (lanes - 1);
  gatherSorted(r0, r1, r2, r3, dims, scratch);
  const sum0 = totalOf(v128.load(scratch));
  const sum1 = totalOf(v128.load(scratch, 16));
  const sum2 = totalOf(v128.load(scratch, 32));
  const sum3 = totalOf(v128.load(scratch, 48));
  if (isTrusted(sum0) && isTrusted(sum1) && isTrusted(sum2) && isTrusted(sum3)) {
    store<f32>(magnitudes, <f32>Math.sqrt(sum0));
    if (lanes > 1) store<f32>(magnitudes, <f32>Math.sqrt(sum1), 4);
    if (lanes > 2) store<f32>(magnitudes, <f32>Math.sqrt(sum2), 8);
    if (lanes > 3) store<f32>(magnitudes, <f32>Math.sqrt(sum3), 12);
    let factors = f32x4.splat(inverseMagnitude(sum0));
    factors = f32x4.replace_lane(factors, 1, inverseMagnitude(sum1));
    factors = f32x4.replace_lane(factors, 2, inverseMagnitude(sum2));
    factors = f32x4.replace_lane(factors, 3, inverseMagnitude(sum3));
    scatterSorted(r0, r1, r2, r3, dims, scratch, factors);
    return 0;
  }
  // The rows are still as they were: normalise them one by one, then sort them as they are.
  const rejected = normalize(r0, lanes, dims, magnitudes);
  sortGroup(r0, lanes, dims, scratch, f32x4.splat(1));
  return rejected;
}

function sortGroup(r0: usize, lanes: usize, dims: usize, scratch: usize, factors: v128): void {
  const bytes = dims << 2;
  const r1 = r0 + bytes * min<usize>(1, lanes - 1);
  const r2 = r0 + bytes * min<usize>(2, lanes - 1);
  const r3 = r0 + bytes * (lanes - 1);
  gatherSorted(r0, r1, r2, r3, dims, scratch);
  scatterSorted(r0, r1, r2, r3, dims, scratch, factors);
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
