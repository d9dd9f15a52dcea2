/**
 * A dense matrix of vectors, and what makes one valid.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';

/** Dense rows: `data` holds count × dims components, row-major. */
export interface VectorMatrix {
  /** Float32Array, count × dims, row-major; may be a subarray and may be backed by a SharedArrayBuffer. */
  readonly data: Float32Array;
  /** Components of each row. */
  readonly dims: number;
}

/**
 * Number of rows of a matrix.
 *
 * @param name what the matrix is called in the message
 * @throws {IndexingError} `InvalidConfiguration` naming the field that is wrong.
 */
export function checkMatrix(name: string, matrix: VectorMatrix): number {
  if (typeof matrix !== 'object' || matrix === null || !('data' in matrix) || !('dims' in matrix)) {
    throw invalidConfiguration(name, 'a matrix { data, dims }', matrix);
  }
  const { data, dims } = matrix;
  if (!isFloat32Array(data)) throw invalidConfiguration(`${name}.data`, 'a Float32Array', data);
  if (data.length === 0) refuseDetached(`${name}.data`, data);
  if (!Number.isSafeInteger(dims) || dims < 1) throw invalidConfiguration(`${name}.dims`, 'a positive integer', dims);
  if (data.length % dims !== 0) {
    throw invalidConfiguration(`${name}.data.length`, `a multiple of ${name}.dims (${dims})`, data.length);
  }
  return data.length / dims;
}

/** @throws {IndexingError} `InvalidConfiguration` unless `count` × `dims` is the shape of a matrix. */
export function checkShape(count: number, dims: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw invalidConfiguration('count', 'an integer from 0 on', count);
  if (!Number.isSafeInteger(dims) || dims < 1) throw invalidConfiguration('dims', 'a positive integer', dims);
}

export function isFloat32Array(value: unknown): value is Float32Array {
  // The tag recognises arrays from other realms (frames, vm contexts) too; it is asked only where instanceof says no.
  return value instanceof Float32Array || Object.prototype.toString.call(value) === '[object Float32Array]';
}

/**
 * A view whose memory was transferred, or shrank, reads as an empty array.
 *
 * @throws {IndexingError} `InvalidConfiguration`
 */
export function refuseDetached(name: string, array: { keys(): unknown }): void {
  try {
    array.keys();
  } catch (cause) {
    const detail = `${name} is a view on memory that is gone: it was transferred (to a worker?) or shrank`;
    throw new IndexingError('InvalidConfiguration', detail, { cause });
  }
}
