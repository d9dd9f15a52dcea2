/**
 * What simdex takes as vectors.
 */
import type { VectorMatrix } from './vector-matrix.js';

/** A typed array of numbers, of any kind but those of BigInt. float64 and integers are rounded to float32. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** One vector. */
export type VectorRow = NumberArray | readonly number[];

/** Rows in arrays of their own (lengths may differ), or a dense matrix. */
export type VectorSource = readonly VectorRow[] | VectorMatrix;

/** Order of the components of an indexed vector: ascending, or as given. */
export type ComponentOrder = 'sorted' | 'original';
