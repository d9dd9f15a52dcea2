/**
 * One vector as it comes in, and the one check of its components: each is a number, and nothing is converted to one. A typed
 * array holds only numbers, so only plain arrays are checked, while they are copied.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { isFloat32Array, refuseDetached } from './vector-matrix.js';
import type { NumberArray, VectorRow } from './vector-source.js';

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
