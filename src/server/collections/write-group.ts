/**
 * What the writes of one commit do to the points of a collection, taken together: the state that each point is to have.
 */
import type { JsonObject } from './payload.js';
import type { PointId } from './point-id.js';

/** A point whose row or payload changes. `vector` is undefined where the row stays as it is. */
export type PointChange =
  | { readonly kind: 'put'; readonly vector: ArrayLike<number> | undefined; readonly payload: JsonObject }
  | { readonly kind: 'deleted' };

/** What was there before the group. */
export interface CommittedPoints {
  has(id: PointId): boolean;
  payload(id: PointId): JsonObject;
}

export class WriteGroup {
  readonly changes = new Map<PointId, PointChange>();
  readonly #committed: CommittedPoints;

  constructor(committed: CommittedPoints) {
    this.#committed = committed;
  }

  has(id: PointId): boolean {
    const change = this.changes.get(id);
    return change ? change.kind === 'put' : this.#committed.has(id);
  }

  /** Of a point that is there. */
  payload(id: PointId): JsonObject {
    const change = this.changes.get(id);
    return change?.kind === 'put' ? change.payload : this.#committed.payload(id);
  }

  put(id: PointId, vector: ArrayLike<number>, payload: JsonObject): void {
    this.changes.set(id, { kind: 'put', vector, payload });
  }

  /** Of a point that is there. */
  setPayload(id: PointId, payload: JsonObject): void {
    const change = this.changes.get(id);
    const vector = change?.kind === 'put' ? change.vector : undefined;
    this.changes.set(id, { kind: 'put', vector, payload });
  }

  delete(id: PointId): void {
    if (this.#committed.has(id)) this.changes.set(id, { kind: 'deleted' });
    else this.changes.delete(id);
  }
}
