/**
 * Ids of points: unsigned integers up to 2^53 - 1, or UUIDs, kept in lower case with hyphens. Numbers come before UUIDs.
 */
import { RequestError } from '../errors.js';

export type PointId = number | string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BARE_UUID = /^[0-9a-f]{32}$/;

/** @throws {RequestError} 400 for what is no id */
export function toPointId(value: unknown): PointId {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value + 0;
  if (typeof value === 'string') {
    const text = value.toLowerCase().replace(/^urn:uuid:/, '');
    if (UUID.test(text)) return text;
    if (BARE_UUID.test(text)) return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  const found = JSON.stringify(value)?.slice(0, 60) ?? String(value);
  throw new RequestError(
    400,
    `${found} is no id of a point: expected an unsigned integer up to ${Number.MAX_SAFE_INTEGER}, or a UUID`,
  );
}

/** Negative where `a` comes first. */
export function comparePointIds(a: PointId, b: PointId): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  if (typeof b === 'number') return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
