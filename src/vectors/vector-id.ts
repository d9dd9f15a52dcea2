/**
 * The id of a vector: an integer that a number holds exactly, or a string.
 */
import { invalidConfiguration } from '../base/errors.js';

/** What a vector is called: an integer that a number holds exactly, or a string that UTF-8 can hold. */
export type VectorId = number | string;

/** Half of a pair: no UTF-8 has it, so it would not come back from a file as it was. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether it can be kept, in memory and in files. */
export function isVectorId(id: unknown): id is VectorId {
  return typeof id === 'string' ? !LONE_SURROGATE.test(id) : Number.isSafeInteger(id);
}

/**
 * The id; -0 is 0, since they would be one id to a Map and two to `Object.is`.
 *
 * @param name what it is called in the message
 * @throws {IndexingError} `InvalidConfiguration`
 */
export function checkId(name: string, id: unknown): VectorId {
  if (isVectorId(id)) return typeof id === 'number' ? id + 0 : id;
  throw invalidConfiguration(name, 'a safe integer or a string of whole characters (no half of a surrogate pair)', id);
}
