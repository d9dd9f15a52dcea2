// The comparator: two scratch rows, four independent comparisons.

/** Bytes of one scratch row: four keys. */
export const ROW: usize = 16;

// @ts-ignore: decorator
@inline
export function lower(a: v128, b: v128): v128 {
  return i32x4.min_s(a, b);
}

// @ts-ignore: decorator
@inline
export function upper(a: v128, b: v128): v128 {
  return i32x4.max_s(a, b);
}
