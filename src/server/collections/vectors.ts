/**
 * Vectors that come in, checked before they are stored: what the index would refuse must not be in the store.
 */
import { TimeSlices } from '../../base/time.js';
import { RequestError } from '../errors.js';
import type { CollectionSettings } from './settings.js';

/** Components looked at between two looks at the clock: some tenths of a millisecond. */
const LOOK_COMPONENTS = 2 ** 18;

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
export function isSearchable(settings: CollectionSettings, vector: ArrayLike<number>, owner: string): boolean {
  const { size, distance } = settings;
  if (vector.length === 0) return false;
  checkDims(settings, vector.length, owner);
  for (let i = 0; i < size; i++) if (!Number.isFinite(Math.fround(vector[i]!))) return false;
  return distance !== 'Cosine' || !isZero(vector);
}

/** @throws {RequestError} 400 */
export function checkDims({ size }: CollectionSettings, dims: number, owner: string): void {
  if (dims === size) return;
  throw new RequestError(400, `Wrong input: Vector dimension error: expected dim: ${size}, got ${dims} for ${owner}`);
}

/** Rows that are not searchable, of many: `data` is row-major, of the collection's dims. */
export async function unsearchableRows(settings: CollectionSettings, data: Float32Array): Promise<number[]> {
  const { size } = settings;
  const found: number[] = [];
  const stride = Math.max(1, Math.floor(LOOK_COMPONENTS / size));
  await new TimeSlices().forEach(data.length / size, stride, (first, last) =>
    findUnsearchable(settings, data, first, last, found),
  );
  return found;
}

function findUnsearchable(
  { size, distance }: CollectionSettings,
  data: Float32Array,
  first: number,
  last: number,
  found: number[],
): void {
  const inFours = size - (size % 4);
  for (let at = first * size; at < last * size; at += size) {
    // NaN and infinities make a sum NaN; four of them, since each addition waits for the one before.
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = at; i < at + inFours; i += 4) {
      a += data[i]! * 0;
      b += data[i + 1]! * 0;
      c += data[i + 2]! * 0;
      d += data[i + 3]! * 0;
    }
    for (let i = at + inFours; i < at + size; i++) a += data[i]! * 0;
    const isSound = a + b + c + d === 0 && (distance !== 'Cosine' || !isZero(data, at, at + size));
    if (!isSound) found.push(at / size);
  }
}

/** Whether all components from `first` up to `last` are 0 as float32. */
function isZero(vector: ArrayLike<number>, first = 0, last = vector.length): boolean {
  for (let i = first; i < last; i++) if (Math.fround(vector[i]!) !== 0) return false;
  return true;
}
