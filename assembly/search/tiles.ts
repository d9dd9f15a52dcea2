// The inner loops of the scan: some queries by some rows over a span of columns.
//
// For batches of queries, 4 queries by 2 rows: every score has an accumulator of four lanes, and a loaded vector serves all
// accumulators of its row or query. That keeps 8 accumulators, 2 row vectors and 1 query vector: 11 of the 16 registers of x86-64, and 6 loads for 8
// multiply-adds. The last one to three components are loaded with what lies behind them, which is always inside the memory
// (magnitudes and workspace follow the rows), and masked.

// The terms of the sum are a type parameter, so that the choice costs nothing in the loops: isFloat<Term>() is a constant.
export type Product = f32;
export type SquaredDifference = i32;

// @ts-ignore: decorator
@inline
function term<Term>(row: v128, query: v128): v128 {
  if (isFloat<Term>()) return f32x4.mul(row, query);
  const difference = f32x4.sub(row, query);
  return f32x4.mul(difference, difference);
}

/** The term of the last `columns` (1..3) components. */
// @ts-ignore: decorator
@inline
function lastTerm<Term>(row: usize, query: usize, columns: usize): v128 {
  const mask = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(<i32>columns));
  // Masked as bits, and before it is multiplied: what lies behind a row may be NaN.
  return term<Term>(v128.and(v128.load(row), mask), v128.and(v128.load(query), mask));
}

/** Sums of the lanes of four accumulators, one in each lane. */
// @ts-ignore: decorator
@inline
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

// @ts-ignore: decorator
@inline
function sumOfLanes(a: v128): f32 {
  return (
    f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 2) + (f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 3))
  );
}

/** The sign makes a distance a score. */
// @ts-ignore: decorator
@inline
export function scoreOf<Term>(sum: f32): f32 {
  return isFloat<Term>() ? sum : -sum;
}

// @ts-ignore: decorator
@inline
function put<Term>(at: usize, sum: f32, adding: bool): void {
  const score = scoreOf<Term>(sum);
  store<f32>(at, adding ? load<f32>(at) + score : score);
}

/** Four queries by two rows. Adds to the scores, or sets them. */
export function scoreFourByTwo<Term>(
  row: usize,
  rowBytes: usize,
  query: usize,
  queryBytes: usize,
  columns: usize,
  at: usize,
  scoreBytes: usize,
  adding: bool,
): void {
  if (!ASC_FEATURE_SIMD) {
    for (let q: usize = 0; q < 4; q++) {
      put<Term>(at + q * scoreBytes, sumScalar<Term>(row, query + q * queryBytes, columns), adding);
      put<Term>(at + q * scoreBytes + 4, sumScalar<Term>(row + rowBytes, query + q * queryBytes, columns), adding);
    }
    return;
  }
  let row1 = row + rowBytes;
  let query1 = query + queryBytes;
  let query2 = query1 + queryBytes;
  let query3 = query2 + queryBytes;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (; columns >= 8; columns -= 8) {
    let x = v128.load(row);
    let y = v128.load(row1);
    let q = v128.load(query);
    a0 = f32x4.add(a0, term<Term>(x, q));
    b0 = f32x4.add(b0, term<Term>(y, q));
    q = v128.load(query1);
    a1 = f32x4.add(a1, term<Term>(x, q));
    b1 = f32x4.add(b1, term<Term>(y, q));
    q = v128.load(query2);
    a2 = f32x4.add(a2, term<Term>(x, q));
    b2 = f32x4.add(b2, term<Term>(y, q));
    q = v128.load(query3);
    a3 = f32x4.add(a3, term<Term>(x, q));
    b3 = f32x4.add(b3, term<Term>(y, q));
    x = v128.load(row, 16);
    y = v128.load(row1, 16);
    q = v128.load(query, 16);
    a0 = f32x4.add(a0, term<Term>(x, q));
    b0 = f32x4.add(b0, term<Term>(y, q));
    q = v128.load(query1, 16);
    a1 = f32x4.add(a1, term<Term>(x, q));
    b1 = f32x4.add(b1, term<Term>(y, q));
    q = v128.load(query2, 16);
    a2 = f32x4.add(a2, term<Term>(x, q));
    b2 = f32x4.add(b2, term<Term>(y, q));
    q = v128.load(query3, 16);
    a3 = f32x4.add(a3, term<Term>(x, q));
    b3 = f32x4.add(b3, term<Term>(y, q));
    row += 32;
    row1 += 32;
    query += 32;
    query1 += 32;
    query2 += 32;
    query3 += 32;
  }
  for (; columns; ) {
    const some = min<usize>(columns, 4);
    a0 = f32x4.add(a0, lastTerm<Term>(row, query, some));
    a1 = f32x4.add(a1, lastTerm<Term>(row, query1, some));
    a2 = f32x4.add(a2, lastTerm<Term>(row, query2, some));
    a3 = f32x4.add(a3, lastTerm<Term>(row, query3, some));
    b0 = f32x4.add(b0, lastTerm<Term>(row1, query, some));
    b1 = f32x4.add(b1, lastTerm<Term>(row1, query1, some));
    b2 = f32x4.add(b2, lastTerm<Term>(row1, query2, some));
    b3 = f32x4.add(b3, lastTerm<Term>(row1, query3, some));
    row += 16;
    row1 += 16;
    query += 16;
    query1 += 16;
    query2 += 16;
    query3 += 16;
    columns -= some;
  }
  const first = sumLanes(a0, a1, a2, a3);
  const second = sumLanes(b0, b1, b2, b3);
  put<Term>(at, f32x4.extract_lane(first, 0), adding);
  put<Term>(at + 4, f32x4.extract_lane(second, 0), adding);
  at += scoreBytes;
  put<Term>(at, f32x4.extract_lane(first, 1), adding);
  put<Term>(at + 4, f32x4.extract_lane(second, 1), adding);
  at += scoreBytes;
  put<Term>(at, f32x4.extract_lane(first, 2), adding);
  put<Term>(at + 4, f32x4.extract_lane(second, 2), adding);
  at += scoreBytes;
  put<Term>(at, f32x4.extract_lane(first, 3), adding);
  put<Term>(at + 4, f32x4.extract_lane(second, 3), adding);
}

