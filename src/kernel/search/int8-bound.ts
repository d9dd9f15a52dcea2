/**
 * The int8 scan's side of queries: their int16 codes, and what makes an upper bound of a score from the integer product of
 * the codes. As in error-bound.ts, everything rounds to the safe side, and a row whose bound is below the limit is no hit.
 *
 * Let v be a row, s its scale and c its codes, e the bound of |v − s·c| (assembly/search/quantize.ts); y a query, t and p its
 * scale and codes, R a bound of |y − t·p|. Then y·v = t·s·(p·c) + y·(v − s·c) + (y − t·p)·(s·c), so by Cauchy-Schwarz and
 * |s·c| ≤ |v| + e
 *
 *   y·v ≤ t·s·(p·c) + e(|y| + R) + |v|R
 *
 * and −|y − v|² = 2y·v − |v|² − |y|² follows. Both are of the form
 *
 *   constant + product·s·(p·c) + error·e + magnitude·m − square·m²,   m the magnitude of the row in float32
 *
 * with the five terms of a query in that order. The limit is that of the float32 scan: it is below the (raised) true score of
 * a hit, which is what the bound is not below.
 *
 * p·c is exact: |p| ≤ P = (2³¹ − 1) / (127·d) and |c| ≤ 127, so d products add up to 2³¹ − 1 at most. P ≤ 32,767 for int16.
 */
import { type Metric, UNIT_TOLERANCE } from './error-bound.js';

/** Beyond this a query would have less than 8 bits: P is 258 here. */
const MAX_DIMS = 65_536;
/** With fewer components batches are no faster for it. */
const MIN_DIMS = 64;

const MAX_CODE = 127;
const MAX_QUERY_CODE = 32_767;
/** For what float64 rounds: by 2⁻⁵³ each time, in sums of 2¹⁶ terms at most. */
const ROOM = 2 ** -32;
/** Relative error of the magnitudes of rows, and some more. */
const MAGNITUDE_ROOM = 2e-6;

/** What the terms of a query say of a row: its score is between these, in the space of limits (error-bound.ts). NaN: nothing is known. */
export interface ScoreBounds {
  readonly least: number;
  readonly most: number;
}

/**
 * Bounds of the score of a row: the upper one as the kernel has it, and by the same inequality
 *
 *   y·v ≥ t·s·(p·c) − e(|y| + R) − |v|R
 *
 * the lower one. What float64 rounds is in the terms, and 2⁻⁴⁰ of the product.
 *
 * @param terms those of the query
 * @param product of the codes
 */
export function boundsOf(
  metric: Metric,
  terms: ArrayLike<number>,
  product: number,
  { scale, error, magnitude }: { readonly scale: number; readonly error: number; readonly magnitude: number },
): ScoreBounds {
  const [constant, perProduct, perError] = [terms[0]!, terms[1]!, terms[2]!];
  const [perMagnitude, perSquare] = [terms[3]!, terms[4]!];
  const middle = perProduct * scale * product;
  const off = perError * error;
  const most = constant + middle + off + (perMagnitude * magnitude - perSquare * magnitude * magnitude);
  const square = metric === 'euclidean' ? (2 - perSquare) * magnitude * magnitude : 0;
  const below = Math.abs(constant) * (1 + 4 * ROOM) + perMagnitude * magnitude + square + Math.abs(middle) * 2 ** -40;
  return { least: middle - off - below, most };
}

/** The least key that a row of that score can have, as of error-bound.ts. */
export function leastKeyOf(metric: Metric, leastScore: number, queryLength: number): number {
  // Rows are of length 1 within the tolerance, and the row that codes are of is within it of the one that is scored.
  return metric === 'cosine' ? leastScore / queryLength - 2 * UNIT_TOLERANCE : leastScore;
}

/** Whether rows of so many components can be kept in less than float32, or in a file: then all scans are by codes. */
export function canBeCompact(dims: number): boolean {
  return dims <= MAX_DIMS;
}

/** Whether an int8 scan of rows of so many components gains anything where they are float32. */
export function hasInt8Scan(dims: number): boolean {
  return dims >= MIN_DIMS && dims <= MAX_DIMS;
}

/**
 * Writes the codes and the terms of a query.
 *
 * @param query as it is scanned in float32, `dims` components
 * @param slack that of the ErrorBound
 * @param codes Int16Array of `codeCount(dims)`
 * @param terms Float64Array of `INT8_TERMS`
 */
export function quantizeQueryInto(
  query: Float32Array,
  metric: Metric,
  slack: number,
  codes: Int16Array,
  terms: Float64Array,
): void {
  const dims = query.length;
  let largest = 0;
  let squares = 0;
  for (const component of query) {
    largest = Math.max(largest, Math.abs(component));
    squares += component * component;
  }
  const scale = largest / Math.min(MAX_QUERY_CODE, Math.floor((2 ** 31 - 1) / (MAX_CODE * dims)));
  codes.fill(0, dims);
  let offSquares = 0;
  for (let j = 0; j < dims; j++) {
    const code = scale === 0 ? 0 : Math.round(query[j]! / scale);
    codes[j] = code;
    offSquares += (query[j]! - scale * code) ** 2;
  }
  const length = Math.sqrt(squares) * (1 + ROOM);
  const off = Math.sqrt(offSquares) + length * ROOM;
  const error = (length + off) * (1 + ROOM);
  switch (metric) {
    case 'cosine':
      // |v| is 1 within the tolerance, and the column of magnitudes is that of the rows as given.
      terms.set([off * (1 + 2 * UNIT_TOLERANCE), scale, error, 0, 0]);
      break;
    case 'dot':
      terms.set([0, scale, error, (off + slack) * (1 + MAGNITUDE_ROOM), 0]);
      break;
    case 'euclidean':
      terms.set([-squares * (1 - ROOM), 2 * scale, 2 * error, 2 * off * (1 + MAGNITUDE_ROOM), 1 - 2 * MAGNITUDE_ROOM]);
      break;
  }
}
