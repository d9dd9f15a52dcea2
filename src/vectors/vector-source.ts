/**
 * What simdex takes as vectors: a dense matrix, or rows, and what makes one valid. Each component is a number, and nothing is converted to one.
 * A typed array holds only numbers, so only the components of plain arrays are checked, while they are copied.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';

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

/** Below about this many components a loop is faster than `set`. */
const SHORT_ROW = 16;

/**
 * A row's length, once it is known to be a row.
 *
 * @param name what the rows are called in the message
 * @throws {IndexingError} `InvalidConfiguration` for what is no row, and for memory that is gone.
 */
export function checkRow(name: string, position: number, row: unknown): number {
  if (row instanceof Float32Array || Array.isArray(row)) {
    if (row.length === 0 && !Array.isArray(row)) refuseDetached(`${name}[${position}]`, row);
    return row.length;
  }
  if (!isNumberArray(row))
    throw invalidConfiguration(`${name}[${position}]`, 'an array or a typed array of numbers', row);
  if (row.length === 0) refuseDetached(`${name}[${position}]`, row);
  return row.length;
}

/**
 * Copies a row of `dims` components to `target` from `at` on. A row that became shorter since it was looked at leaves old components,
 * a longer one is cut: undefined vectors, no crash.
 *
 * @throws {IndexingError} `InvalidConfiguration` for a component that is no number, with its row and position.
 */
export function copyRow(
  name: string,
  position: number,
  row: VectorRow,
  target: Float32Array,
  at: number,
  dims: number,
): void {
  if (Array.isArray(row)) {
    const length = Math.min(dims, row.length);
    for (let i = 0; i < length; i++) {
      const component: unknown = row[i];
      if (typeof component !== 'number') throw notANumber(`${name}[${position}][${i}]`, component, position);
      target[at + i] = component;
    }
    return;
  }
  const numbers = row as NumberArray;
  if (dims > SHORT_ROW) target.set(numbers.length > dims ? numbers.subarray(0, dims) : numbers, at);
  else for (let i = 0; i < dims; i++) target[at + i] = numbers[i]!;
}

/** `InvalidConfiguration` for a component, called by its full name. */
export function notANumber(name: string, component: unknown, vectorIndex?: number): IndexingError {
  const { message } = invalidConfiguration(name, 'a number', component);
  const detail = message.slice(message.indexOf(': ') + 2);
  return new IndexingError('InvalidConfiguration', detail, vectorIndex === undefined ? {} : { vectorIndex });
}

/** Also of other realms (frames, vm contexts), and of kinds that are newer than this file, such as Float16Array. */
function isNumberArray(value: unknown): value is NumberArray {
  if (!ArrayBuffer.isView(value) || !('length' in value)) return isFloat32Array(value);
  return !Object.prototype.toString.call(value).startsWith('[object Big');
}
