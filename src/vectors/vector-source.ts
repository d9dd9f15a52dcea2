/**
 * What simdex takes as vectors.
 */

/** Dense rows: `data` holds count × dims components, row-major. */
export interface VectorMatrix {
  /** Float32Array, count × dims, row-major; may be a subarray and may be backed by a SharedArrayBuffer. */
  readonly data: Float32Array;
  /** Components of each row. */
  readonly dims: number;
}

/** Rows in arrays of their own (lengths may differ), or a dense matrix. */
export type VectorSource = readonly Float32Array[] | readonly (readonly number[])[] | VectorMatrix;

/** Order of the components of an indexed vector: ascending, or as given. */
export type ComponentOrder = 'sorted' | 'original';
