// Four lanes, one of each row: the comparator, the keys it compares, and the transpose between rows and lanes.

/**
 * float32 bits as signed integers of the same order, -0 before +0: negative numbers have all bits but the sign
 * flipped. Its own inverse. Integers compare in one cycle on x86 and arm; float32 take longer and say nothing of -0.
 */
// @ts-ignore: decorator
@inline
export function toKeys(bits: v128): v128 {
  return v128.xor(bits, i32x4.shr_u(i32x4.shr_s(bits, 31), 1));
}

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

//   row 0: a0 a1 a2 a3     unpackLow    a0 b0 a1 b1   c0 d0 c1 d1   firstHalves    a0 b0 c0 d0   component 0
//   row 1: b0 b1 b2 b3                                              secondHalves   a1 b1 c1 d1   component 1
//   row 2: c0 c1 c2 c3     unpackHigh   a2 b2 a3 b3   c2 d2 c3 d3   firstHalves    a2 b2 c2 d2   component 2
//   row 3: d0 d1 d2 d3                                              secondHalves   a3 b3 c3 d3   component 3
//
// The same steps lead from components to rows.

// @ts-ignore: decorator
@inline
export function unpackLow(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}

// @ts-ignore: decorator
@inline
export function unpackHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}

// @ts-ignore: decorator
@inline
export function firstHalves(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 0, 2);
}

// @ts-ignore: decorator
@inline
export function secondHalves(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 1, 3);
}
