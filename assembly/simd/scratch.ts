// The scratch of a group of four rows, 64-byte aligned:
//
//     0   float64 x 8   sums of squares, two of each row
//    64   float64 x 8   sums that nobody reads; then the four float32 factors
//   128   float32 x 32  eight components of each row: the last ones, where dims is not a multiple of eight
//   256   int32 x 4 x n scratch rows: row i holds component i of the four rows as keys, lane r that of row r
//
// n is dims up to a multiple of eight, and four rows more for fill.

/** Bytes of one scratch row. */
export const ROW: usize = 16;

export const UNUSED: usize = 64;
export const FACTORS: usize = 64;
export const COPIES: usize = 128;
export const ROWS: usize = 256;

/** A key behind all others: stands where there is no component. */
export const FILL: i32 = 0x7fffffff;

/** Bytes of the scratch rows of `dims` components. */
// @ts-ignore: decorator
@inline
export function sizeOf(dims: usize): usize {
  return ((dims + 7) & ~7) * ROW;
}
