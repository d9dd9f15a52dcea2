/**
 * Keys of rows by the definition, queries of an int8 scan, and seeded numbers.
 */
import { ErrorBound, type Metric } from '../../src/kernel/search/error-bound.js';
import { quantizeQueryInto } from '../../src/kernel/search/int8-bound.js';
import { prepareQuery } from '../../src/search/queries.js';
import type { Int8Bench } from './int8-bench.js';

/** Puts a query in its place; the limit that the row's own exact key gives. */
export function ask(bench: Int8Bench, metric: Metric, query: Float32Array, row: Float32Array, place = 0): number {
  const { data } = prepareQuery(query, bench.dims, metric);
  const prepared = data.subarray(0, bench.dims);
  const bound = new ErrorBound(metric, bench.dims);
  quantizeQueryInto(prepared, metric, bound.slack, bench.queryCodes(place), bench.terms(place));
  return bound.limit(keyOf(metric, row, prepared), Math.sqrt(keyOf('dot', prepared, prepared)));
}

/** By the definition, in float64. */
export function keyOf(metric: Metric, row: Float32Array, query: Float32Array): number {
  let [sum, rowSquares, querySquares] = [0, 0, 0];
  for (let j = 0; j < row.length; j++) {
    const [x, y] = [row[j]!, query[j]!];
    sum += metric === 'euclidean' ? -((x - y) ** 2) : x * y;
    rowSquares += x * x;
    querySquares += y * y;
  }
  return metric === 'cosine' ? sum / Math.sqrt(rowSquares * querySquares) : sum;
}

export function unitRow(row: Float32Array): Float32Array | undefined {
  const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
  return length > 0 ? row.map((x) => x / length) : undefined;
}

export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
