// One row by itself: what becomes of it once its sum of squares is known, and the exact way for sums float32 cannot
// carry. Invariant: a row either has its magnitude stored, or its status stored and (where rows are written) all its
// components +0.
import { EMPTY_VECTOR, NON_FINITE, ZERO_MAGNITUDE } from './status';

// Below this float32 squares may have lost bits to underflow: 65,536 components lose at most 2^16 x 2^-150 = 2^-134,
// which is nothing beside 2^-100.
const SMALLEST_SUM: f64 = 7.888609052210118e-31;

/** Whether a sum of float32 squares can be trusted: no overflow, no underflow, nothing that is not a number. */
// @ts-ignore: decorator
@inline
export function isTrusted(sum: f64): bool {
  return sum >= SMALLEST_SUM && sum < Infinity;
}

/** The factor that normalises a row whose sum is trusted; the same float32 wherever a row is scaled. */
// @ts-ignore: decorator
@inline
export function inverseMagnitude(sum: f64): f32 {
  return <f32>(1 / Math.sqrt(sum));
}

/** Stores the magnitude, or the status, of one row and scales the row if asked to. Returns 1 for a rejected row. */
export function settleRow(row: usize, dims: usize, sum: f64, magnitude: usize, scaled: bool): i32 {
  if (!isTrusted(sum)) return settleExactly(row, dims, magnitude, scaled);
  store<f32>(magnitude, <f32>Math.sqrt(sum));
  if (scaled) scale(row, dims, inverseMagnitude(sum));
  return 0;
}

/** Does that in float64, where no square of a float32 overflows or vanishes. */
function settleExactly(row: usize, dims: usize, magnitude: usize, scaled: bool): i32 {
  const bytes = dims << 2;
  let sum: f64 = 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const x = <f64>load<f32>(row + at);
    sum += x * x;
  }
  const status = dims == 0 ? EMPTY_VECTOR : sum == 0 ? ZERO_MAGNITUDE : sum < Infinity ? 0 : NON_FINITE;
  if (status) {
    store<i32>(magnitude, status);
    if (scaled) memory.fill(row, 0, bytes);
    return 1;
  }
  const length = Math.sqrt(sum);
  store<f32>(magnitude, <f32>length);
  if (scaled) {
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(row + at, <f32>(<f64>load<f32>(row + at) / length));
  }
  return 0;
}

function scale(row: usize, dims: usize, factor: f32): void {
  let left = dims;
  if (ASC_FEATURE_SIMD) {
    const factors = f32x4.splat(factor);
    for (; left >= 16; left -= 16, row += 64) {
      v128.store(row, f32x4.mul(v128.load(row), factors));
      v128.store(row, f32x4.mul(v128.load(row, 16), factors), 16);
      v128.store(row, f32x4.mul(v128.load(row, 32), factors), 32);
      v128.store(row, f32x4.mul(v128.load(row, 48), factors), 48);
    }
    for (; left >= 4; left -= 4, row += 16) v128.store(row, f32x4.mul(v128.load(row), factors));
  }
  for (; left; left--, row += 4) store<f32>(row, load<f32>(row) * factor);
}
