// The int8 copy of rows: a code of one byte for each component, and for each row two float32, its scale and a bound of the
// error, |row - scale × codes| at most. The same bits with and without SIMD, and in the JavaScript twin.
//
// Codes of a row take whole vectors of sixteen; those behind the last component are 0. Notation: u = 2⁻²⁴, d the dims, v the
// row, s its scale, the float32 nearest to max|vᵢ| / 127.
//
// Codes are the integers nearest to wᵢ = vᵢ × (1 / s), computed with two roundings: |wᵢ| ≤ 127(1 + 4u), so no code is beyond
// 127, and |wᵢ - vᵢ/s| ≤ 127(1 + 2u)(2u + u²) < 255u < 2⁻¹⁶, with room for what falls below the normal range. wᵢ - codeᵢ is
// exact. With S the float32 sum of its squares, in which no term is rounded more than d/16 + 8 times,
//
//   |v - s × codes| ≤ s (√S (1 + (d + 16)u) + √d × 2⁻¹⁶)
//
// computed in float64 and raised by more than the rounding to float32 takes away. Where max|vᵢ| is so small that 1 / s might
// overflow, s is 0: then the error is the row itself, √d × max|vᵢ| at most.

const SMALLEST: f32 = 7.888609052210118e-31; // 2⁻¹⁰⁰
/** 1.5 × 2²³: a float32 of up to 2²² that this is added to is rounded to an integer, in the lower bits of the sum. */
const ROUNDER: f32 = 12582912;
const ROUNDER_BITS: i32 = 0x4b400000;

/** Rows are dense, and at least 16 bytes of memory follow the last one; `codes` is 16-byte aligned; `factors` 8 bytes a row. */
export function quantize(rows: usize, count: usize, dims: usize, codes: usize, factors: usize): void {
  const stride = (dims + 15) & ~15;
  for (; count; count--, rows += dims << 2, codes += stride, factors += 8) quantizeRow(rows, dims, codes, factors);
}

function quantizeRow(row: usize, dims: usize, codes: usize, factors: usize): void {
  const largest = ASC_FEATURE_SIMD ? largestOf(row, dims) : largestScalar(row, dims);
  const scale: f32 = largest < SMALLEST ? 0 : largest / 127;
  const root = sqrt<f64>(<f64>dims);
  let error = root * <f64>largest;
  if (scale > 0) {
    const inverse: f32 = 1 / scale;
    const squares = ASC_FEATURE_SIMD
      ? writeCodes(row, dims, codes, inverse)
      : writeCodesScalar(row, dims, codes, inverse);
    error = <f64>scale * (sqrt<f64>(<f64>squares) * (1 + <f64>(dims + 16) * 2.0 ** -24) + root * 2.0 ** -16);
  } else {
    memory.fill(codes, 0, (dims + 15) & ~15);
  }
  store<f32>(factors, scale);
  store<f32>(factors, <f32>(error * (1 + 2.0 ** -22) + 2.0 ** -149), 4);
}

/** The greatest magnitude of a component: the bits of finite numbers without their signs are in the order of integers. */
function largestOf(row: usize, dims: usize): f32 {
  const magnitude = i32x4.splat(0x7fffffff);
  let a = i32x4.splat(0);
  let b = a;
  for (; dims >= 8; dims -= 8, row += 32) {
    a = i32x4.max_s(a, v128.and(v128.load(row), magnitude));
    b = i32x4.max_s(b, v128.and(v128.load(row, 16), magnitude));
  }
  for (let left = <i32>dims; left > 0; left -= 4, row += 16) {
    a = i32x4.max_s(a, v128.and(loadUpTo(row, left), magnitude));
  }
  a = i32x4.max_s(a, b);
  a = i32x4.max_s(a, v128.shuffle<i32>(a, a, 2, 3, 0, 1));
  a = i32x4.max_s(a, v128.shuffle<i32>(a, a, 1, 0, 3, 2));
  return reinterpret<f32>(i32x4.extract_lane(a, 0));
}

