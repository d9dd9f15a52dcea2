// Quads: four neighbouring float32 components of one row, and what is done to one of them.

/** The first `length` (0..4, or more for four) components at `from`, +0 in the lanes behind; reads nothing else. */
export function loadQuad(from: usize, length: isize): v128 {
  if (length >= 4) return v128.load(from);
  if (length == 3) return v128.load_lane<f32>(from, v128.load_zero<f64>(from), 2, 8);
  if (length == 2) return v128.load_zero<f64>(from);
  if (length == 1) return v128.load_zero<f32>(from);
  return f32x4.splat(0);
}

/** Writes the first `length` (1..3) components of a quad and nothing else. */
export function storePart(to: usize, quad: v128, length: usize): void {
  if (length == 1) return v128.store_lane<f32>(to, quad, 0);
  v128.store_lane<f64>(to, quad, 0);
  if (length == 3) v128.store_lane<f32>(to, quad, 2, 8);
}

/** `sums` plus the squares of a quad, lane by lane. */
// @ts-ignore: decorator
@inline
export function addSquares(sums: v128, quad: v128): v128 {
  return f32x4.add(sums, f32x4.mul(quad, quad));
}

/** Two float64 sums plus the four float32 sums of 16 quads: lane 0 takes lanes 0 and 2, lane 1 takes 1 and 3. */
// @ts-ignore: decorator
@inline
export function fold(total: v128, sums: v128): v128 {
  const high = v128.shuffle<i32>(sums, sums, 2, 3, 2, 3);
  return f64x2.add(total, f64x2.add(f64x2.promote_low_f32x4(sums), f64x2.promote_low_f32x4(high)));
}

/** The sum of squares of a row from its two float64 sums. */
// @ts-ignore: decorator
@inline
export function totalOf(total: v128): f64 {
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
}

/**
 * float32 bits as signed integers of the same order, -0 before +0: negative numbers have all bits but the sign
 * flipped. Its own inverse.
 */
// @ts-ignore: decorator
@inline
export function toKeys(bits: v128): v128 {
  return v128.xor(bits, i32x4.shr_u(i32x4.shr_s(bits, 31), 1));
}
