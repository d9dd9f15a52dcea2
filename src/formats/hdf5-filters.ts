/**
 * Checks the filters of an HDF5 dataset before the library, which trusts them, unfolds its chunks. How large a chunk becomes is known
 * from the header, and all chunks together may be at most 1,032 times the file, as everywhere. Filters whose output only the data
 * themselves tell are refused.
 */
import type { Dataset } from 'h5wasm';
import { MAX_RATIO } from './optional-package.js';

type Filter = Dataset['filters'][number];

export interface ChunkedMatrix {
  readonly count: number;
  readonly dims: number;
  readonly itemBytes: number;
  /** Rows and columns of a chunk. */
  readonly chunk: readonly [number, number];
  readonly filters: readonly Filter[];
}

/** Numbers of filters, as HDF5 has them. Those up to 6 are its own. */
const DEFLATE = 1;
const SZIP = 4;
const NBIT = 5;
const SCALE_OFFSET = 6;
const LAST_OWN_FILTER = 6;

/** Chunks that were never written take no room in the file, and a small file may have some. */
const LEAST_BYTES = 2 ** 26;
/** What the values of a filter say of its output: where the number of items is, and their bytes. */
const ITEMS_AT = 2;
const BYTES_AT = 4;
/** For n-bit: plain numbers, at the place of their class. */
const CLASS_AT = 3;
const PLAIN = 1;

/** Why the data cannot be unfolded; undefined where they can. */
export function filterFault(matrix: ChunkedMatrix, fileBytes: number): string | undefined {
  const { filters, itemBytes } = matrix;
  if (filters.length === 0) return undefined;
  const foreign = filters.find(({ id }) => id > LAST_OWN_FILTER);
  if (foreign)
    return `data compressed by ${JSON.stringify(foreign.name.slice(0, 40))} (${foreign.id}), a plug-in; save it with gzip or without compression`;
  if (filters.some(({ id }) => id === SZIP))
    return 'data compressed by szip, which do not say how large they become; save it with gzip or without compression';
  // Each unfolds a thousand times at best, one after the other a million times.
  if (filters.filter(({ id }) => id === DEFLATE).length > 1) return 'data that are compressed twice';
  const unfolded = unfoldedBytes(matrix);
  if (unfolded > Math.max(LEAST_BYTES, MAX_RATIO * fileBytes))
    return `chunks of [${matrix.chunk.join(', ')}] that unfold to ${unfolded} bytes`;
  for (const { id, name, cd_values: values } of filters) {
    if (id !== NBIT && id !== SCALE_OFFSET) continue;
    const isRight =
      values[ITEMS_AT] === itemsOf(matrix) &&
      values[BYTES_AT] === itemBytes &&
      (id === SCALE_OFFSET || values[CLASS_AT] === PLAIN);
    if (!isRight) return `a filter ${JSON.stringify(name.slice(0, 40))} that is not for chunks of this size`;
  }
  return undefined;
}

/** The most bytes that a chunk takes in the file: what does not become smaller is stored almost as it is. */
export function mostStoredBytes(matrix: ChunkedMatrix): number {
  return Math.ceil(1.01 * itemsOf(matrix) * matrix.itemBytes) + 2 ** 16;
}

function itemsOf({ chunk: [rows, columns] }: ChunkedMatrix): number {
  return rows * columns;
}

function unfoldedBytes(matrix: ChunkedMatrix): number {
  const { count, dims, chunk, itemBytes } = matrix;
  const chunks = Math.ceil(count / chunk[0]) * Math.ceil(dims / chunk[1]);
  return chunks * itemsOf(matrix) * itemBytes;
}
