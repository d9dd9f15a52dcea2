// Sums of squares of one row: quads of four neighbouring components, one float32 sum of each lane, two float64 sums.

/** The first `length` (0..4, or more for four) components at `from`, +0 in the lanes behind; reads nothing else. */
export function loadQuad(from: usize, length: isize): v128 {
  if (length >= 4) return v128.load(from);
  if (length == 3) return v128.load_lane<f32>(from, v128.load_zero<f64>(from), 2, 8);
  if (length == 2) return v128.load_zero<f64>(from);
  if (length == 1) return v128.load_zero<f32>(from);
  return f32x4.splat(0);
}

/** `sums` plus the squares of two quads, lane by lane; in this order, the chain of additions is half as long. */
// @ts-ignore: decorator
@inline
export function addSquares(sums: v128, quad: v128, next: v128): v128 {
  return f32x4.add(sums, f32x4.add(f32x4.mul(quad, quad), f32x4.mul(next, next)));
}

/** `total` plus the four sums of a span: lane 0 takes lanes 0 and 2, lane 1 takes 1 and 3. */
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
