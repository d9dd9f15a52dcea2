/**
 * What simdex takes as vectors.
 */
import type { VectorMatrix } from './vector-matrix.js';

/** Rows in arrays of their own (lengths may differ), or a dense matrix. */
export type VectorSource = readonly (Float32Array | readonly number[])[] | VectorMatrix;

/** Order of the components of an indexed vector: ascending, or as given. */
export type ComponentOrder = 'sorted' | 'original';
