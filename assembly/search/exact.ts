// Scores in float64, for the few rows that the scan cannot rule out. A product of two float32 is exact in float64. Four
// sums, of the components j, j + 4, j + 8, ..., in this order in every build and in the JavaScript twin: the same bits
// everywhere, so rows that are equal get equal scores.

/** Inner product. */
export function exactDot(row: usize, query: usize, dims: usize): f64 {
  return sumOf(row, query, dims, false);
}

/** Squared Euclidean distance. */
export function exactDistance(row: usize, query: usize, dims: usize): f64 {
  return sumOf(row, query, dims, true);
}

/** Cosine of a row and a query of length `queryLength`: both sums in one walk over the row. */
export function exactCosine(row: usize, query: usize, dims: usize, queryLength: f64): f64 {
  let products: f64 = 0;
  let squares: f64 = 0;
  if (ASC_FEATURE_SIMD) {
    let p01 = f64x2.splat(0);
    let p23 = p01;
    let s01 = p01;
    let s23 = p01;
    for (; dims >= 4; dims -= 4, row += 16, query += 16) {
      const x = v128.load(row);
      const y = v128.load(query);
      const x01 = f64x2.promote_low_f32x4(x);
      const x23 = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3));
      p01 = f64x2.add(p01, f64x2.mul(x01, f64x2.promote_low_f32x4(y)));
      p23 = f64x2.add(p23, f64x2.mul(x23, f64x2.promote_low_f32x4(v128.shuffle<i32>(y, y, 2, 3, 2, 3))));
      s01 = f64x2.add(s01, f64x2.mul(x01, x01));
      s23 = f64x2.add(s23, f64x2.mul(x23, x23));
    }
    products = lastSum(p01, p23, row, query, dims);
    squares = lastSum(s01, s23, row, row, dims);
  } else {
    products = sumOf(row, query, dims, false);
    squares = sumOf(row, row, dims, false);
  }
  return products / (queryLength * sqrt<f64>(squares));
}

/** The four sums, with the last one to three products, added up. */
// @ts-ignore: decorator
@inline
function lastSum(sum01: v128, sum23: v128, row: usize, query: usize, dims: usize): f64 {
  let sum0 = f64x2.extract_lane(sum01, 0);
  let sum1 = f64x2.extract_lane(sum01, 1);
  let sum2 = f64x2.extract_lane(sum23, 0);
  if (dims > 0) sum0 += term(row, query, false);
  if (dims > 1) sum1 += term(row + 4, query + 4, false);
  if (dims > 2) sum2 += term(row + 8, query + 8, false);
  return sum0 + sum1 + (sum2 + f64x2.extract_lane(sum23, 1));
}

/** Sum of squares of a row. */
export function exactSquares(row: usize, dims: usize): f64 {
  return sumOf(row, row, dims, false);
}

// @ts-ignore: decorator
@inline
function sumOf(row: usize, query: usize, dims: usize, distance: bool): f64 {
  let sum0: f64 = 0;
  let sum1: f64 = 0;
  let sum2: f64 = 0;
  let sum3: f64 = 0;
  for (; dims >= 4; dims -= 4, row += 16, query += 16) {
    sum0 += term(row, query, distance);
    sum1 += term(row + 4, query + 4, distance);
    sum2 += term(row + 8, query + 8, distance);
    sum3 += term(row + 12, query + 12, distance);
  }
  if (dims > 0) sum0 += term(row, query, distance);
  if (dims > 1) sum1 += term(row + 4, query + 4, distance);
  if (dims > 2) sum2 += term(row + 8, query + 8, distance);
  return sum0 + sum1 + (sum2 + sum3);
}

// @ts-ignore: decorator
@inline
function term(row: usize, query: usize, distance: bool): f64 {
  const x = <f64>load<f32>(row);
  const y = <f64>load<f32>(query);
  if (!distance) return x * y;
  const difference = x - y;
  return difference * difference;
}
