/**
 * Vectors that come in, checked before they are stored: what the index would refuse must not be in the store.
 */
import { RequestError } from '../errors.js';
import type { CollectionSettings } from './settings.js';

/** @param owner of the vector, for the message @throws {RequestError} 400 */
export function checkVector({ size, distance }: CollectionSettings, vector: ArrayLike<number>, owner: string): void {
  if (vector.length !== size) {
    throw new RequestError(
      400,
      `Wrong input: Vector dimension error: expected dim: ${size}, got ${vector.length} for ${owner}`,
    );
  }
  let isZero = true;
  for (let i = 0; i < size; i++) {
    const component = Math.fround(vector[i]!);
    if (!Number.isFinite(component)) {
      throw new RequestError(
        400,
        `Wrong input: component ${i} of the vector of ${owner} is no finite number of float32`,
      );
    }
    isZero &&= component === 0;
  }
  if (isZero && distance === 'Cosine') {
    throw new RequestError(
      400,
      `Wrong input: the vector of ${owner} has zeros only, and so no direction, which Cosine compares`,
    );
  }
}
