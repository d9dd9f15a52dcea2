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
