/**
 * What the writes of one commit do to the points of a collection, taken together: the state that each point is to have.
 */
import { type JsonObject, payloadToJson } from './payload.js';
import type { PointId } from './point-id.js';

/** A point whose row or payload changes. `vector` is undefined where the row stays as it is. */
export type PointChange =
  | {
      readonly kind: 'put';
      readonly vector: ArrayLike<number> | undefined;
      readonly payload: JsonObject;
      /** JSON of the payload; undefined where it is empty. */
      readonly json: string | undefined;
    }
  | { readonly kind: 'deleted' };

/** A point as a write gives it. */
export interface NewPoint {
  readonly id: PointId;
  readonly vector: ArrayLike<number>;
  readonly payload: JsonObject;
  /** JSON of the payload; undefined where it is empty. */
  readonly json: string | undefined;
}

/** State of a point before the group. */
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

  put(points: readonly NewPoint[]): void {
    for (const { id, vector, payload, json } of points) this.changes.set(id, { kind: 'put', vector, payload, json });
  }

  delete(ids: Iterable<PointId>): void {
    for (const id of ids) {
      if (this.#committed.has(id)) this.changes.set(id, { kind: 'deleted' });
      else this.changes.delete(id);
    }
  }

  /** Changes payloads of points that are there: all of them, or none where one cannot be stored. */
  changePayloads(ids: Iterable<PointId>, change: (payload: JsonObject) => JsonObject): void {
    const changed: [PointId, PointChange][] = [];
    for (const id of ids) {
      const before = this.changes.get(id);
      const put = before?.kind === 'put' ? before : undefined;
      const payload = change(put ? put.payload : this.#committed.payload(id));
      changed.push([id, { kind: 'put', vector: put?.vector, payload, json: payloadToJson(payload) }]);
    }
    for (const [id, state] of changed) this.changes.set(id, state);
  }
}
