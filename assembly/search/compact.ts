// Rows that are kept in less than float32: as float16, or as their int8 codes. What is written here is what the index keeps, so
// rows become what they are kept as, and everything else (magnitudes, codes, bounds) is about those.
import { TOO_LARGE } from '../status';

/** The greatest float16. */
const LARGEST_HALF: f32 = 65504;
const LARGEST: f64 = 3.4028234663852886e38;
const U: f64 = 5.960464477539063e-8; // 2⁻²⁴
/** Factor 2¹¹²: the exponent of a float16 is less than that of a float32 by this. */
const HALF_FACTOR: f32 = 5.192296858534828e33;
const HALF_INFINITY: i32 = 0x0f800000;

/**
 * Writes `count` rows as float16, and over the rows what that makes of them. A row that has no magnitude stays as it is, and its
 * float16 are zeros; so does one with a component beyond float16, which gets the status TOO_LARGE instead of its magnitude.
 */
export function narrow(rows: usize, count: usize, dims: usize, halves: usize, magnitudes: usize): void {
  for (; count; count--, rows += dims << 2, halves += dims << 1, magnitudes += 4) {
    const magnitude = load<f32>(magnitudes);
    if (magnitude != magnitude) {
      memory.fill(halves, 0, dims << 1);
      continue;
    }
    let largest: f32 = 0;
    for (let at: usize = 0; at < dims; at++) {
      const x = load<f32>(rows + (at << 2));
      largest = max<f32>(largest, abs<f32>(x));
      store<u16>(halves + (at << 1), <u16>halfOf(x));
    }
    if (largest > LARGEST_HALF) {
      memory.fill(halves, 0, dims << 1);
      store<i32>(magnitudes, TOO_LARGE);
    } else {
      widen(halves, dims, rows);
    }
  }
}

/** Rounded to the nearest float16, of two that are as near to the even one; right up to the greatest float16. */
// @ts-ignore: decorator
@inline
function halfOf(x: f32): u32 {
  const bits = reinterpret<u32>(x);
  const size = bits & 0x7fffffff;
  const sign = (bits >> 16) & 0x8000;
  // Below 2⁻¹⁴ steps are of 2⁻²⁴, those of a float32 from 0.5 on.
  if (size < 0x38800000) return sign | (reinterpret<u32>(reinterpret<f32>(size) + <f32>0.5) - 0x3f000000);
  return sign | ((size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13);
}

/** Writes `count` float16 as float32. */
export function widen(halves: usize, count: usize, floats: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (; count >= 4; count -= 4, halves += 8, floats += 16) {
      const x = v128.load_ext<u16>(halves);
      const size = i32x4.shl(v128.and(x, i32x4.splat(0x7fff)), 13);
      const special = v128.and(i32x4.ge_s(size, i32x4.splat(HALF_INFINITY)), i32x4.splat(0x7f800000));
      const sign = i32x4.shl(v128.and(x, i32x4.splat(0x8000)), 16);
      v128.store(floats, v128.or(v128.or(f32x4.mul(size, f32x4.splat(HALF_FACTOR)), special), sign));
    }
  }
  for (; count; count--, halves += 2, floats += 4) {
    const x = <i32>load<u16>(halves);
    const size = (x & 0x7fff) << 13;
    const special = size >= HALF_INFINITY ? 0x7f800000 : 0;
    store<i32>(floats, reinterpret<i32>(reinterpret<f32>(size) * HALF_FACTOR) | special | ((x & 0x8000) << 16));
  }
}

/**
 * Makes of the codes of `count` rows the rows themselves. A scale that would take a component beyond float32 becomes smaller, and with `unit` it is
 * that of a row of length 1. The error is what float32 rounds where such a row is scored. Magnitudes are those of the rows, but with `unit`, where
 * they stay; a row that has none keeps its status.
 */
export function keepCodes(
  codes: usize,
  count: usize,
  dims: usize,
  factors: usize,
  magnitudes: usize,
  unit: bool,
): void {
  const stride = (dims + 15) & ~15;
  for (; count; count--, codes += stride, factors += 8, magnitudes += 4) {
    let squares: i32 = 0;
    for (let at: usize = 0; at < dims; at++) {
      const code = <i32>load<i8>(codes + at);
      squares += code * code;
    }
    const length = sqrt<f64>(<f64>squares);
    let scale = load<f32>(factors);
    if (unit) scale = squares > 0 ? <f32>(1 / length) : 0;
    while (<f64>scale * 127 > LARGEST) scale = reinterpret<f32>(reinterpret<i32>(scale) - 1);
    store<f32>(factors, scale);
    // A component is rounded by u of it, or by 2⁻¹⁵⁰ where it is no normal number.
    const error = length * <f64>scale * U + sqrt<f64>(<f64>dims) * 2.0 ** -149;
    store<f32>(factors, <f32>(error * (1 + 2.0 ** -20) + 2.0 ** -149), 4);
    const magnitude = load<f32>(magnitudes);
    if (!unit && magnitude == magnitude) store<f32>(magnitudes, <f32>(<f64>scale * length));
  }
}

/** Writes the components of a row that is kept as codes. */
export function widenCodes(codes: usize, dims: usize, scale: f32, floats: usize): void {
  for (; dims; dims--, codes++, floats += 4) store<f32>(floats, <f32>load<i8>(codes) * scale);
}
