/**
 * Points as they are answered.
 */
import type { Collection } from '../collections/collection.js';
import type { JsonObject } from '../collections/payload.js';
import type { PointId } from '../collections/point-id.js';
import { payloadSelector, type WithPayload } from './select-payload.js';
import type { Maybe } from './shapes.js';

/** Which parts of points are asked for. */
export type PointsBody = Maybe<{ with_payload: WithPayload; with_vector: boolean }>;

export interface PointAnswer {
  readonly id: PointId;
  readonly payload?: JsonObject;
  readonly vector?: readonly number[];
}

/** Whether more of the points is asked for than their ids. */
export function wantsParts({ with_payload, with_vector }: PointsBody, defaultPayload: boolean): boolean {
  return (with_payload ?? defaultPayload) !== false || with_vector === true;
}

/** The points that exist, in the order of `ids`. */
export async function readPoints(
  collection: Collection,
  ids: Iterable<PointId>,
  { with_payload, with_vector }: PointsBody,
  defaultPayload: boolean,
): Promise<PointAnswer[]> {
  const select = payloadSelector(with_payload ?? defaultPayload);
  const points = await collection.read(ids, { withPayload: select !== undefined, withVector: with_vector ?? false });
  return points.map(({ id, payload, vector }) => ({
    id,
    ...(select && payload && { payload: select(payload) }),
    ...(vector && { vector: [...vector] }),
  }));
}
