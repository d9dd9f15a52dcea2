/**
 * Vectors that come in, checked before they are stored: what the index would refuse must not be in the store.
 */
import { RequestError } from '../errors.js';
import type { CollectionSettings } from './settings.js';

/** @param owner of the vector, for the message @throws {RequestError} 400 */
export function checkVector(settings: CollectionSettings, vector: ArrayLike<number>, owner: string): void {
  if (isSearchable(settings, vector, owner)) return;
  const at = Array.from(vector).findIndex((component) => !Number.isFinite(Math.fround(component)));
  const why =
    at === -1
      ? 'has zeros only, and so no direction, which Cosine compares'
      : `has a component, ${at}, that is no finite number of float32`;
  throw new RequestError(400, `Wrong input: the vector of ${owner} ${why}`);
}

/** Whether a vector has finite components and, for Cosine, a direction; a vector of no components has neither. @throws {RequestError} 400 for other dims */
export function isSearchable(
  { size, distance }: CollectionSettings,
  vector: ArrayLike<number>,
  owner: string,
): boolean {
  if (vector.length === 0) return false;
  if (vector.length !== size) {
    throw new RequestError(
      400,
      `Wrong input: Vector dimension error: expected dim: ${size}, got ${vector.length} for ${owner}`,
    );
  }
  if (!(vector instanceof Float32Array)) {
    for (let i = 0; i < size; i++) if (!Number.isFinite(Math.fround(vector[i]!))) return false;
    return distance !== 'Cosine' || !isZero(vector);
  }
  // For bulk: NaN and infinities make the sum NaN.
  let sum = 0;
  for (let i = 0; i < size; i++) sum += vector[i]! * 0;
  return sum === 0 && (distance !== 'Cosine' || !isZero(vector));
}

/** As float32. */
function isZero(vector: ArrayLike<number>): boolean {
  for (let i = 0; i < vector.length; i++) if (Math.fround(vector[i]!) !== 0) return false;
  return true;
}
