// Magnitudes and normalisation of rows that stay in their order.
//
// The sum of squares of a row is the same bits wherever it is taken (here or in simd/gather.ts), since its order
// depends on dims alone. Components are summed up in spans of 64, the last whole eights, and the rest below eight: lane
// j of a float32 quad adds up the squares of components j, j + 4, ... of a span, and the four lanes go into two float64
// sums. A lane adds 16 numbers of one sign: 15 roundings and that of the square keep the sum of squares within
// 16 x 2^-24 = 9.6e-7, so the magnitude within 4.8e-7 and a component, with two more roundings, within 6e-7.
import { settleRow } from './row';
import { addSquares, fold, loadQuad, totalOf } from './simd/quad';

/** Writes the magnitude of each of `count` rows; returns how many were rejected. */
export function magnitudes(rows: usize, count: usize, dims: usize, magnitudes: usize): i32 {
  return settleRows(rows, count, dims, magnitudes, false);
}

/** Normalises `count` rows in place and writes their magnitudes; rejected rows become zeros. Returns how many. */
export function normalize(rows: usize, count: usize, dims: usize, magnitudes: usize): i32 {
  return settleRows(rows, count, dims, magnitudes, true);
}

function settleRows(rows: usize, count: usize, dims: usize, magnitudes: usize, scaled: bool): i32 {
  const bytes = dims << 2;
  let rejected = 0;
  while (count) {
    const lanes: usize = ASC_FEATURE_SIMD ? min<usize>(count, 4) : 1;
    if (ASC_FEATURE_SIMD) rejected += settleGroup(rows, lanes, dims, magnitudes, scaled);
    else rejected += settleRow(rows, dims, squareSum(rows, dims), magnitudes, scaled);
    rows += lanes * bytes;
    magnitudes += lanes << 2;
    count -= lanes;
  }
  return rejected;
}

/** The length of the next span where `left` components are left. */
// @ts-ignore: decorator
@inline
function spanOf(left: usize): usize {
  return left < 8 ? left : min<usize>(left & ~7, 64);
}

/**
 * One to four rows at a time: four independent chains of additions hide each other's latency. A lane without a row of
 * its own repeats the last row.
 */
function settleGroup(rows: usize, lanes: usize, dims: usize, magnitudes: usize, scaled: bool): i32 {
  const bytes = dims << 2;
  let r0 = rows;
  let r1 = rows + bytes * min<usize>(1, lanes - 1);
  let r2 = rows + bytes * min<usize>(2, lanes - 1);
  let r3 = rows + bytes * (lanes - 1);
  let total0 = f64x2.splat(0);
  let total1 = f64x2.splat(0);
  let total2 = f64x2.splat(0);
  let total3 = f64x2.splat(0);
  for (let left = dims; left; ) {
    let sums0 = f32x4.splat(0);
    let sums1 = f32x4.splat(0);
    let sums2 = f32x4.splat(0);
    let sums3 = f32x4.splat(0);
    let columns = spanOf(left);
    left -= columns;
    for (; columns >= 4; columns -= 4) {
      sums0 = addSquares(sums0, v128.load(r0));
      sums1 = addSquares(sums1, v128.load(r1));
      sums2 = addSquares(sums2, v128.load(r2));
      sums3 = addSquares(sums3, v128.load(r3));
      r0 += 16;
      r1 += 16;
      r2 += 16;
      r3 += 16;
    }
    if (columns) {
      sums0 = addSquares(sums0, loadQuad(r0, columns));
      sums1 = addSquares(sums1, loadQuad(r1, columns));
      sums2 = addSquares(sums2, loadQuad(r2, columns));
      sums3 = addSquares(sums3, loadQuad(r3, columns));
    }
    total0 = fold(total0, sums0);
    total1 = fold(total1, sums1);
    total2 = fold(total2, sums2);
    total3 = fold(total3, sums3);
  }
  let rejected = settleRow(rows, dims, totalOf(total0), magnitudes, scaled);
  if (lanes > 1) rejected += settleRow(rows + bytes, dims, totalOf(total1), magnitudes + 4, scaled);
  if (lanes > 2) rejected += settleRow(rows + 2 * bytes, dims, totalOf(total2), magnitudes + 8, scaled);
  if (lanes > 3) rejected += settleRow(rows + 3 * bytes, dims, totalOf(total3), magnitudes + 12, scaled);
  return rejected;
}

/** The same sum for one row without SIMD: lane by lane, to the same bits. */
function squareSum(row: usize, dims: usize): f64 {
  let total0: f64 = 0;
  let total1: f64 = 0;
  for (let left = dims; left; ) {
    let sum0: f32 = 0;
    let sum1: f32 = 0;
    let sum2: f32 = 0;
    let sum3: f32 = 0;
    let columns = spanOf(left);
    left -= columns;
    for (; columns >= 4; columns -= 4, row += 16) {
      sum0 += square(row);
      sum1 += square(row + 4);
      sum2 += square(row + 8);
      sum3 += square(row + 12);
    }
    if (columns > 0) sum0 += square(row);
    if (columns > 1) sum1 += square(row + 4);
    if (columns > 2) sum2 += square(row + 8);
    total0 += <f64>sum0 + <f64>sum2;
    total1 += <f64>sum1 + <f64>sum3;
  }
  return total0 + total1;
}

// @ts-ignore: decorator
@inline
function square(at: usize): f32 {
  const x = load<f32>(at);
  return x * x;
}
