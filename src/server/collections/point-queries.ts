/**
 * Points read and searched: by ids, in order, by a filter, by a vector.
 */
import { nextTurn, TimeSlices } from '../../base/time.js';
import { RequestError } from '../errors.js';
import type { Filter } from '../filters/condition.js';
import { matches } from '../filters/matches.js';
import { type FilterPlan, planFilter } from '../filters/plan.js';
import type { JsonObject } from './payload.js';
import type { PointId } from './point-id.js';
import type { Points } from './points.js';
import { checkVector } from './vectors.js';

/** A point as it is read. */
export interface StoredPoint {
  readonly id: PointId;
  /** Undefined where it was not asked for. */
  readonly payload: JsonObject | undefined;
  /** As the index keeps it: for Cosine the unit vector. Undefined where it was not asked for. */
  readonly vector: Float32Array | undefined;
}

export interface Hit {
  readonly id: PointId;
  readonly score: number;
}

export interface SearchRequest {
  /** A vector, or a point that is there, which is no hit itself. */
  readonly query: ArrayLike<number> | { readonly id: PointId };
  readonly limit: number;
  readonly offset: number;
  readonly threshold: number | undefined;
  readonly filter: Filter | undefined;
  readonly exact: boolean;
  /** Candidates of a search through the graph. */
  readonly effort: number | undefined;
}

/** Hits, best first, and how they were found. */
export interface SearchAnswer {
  readonly hits: readonly Hit[];
  readonly explanation: {
    readonly exact: boolean;
    readonly rows_scored: number;
    readonly filter?: FilterPlan['explanation'];
  };
}

/** Which parts of a point are read. */
export interface PointParts {
  readonly withPayload: boolean;
  readonly withVector: boolean;
}

const STRIDE = 64;

export class PointQueries {
  readonly #points: Points;
  /** Throws where the collection is closed. */
  readonly #refuseClosed: () => void;
  #turn: Promise<void> | undefined;

  constructor(points: Points, refuseClosed: () => void) {
    this.#points = points;
    this.#refuseClosed = refuseClosed;
  }

  async read(ids: Iterable<PointId>, { withPayload, withVector }: PointParts): Promise<StoredPoint[]> {
    const { table, index } = this.#points;
    const found: StoredPoint[] = [];
    for (const id of ids) {
      const slot = table.slotOf(id);
      if (slot === undefined) continue;
      const kept = withVector ? await index.get(slot) : undefined;
      found.push({ id, payload: withPayload ? this.#points.payload(id) : undefined, vector: kept?.vector });
    }
    return found;
  }

  async scroll(filter: Filter | undefined, first: PointId | undefined, limit: number): Promise<PointId[]> {
    const found: PointId[] = [];
    for await (const id of this.#passing(filter, first)) if (found.push(id) >= limit) break;
    return found;
  }

  async count(filter: Filter | undefined): Promise<number> {
    if (!filter) return this.#points.table.size;
    let count = 0;
    for await (const _ of this.#passing(filter)) count++;
    return count;
  }

  async all(filter: Filter): Promise<PointId[]> {
    const ids: PointId[] = [];
    for await (const id of this.#passing(filter)) ids.push(id);
    return ids;
  }

  async search({ query, limit, offset, threshold, filter, exact, effort }: SearchRequest): Promise<SearchAnswer> {
    const { table, index, watch } = this.#points;
    const startedAtMs = performance.now();
    const own = 'id' in query ? this.#slotOf(query.id) : undefined;
    if (!('id' in query)) checkVector(this.#points.settings, query, 'the query');
    return table.whileSearching(async () => {
      const plan = filter && (await this.#plan(filter));
      await this.#othersOfThisTurn();
      const passes = filter && plan && ((slot: number) => this.#passes(filter, plan, slot));
      // One more hit, where the point itself may be among the hits.
      const k = limit + (own === undefined ? 0 : offset + 1);
      const found = await index.search(own === undefined ? (query as ArrayLike<number>) : { id: own }, k, {
        offset: own === undefined ? offset : 0,
        threshold,
        filter: passes,
        exact,
        effort: effort === undefined ? undefined : Math.max(effort, k),
      });
      watch.searched(1, startedAtMs);
      const hits = found.ids.flatMap((slot, rank) => {
        const id = table.idOf(slot);
        return id === undefined || slot === own ? [] : [{ id, score: found.scores[rank]! }];
      });
      const explanation = {
        exact: found.exact,
        rows_scored: found.rowsScored,
        ...(plan && { filter: plan.explanation }),
      };
      return { hits: own === undefined ? hits : hits.slice(offset, offset + limit), explanation };
    });
  }

  /** Resolves when the requests that have arrived by now are read: their searches begin in the same moment, and threads do them together. */
  #othersOfThisTurn(): Promise<void> {
    this.#turn ??= nextTurn().then(() => {
      this.#turn = undefined;
    });
    return this.#turn;
  }

  #slotOf(id: PointId): number {
    const slot = this.#points.table.slotOf(id);
    if (slot === undefined) throw new RequestError(404, `Not found: No point with id ${id} found`);
    return slot;
  }

  #plan(filter: Filter): Promise<FilterPlan> {
    const { table, payloadIndexes } = this.#points;
    return planFilter(filter, {
      capacity: table.capacity,
      size: table.size,
      slotOf: (id) => table.slotOf(id),
      indexes: payloadIndexes.complete,
    });
  }

  #passes(filter: Filter, { candidates, isExact }: FilterPlan, slot: number): boolean {
    if (candidates && !candidates.has(slot)) return false;
    const id = this.#points.table.idOf(slot);
    return id !== undefined && (isExact || matches(filter, id, this.#points.payload(id)));
  }

  /** Ids of points that pass, in order from `first` on. */
  async *#passing(filter: Filter | undefined, first?: PointId): AsyncGenerator<PointId, undefined> {
    const { table } = this.#points;
    const plan = filter && (await this.#plan(filter));
    const slices = new TimeSlices();
    let looked = 0;
    for (const { key, value } of table.from(first)) {
      if (++looked % STRIDE === 0 && slices.isDue()) {
        await slices.nextTurn();
        this.#refuseClosed();
      }
      if (!filter || !plan) yield key;
      // The point may have been deleted in between.
      else if (table.slotOf(key) === value && this.#passes(filter, plan, value)) yield key;
    }
  }
}
