/**
 * The space a graph's codes live in. Whatever the metric, the graph knows squared Euclidean distances only:
 *
 * - `cosine`: unit rows; |q − v|² = 2 − 2 cos.
 * - `euclidean`: the rows.
 * - `dot`: a row gets one more component, its lift √(R² − |v|²), where R is the greatest magnitude, and a query gets 0 there:
 *   |q − v|² = |q|² + R² − 2 q·v (Bachrach et al., RecSys 2014). A row longer than R, added later, has the lift 0.
 *
 * A centre is subtracted, and all is multiplied by a power of two that brings components near 1: neither changes which
 * distance is less, and codes lose less, and nothing overflows.
 */
import type { Metric } from '../search/error-bound.js';
import type { GraphLayout } from './graph-layout.js';

export interface GraphSpace {
  /** Float64Array, one for each coded component. */
  readonly center: Float64Array;
  readonly factor: number;
  /** R above; 0 for other metrics. */
  readonly radius: number;
}

const MAX_CODE = 127;
const MAX_QUERY_CODE = 32_767;

/**
 * The space for rows like these.
 *
 * @param rows some of the rows, dense, as they are kept: unit rows for `cosine`
 * @param radius greatest magnitude of all rows; read for `dot` only
 */
export function measureSpace(rows: Float32Array, dims: number, metric: Metric, radius: number): GraphSpace {
  const count = rows.length / dims;
  const coded = metric === 'dot' ? dims + 1 : dims;
  const center = new Float64Array(coded);
  for (let r = 0; r < count; r++) {
    for (let j = 0; j < dims; j++) center[j]! += rows[r * dims + j]! / count;
    if (metric === 'dot') center[dims]! += liftOf(magnitudeOf(rows, r, dims), radius) / count;
  }
  let largest = 0;
  for (let r = 0; r < count; r++) {
    for (let j = 0; j < dims; j++) largest = Math.max(largest, Math.abs(rows[r * dims + j]! - center[j]!));
    if (metric === 'dot') {
      largest = Math.max(largest, Math.abs(liftOf(magnitudeOf(rows, r, dims), radius) - center[dims]!));
    }
  }
  const factor = largest === 0 ? 1 : 2 ** -Math.floor(Math.log2(largest));
  return { center, factor, radius: metric === 'dot' ? radius : 0 };
}

/** The lift of a row of this magnitude. */
export function liftOf(magnitude: number, radius: number): number {
  return Math.sqrt(Math.max(0, (radius - magnitude) * (radius + magnitude)));
}

function magnitudeOf(rows: Float32Array, row: number, dims: number): number {
  let squares = 0;
  for (let j = row * dims; j < (row + 1) * dims; j++) squares += rows[j]! ** 2;
  return Math.sqrt(squares);
}

/**
 * Writes a query where the kernel reads it: its codes, its scale and its square. For `cosine` and `dot` only its direction
 * counts.
 *
 * @param query finite, and not all zero for `cosine`
 * @param at byte address, `query` of a scratch
 */
export function writeQuery(
  layout: GraphLayout,
  space: GraphSpace,
  query: ArrayLike<number>,
  buffer: ArrayBufferLike,
  at: number,
): void {
  const { dims, metric, codedDims, floats, tail } = layout;
  const length = metric === 'euclidean' ? 1 : lengthOf(query, dims);
  const gain = metric === 'euclidean' || length === 0 ? 1 : (metric === 'dot' ? space.radius || 1 : 1) / length;
  if (coded.length < codedDims) coded = new Float64Array(codedDims);
  const { center, factor } = space;
  let largest = 0;
  for (let j = 0; j < codedDims; j++) {
    const component = j < dims ? query[j]! * gain : 0;
    const x = Math.min(Math.max((component - center[j]!) * factor, -(2 ** 50)), 2 ** 50);
    coded[j] = x;
    const size = Math.abs(x);
    if (size > largest) largest = size;
  }
  if (floats) {
    const target = new Float32Array(buffer, at, tail / 4 + 2);
    for (let j = 0; j < codedDims; j++) target[j] = coded[j]!;
    target.fill(0, codedDims);
    return;
  }
  const most = Math.min(MAX_QUERY_CODE, Math.floor((2 ** 31 - 1) / (MAX_CODE * codedDims)));
  const scale = Math.fround(largest / most);
  const codes = new Int16Array(buffer, at, tail);
  let squares = 0;
  for (let j = 0; j < codedDims; j++) {
    // Rounding of the scale may leave a quotient that is a little greater.
    const code = scale < 2 ** -100 ? 0 : Math.max(-most, Math.min(most, Math.round(coded[j]! / scale)));
    codes[j] = code;
    squares += code * code;
  }
  codes.fill(0, codedDims);
  const side = new Float32Array(buffer, at + 2 * tail, 2);
  side[0] = scale;
  side[1] = scale * scale * squares;
}

/** The components of the query that is being written: kept, since every search needs some. */
let coded = new Float64Array(0);

/** Without overflow or underflow of the squares. */
function lengthOf(query: ArrayLike<number>, dims: number): number {
  let squares = 0;
  for (let j = 0; j < dims; j++) squares += query[j]! * query[j]!;
  if (squares > 2 ** -900 && squares < Number.POSITIVE_INFINITY) return Math.sqrt(squares);
  let largest = 0;
  for (let j = 0; j < dims; j++) largest = Math.max(largest, Math.abs(query[j]!));
  if (largest === 0) return 0;
  squares = 0;
  for (let j = 0; j < dims; j++) squares += (query[j]! / largest) ** 2;
  return largest * Math.sqrt(squares);
}