/** One query by one row. */
// @ts-ignore: decorator
@inline
export function sumOf<Term>(row: usize, query: usize, columns: usize): f32 {
  return ASC_FEATURE_SIMD ? sumVector<Term>(row, query, columns) : sumScalar<Term>(row, query, columns);
}

// @ts-ignore: decorator
@inline
function sumVector<Term>(row: usize, query: usize, columns: usize): f32 {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; columns >= 16; columns -= 16, row += 64, query += 64) {
    a = f32x4.add(a, term<Term>(v128.load(row), v128.load(query)));
    b = f32x4.add(b, term<Term>(v128.load(row, 16), v128.load(query, 16)));
    c = f32x4.add(c, term<Term>(v128.load(row, 32), v128.load(query, 32)));
    d = f32x4.add(d, term<Term>(v128.load(row, 48), v128.load(query, 48)));
  }
  for (; columns; row += 16, query += 16) {
    const some = min<usize>(columns, 4);
    a = f32x4.add(a, lastTerm<Term>(row, query, some));
    columns -= some;
  }
  return sumOfLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** The same sums without SIMD: four of them, as the lanes have them. */
function sumScalar<Term>(row: usize, query: usize, columns: usize): f32 {
  let sum0: f32 = 0;
  let sum1: f32 = 0;
  let sum2: f32 = 0;
  let sum3: f32 = 0;
  for (; columns >= 4; columns -= 4, row += 16, query += 16) {
    sum0 += scalarTerm<Term>(row, query);
    sum1 += scalarTerm<Term>(row + 4, query + 4);
    sum2 += scalarTerm<Term>(row + 8, query + 8);
    sum3 += scalarTerm<Term>(row + 12, query + 12);
  }
  for (; columns; columns--, row += 4, query += 4) sum0 += scalarTerm<Term>(row, query);
  return sum0 + sum1 + (sum2 + sum3);
}

// @ts-ignore: decorator
@inline
function scalarTerm<Term>(row: usize, query: usize): f32 {
  const x = load<f32>(row);
  const y = load<f32>(query);
  if (isFloat<Term>()) return x * y;
  const difference = x - y;
  return difference * difference;
}