function largestScalar(row: usize, dims: usize): f32 {
  let largest: i32 = 0;
  for (; dims; dims--, row += 4) largest = max<i32>(largest, load<i32>(row) & 0x7fffffff);
  return reinterpret<f32>(largest);
}

/** The next components, as many as there are up to four, and zeros. */
// @ts-ignore: decorator
@inline
function loadUpTo(at: usize, columns: i32): v128 {
  if (columns <= 0) return i32x4.splat(0);
  return v128.and(v128.load(at), i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(columns)));
}

/** Writes the codes of a row; returns the sum of the squares of what they are off by. */
function writeCodes(row: usize, dims: usize, codes: usize, inverse: f32): f32 {
  const factor = f32x4.splat(inverse);
  const rounder = f32x4.splat(ROUNDER);
  const bits = i32x4.splat(ROUNDER_BITS);
  let sum = f32x4.splat(0);
  for (let left = <i32>dims; left > 0; left -= 16, row += 64, codes += 16) {
    const whole = left >= 16;
    let a = f32x4.mul(whole ? v128.load(row) : loadUpTo(row, left), factor);
    let b = f32x4.mul(whole ? v128.load(row, 16) : loadUpTo(row + 16, left - 4), factor);
    let c = f32x4.mul(whole ? v128.load(row, 32) : loadUpTo(row + 32, left - 8), factor);
    let d = f32x4.mul(whole ? v128.load(row, 48) : loadUpTo(row + 48, left - 12), factor);
    const i = f32x4.add(a, rounder);
    const j = f32x4.add(b, rounder);
    const k = f32x4.add(c, rounder);
    const l = f32x4.add(d, rounder);
    const low = i16x8.narrow_i32x4_s(i32x4.sub(i, bits), i32x4.sub(j, bits));
    const high = i16x8.narrow_i32x4_s(i32x4.sub(k, bits), i32x4.sub(l, bits));
    v128.store(codes, i8x16.narrow_i16x8_s(low, high));
    a = f32x4.sub(a, f32x4.sub(i, rounder));
    b = f32x4.sub(b, f32x4.sub(j, rounder));
    c = f32x4.sub(c, f32x4.sub(k, rounder));
    d = f32x4.sub(d, f32x4.sub(l, rounder));
    const ab = f32x4.add(f32x4.mul(a, a), f32x4.mul(b, b));
    sum = f32x4.add(sum, f32x4.add(ab, f32x4.add(f32x4.mul(c, c), f32x4.mul(d, d))));
  }
  return (
    f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
  );
}

/** The same without SIMD: four sums, as the lanes have them. */
function writeCodesScalar(row: usize, dims: usize, codes: usize, inverse: f32): f32 {
  let sum0: f32 = 0;
  let sum1: f32 = 0;
  let sum2: f32 = 0;
  let sum3: f32 = 0;
  for (let left = <i32>dims; left > 0; left -= 16, row += 64, codes += 16) {
    sum0 += columnSquares(row, codes, left, inverse);
    sum1 += columnSquares(row + 4, codes + 1, left - 1, inverse);
    sum2 += columnSquares(row + 8, codes + 2, left - 2, inverse);
    sum3 += columnSquares(row + 12, codes + 3, left - 3, inverse);
  }
  return sum0 + sum1 + (sum2 + sum3);
}

/** Every fourth of sixteen components. */
function columnSquares(row: usize, codes: usize, left: i32, inverse: f32): f32 {
  const a = writeCode(row, codes, left, inverse);
  const b = writeCode(row + 16, codes + 4, left - 4, inverse);
  const c = writeCode(row + 32, codes + 8, left - 8, inverse);
  const d = writeCode(row + 48, codes + 12, left - 12, inverse);
  return a * a + b * b + (c * c + d * d);
}

/** Writes one code; returns what it is off by. */
function writeCode(component: usize, code: usize, left: i32, inverse: f32): f32 {
  if (left <= 0) {
    store<i8>(code, 0);
    return 0;
  }
  const x = load<f32>(component) * inverse;
  const rounded: f32 = x + ROUNDER;
  store<i8>(code, <i8>(reinterpret<i32>(rounded) - ROUNDER_BITS));
  return x - (rounded - ROUNDER);
}
