/**
 * The payload indexes of a collection. One that is being made knows the points up to some id; it is asked only when it knows all.
 */

import { type JsonObject, NO_PAYLOAD } from '../collections/payload.js';
import { comparePointIds, type PointId } from '../collections/point-id.js';
import { parsePath } from './path.js';
import { type IndexType, PayloadIndex } from './payload-index.js';

interface Entry {
  readonly index: PayloadIndex;
  /** The last point that is in it while it is being made; `all` from then on. */
  madeUpTo: PointId | undefined | 'all';
}

/** A payload as the scan of all payloads meets it. */
export interface ScannedPayload {
  readonly id: PointId;
  readonly slot: number;
  readonly payload: JsonObject;
}

export class PayloadIndexes {
  readonly #entries = new Map<string, Entry>();

  /** Indexes that know all points. */
  get complete(): PayloadIndex[] {
    return [...this.#entries.values()].filter(({ madeUpTo }) => madeUpTo === 'all').map(({ index }) => index);
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Points that an index has, so far. */
  pointsOf(field: string): number {
    return this.#entries.get(field)?.index.points ?? 0;
  }

  /** Begins an index, which takes the place of one that is there. It knows no point yet. */
  add(field: string, type: IndexType): void {
    this.#entries.set(field, { index: new PayloadIndex(parsePath(field), type), madeUpTo: undefined });
  }

  delete(field: string): void {
    this.#entries.delete(field);
  }

  /** Adds the next points, in the order of their ids, to indexes that have not got them; the last ones with `isAll`. */
  scanned(payloads: readonly ScannedPayload[], isAll: boolean): void {
    for (const entry of this.#entries.values()) {
      if (entry.madeUpTo === 'all') continue;
      for (const { id, slot, payload } of payloads) {
        if (knows(entry, id)) continue;
        entry.index.add(slot, payload);
        entry.madeUpTo = id;
      }
      if (isAll) entry.madeUpTo = 'all';
    }
  }

  /** The id behind which some index lacks points: undefined for the beginning, `all` where none lacks any. */
  get lacking(): PointId | undefined | 'all' {
    let least: PointId | undefined | 'all' = 'all';
    for (const { madeUpTo } of this.#entries.values()) {
      if (madeUpTo === undefined) return undefined;
      if (madeUpTo !== 'all' && (least === 'all' || comparePointIds(madeUpTo, least) < 0)) least = madeUpTo;
    }
    return least;
  }

  /** Takes in that a point has another payload now. */
  changed(id: PointId, slot: number, before: JsonObject = NO_PAYLOAD, after: JsonObject = NO_PAYLOAD): void {
    for (const entry of this.#entries.values()) {
      if (!knows(entry, id)) continue;
      entry.index.delete(slot, before);
      entry.index.add(slot, after);
    }
  }
}

function knows({ madeUpTo }: Entry, id: PointId): boolean {
  return madeUpTo === 'all' || (madeUpTo !== undefined && comparePointIds(id, madeUpTo) <= 0);
}
