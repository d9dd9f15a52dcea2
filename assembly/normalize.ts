// Magnitudes and normalisation of rows that stay in their order.
//
// The sum of squares of a row is the same bits wherever it is taken (here or in simd/gather.ts), since its order
// depends on dims alone. Components are summed up in spans of 64, the last whole eights, and the rest below eight. In a
// span, float32 lane j adds up x(j)^2 + x(j + 4)^2, x(j + 8)^2 + x(j + 12)^2, ...; the four lanes go into two float64
// sums. Eight pairs of one sign: at most 7 + 1 + 1 roundings keep a span within 9 x 2^-24 = 5.4e-7, so the magnitude
// within 2.7e-7 + 2^-24 and a component, with two roundings more, within 4.5e-7.
import { settleRow } from './row';
import { addSquares, fold, loadQuad, totalOf } from './simd/squares';

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
  // The next row is summed up while the square root and the division of this one are on their way.
  let sum = count ? squareSum(rows, dims) : 0;
  for (; count; count--, rows += bytes, magnitudes += 4) {
    const next = count > 1 ? squareSum(rows + bytes, dims) : 0;
    rejected += settleRow(rows, dims, sum, magnitudes, scaled);
    sum = next;
  }
  return rejected;
}

function squareSum(row: usize, dims: usize): f64 {
  return ASC_FEATURE_SIMD ? squareSumVector(row, dims) : squareSumScalar(row, dims);
}

/** The length of the next span where `left` components are left. */
// @ts-ignore: decorator
@inline
function spanOf(left: usize): usize {
  return left < 8 ? left : min<usize>(left & ~7, 64);
}

/** Every span begins a chain of additions of its own, so the processor adds up several of them at a time. */
function squareSumVector(row: usize, dims: usize): f64 {
  let total = f64x2.splat(0);
  for (let left = dims; left; ) {
    let sums = f32x4.splat(0);
    let columns = spanOf(left);
    left -= columns;
    for (; columns >= 8; columns -= 8, row += 32) sums = addSquares(sums, v128.load(row), v128.load(row, 16));
    if (columns) sums = addSquares(sums, loadQuad(row, columns), loadQuad(row + 16, <isize>columns - 4));
    total = fold(total, sums);
  }
  return totalOf(total);
}

/** The same lane by lane, to the same bits. */
function squareSumScalar(row: usize, dims: usize): f64 {
  let total0: f64 = 0;
  let total1: f64 = 0;
  for (let left = dims; left; ) {
    let sum0: f32 = 0;
    let sum1: f32 = 0;
    let sum2: f32 = 0;
    let sum3: f32 = 0;
    let columns = spanOf(left);
    left -= columns;
    for (; columns >= 8; columns -= 8, row += 32) {
      sum0 += square(row) + square(row + 16);
      sum1 += square(row + 4) + square(row + 20);
      sum2 += square(row + 8) + square(row + 24);
      sum3 += square(row + 12) + square(row + 28);
    }
    if (columns > 0) sum0 = square(row) + (columns > 4 ? square(row + 16) : 0);
    if (columns > 1) sum1 = square(row + 4) + (columns > 5 ? square(row + 20) : 0);
    if (columns > 2) sum2 = square(row + 8) + (columns > 6 ? square(row + 24) : 0);
    if (columns > 3) sum3 = square(row + 12);
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
