/**
 * Queries in the form that the kernel needs: dense float32 rows, each followed by zeros up to a multiple of four components.
 * For inner products a query is scaled by a power of two to a length of 1/4 to 1/2 (see kernel/search/error-bound.ts).
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import type { TimeSlices } from '../base/time.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { queryBytes } from '../kernel/search/search-kernel.js';
import { describeSource } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { notANumber } from '../vectors/vector-source.js';

export interface PreparedQueries {
  readonly count: number;
  /** Float32Array, count × (dims rounded up to a multiple of four). */
  readonly data: Float32Array;
  /** Factor that each query was multiplied by. */
  readonly scales: number[];
}

/** Components converted between two looks at the clock. */
const STRIDE_COMPONENTS = 2 ** 15;

/** @throws {IndexingError} `InvalidConfiguration` for what is no vector of `dims` finite numbers, `ZeroMagnitude`. */
export function prepareQuery(query: ArrayLike<number>, dims: number, metric: Metric): PreparedQueries {
  if (typeof query !== 'object' || query === null || !Number.isSafeInteger(query.length)) {
    throw invalidConfiguration('query', 'an array of numbers', query);
  }
  if (query.length !== dims) throw wrongDims('query', dims, query.length);
  const prepared = allocate(1, dims);
  if (query instanceof Float32Array) {
    prepared.data.set(query);
  } else {
    for (let j = 0; j < dims; j++) {
      const component = query[j];
      if (typeof component !== 'number') throw notANumber(`query[${j}]`, component);
      prepared.data[j] = component;
    }
  }
  place(prepared, 0, dims, metric, 'query');
  return prepared;
}

/** Prepares several queries. An error has the position as `vectorIndex`. */
export async function prepareQueries(
  source: VectorSource,
  dims: number,
  metric: Metric,
  slices: TimeSlices,
): Promise<PreparedQueries> {
  const rows = await describeSource(source, slices, undefined, 'queries');
  const wrong = rows.groups.find((group) => group.dims !== dims);
  if (wrong) throw wrongDims('queries', dims, wrong.dims);
  const prepared = allocate(rows.count, dims);
  const stride = queryBytes(dims) / 4;
  await slices.forEach(rows.count, Math.max(1, Math.floor(STRIDE_COMPONENTS / dims)), (first, last) => {
    for (let query = first; query < last; query++) {
      rows.copyInto(prepared.data.subarray(query * stride, query * stride + dims), query, 1, dims);
      place(prepared, query, dims, metric, `queries[${query}]`, query);
    }
  });
  return prepared;
}

function allocate(count: number, dims: number): PreparedQueries {
  const data = new Float32Array((count * queryBytes(dims)) / 4);
  return { count, data, scales: new Array<number>(count).fill(1) };
}

/** Checks a query that was copied to its place, and scales it. */
function place(
  { data, scales }: PreparedQueries,
  query: number,
  dims: number,
  metric: Metric,
  name: string,
  vectorIndex?: number,
): void {
  const first = (query * queryBytes(dims)) / 4;
  let sum = 0;
  for (let i = first; i < first + dims; i++) sum += data[i]! * data[i]!;
  const details = vectorIndex === undefined ? {} : { vectorIndex };
  if (!(sum < Number.POSITIVE_INFINITY)) {
    const detail = `${name} must be finite, got NaN, an infinity or a number beyond the float32 range`;
    throw new IndexingError('InvalidConfiguration', detail, details);
  }
  if (sum === 0 && metric === 'cosine') {
    throw new IndexingError('ZeroMagnitude', `every component of ${name} is zero: it has no direction`, details);
  }
  if (metric === 'euclidean' || sum === 0) return;
  const scale = scaleFor(Math.sqrt(sum));
  scales[query] = scale;
  if (scale !== 1) for (let i = first; i < first + dims; i++) data[i]! *= scale;
}

/** The power of two that brings a length into 1/4 to 1/2. */
function scaleFor(length: number): number {
  // log2 may round up to an integer: a length just below a power of two then ends at 1/4 instead of 1/2.
  const scale = 2 ** (-2 - Math.floor(Math.log2(length)));
  return scale * length > 0.5 ? scale / 2 : scale;
}

function wrongDims(name: string, dims: number, found: number): IndexingError {
  const detail = `${name} must have ${dims} components, like the rows of the index, got ${found}`;
  return new IndexingError('InvalidConfiguration', detail);
}
