// The scan: float32 scores of `count` rows for `queryCount` queries, score (q, r) at index q * count + r. Rows are dense;
// a query takes whole vectors of four components and is followed by zeros. A greater score is a better one, so distances
// are squared and negative.
//
// Columns are taken in spans of 1,024, each of which is added to the scores: a lane adds up at most 256 products, however
// many components there are, which is what the error bound in src/kernel/search/error-bound.ts counts.
import { Product, SquaredDifference, scoreFourByTwo, scoreOf, sumOf } from './tiles';

const SPAN: usize = 1024;

/** Inner products. */
export function dots(rows: usize, count: usize, dims: usize, queries: usize, queryCount: usize, scores: usize): void {
  scan<Product>(rows, count, dims, queries, queryCount, scores);
}

/** Squared Euclidean distances, negative. */
export function distances(
  rows: usize,
  count: usize,
  dims: usize,
  queries: usize,
  queryCount: usize,
  scores: usize,
): void {
  scan<SquaredDifference>(rows, count, dims, queries, queryCount, scores);
}

function scan<Term>(
  rows: usize,
  count: usize,
  dims: usize,
  queries: usize,
  queryCount: usize,
  scores: usize,
): void {
  const rowBytes = dims << 2;
  const queryBytes = ((dims + 3) & ~3) << 2;
  const scoreBytes = count << 2;
  const fours = queryCount & ~3;
  const pairs = count & ~1;
  if (fours) scanFours<Term>(rows, pairs, dims, queries, fours, scores, scoreBytes);
  for (let q: usize = 0; q < queryCount; q++) {
    const query = queries + q * queryBytes;
    const first = q < fours ? pairs : 0;
    scoreRows<Term>(rows + first * rowBytes, count - first, dims, query, scores + q * scoreBytes + (first << 2));
  }
}

/** Queries by fours, rows by twos: multiples of four and two. */
function scanFours<Term>(
  rows: usize,
  count: usize,
  dims: usize,
  queries: usize,
  queryCount: usize,
  scores: usize,
  scoreBytes: usize,
): void {
  const rowBytes = dims << 2;
  const queryBytes = ((dims + 3) & ~3) << 2;
  for (let first: usize = 0; first < dims; first += SPAN) {
    const columns = min(dims - first, SPAN);
    let query = queries + (first << 2);
    let out = scores;
    for (let left = queryCount; left; left -= 4, query += 4 * queryBytes, out += 4 * scoreBytes) {
      let row = rows + (first << 2);
      for (let r: usize = 0; r < count; r += 2, row += 2 * rowBytes) {
        scoreFourByTwo<Term>(row, rowBytes, query, queryBytes, columns, out + (r << 2), scoreBytes, first > 0);
      }
    }
  }
}

/** One query, row after row: memory is read in its order, which is what its bandwidth asks for. */
function scoreRows<Term>(row: usize, count: usize, dims: usize, query: usize, at: usize): void {
  for (; count; count--, at += 4) {
    let score: f32 = 0;
    let q = query;
    for (let left = dims; left; ) {
      const columns = min(left, SPAN);
      score += sumOf<Term>(row, q, columns);
      left -= columns;
      row += columns << 2;
      q += columns << 2;
    }
    store<f32>(at, scoreOf<Term>(score));
  }
}
