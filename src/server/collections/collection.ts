/**
 * One collection as requests see it. A write is answered when it is committed and searches see it; writes that wait together share a commit.
 */
import { rm } from 'node:fs/promises';
import { TimeSlices } from '../../base/time-slices.js';
import type { Engine } from '../../engine/engine.js';
import { RequestError } from '../errors.js';
import type { Filter } from '../filters/condition.js';
import { matches } from '../filters/matches.js';
import type { IndexType } from '../filters/payload-index.js';
import { type FilterPlan, planFilter } from '../filters/plan.js';
import type { CollectionStore } from '../store/collection-store.js';
import { writeSnapshot } from '../store/snapshot-file.js';
import type { CollectionState } from '../watching/server-state.js';
import type { CollectionWatch } from './collection-watch.js';
import { GraphKeeper, type ServerLogger } from './graph-keeper.js';
import { loadPoints } from './load-points.js';
import { doOperation, hasFilter, type Operation, rowsOf } from './operations.js';
import type { JsonObject } from './payload.js';
import type { PointId } from './point-id.js';
import type { Points } from './points.js';
import type { CollectionSettings, GraphSettings } from './settings.js';
import { checkVector } from './vectors.js';
import { type NewPoint, WriteGroup } from './write-group.js';
import { WriteQueue } from './write-queue.js';

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

/** What is read of a point. */
export interface PointParts {
  readonly withPayload: boolean;
  readonly withVector: boolean;
}

/** Writes that wait for their turn, before more are refused. */
const MOST_WAITING_WRITES = 1024;
const MOST_WAITING_ROWS = 131_072;
const STRIDE = 64;

export class Collection {
  readonly #points: Points;
  readonly #graph: GraphKeeper;
  readonly #writes: WriteQueue<WriteGroup>;
  #closed = false;

  /** Reads what the store has. */
  static async open(
    store: CollectionStore,
    engine: Engine,
    logger: ServerLogger,
    watch: CollectionWatch,
  ): Promise<Collection> {
    return new Collection(await loadPoints(store, engine, logger, watch), logger);
  }

  private constructor(points: Points, logger: ServerLogger) {
    this.#points = points;
    this.#writes = new WriteQueue(
      () => new WriteGroup(points),
      (group) => points.commit(group),
      async () => {
        try {
          if (points.scanPayloads()) return true;
          const compacted = await points.compact();
          if (compacted !== undefined) this.#graph.rowsAreGone(compacted);
          return compacted !== undefined;
        } catch (error) {
          logger.warn(
            { err: error, collection: points.settings.name },
            'The store could not be tidied; that is tried again',
          );
          return false;
        }
      },
    );
    this.#graph = new GraphKeeper(points, (action) => this.#writes.inTurn(action), logger);
    this.#graph.look();
    if (!points.payloadIndexes.isEmpty) this.#inBackground(this.#makePayloadIndexes());
  }

  get settings(): CollectionSettings {
    return this.#points.settings;
  }

  /** Points. */
  get size(): number {
    return this.#points.table.size;
  }

  /** For the metrics and the dashboard. */
  get state(): Omit<CollectionState, 'storedBytes'> {
    const { name, size: dims, distance } = this.settings;
    const { graph, memory } = this.#points.index;
    return {
      name,
      dims,
      distance,
      status: this.#graph.state.isBehind ? 'yellow' : 'green',
      points: this.size,
      waiting: this.#graph.pending,
      memoryBytes: memory.total,
      graph: graph && { degree: graph.degree, calibration: graph.calibration },
    };
  }

  /** Points that are in the graph, and whether others are to come. */
  get graph(): { readonly rows: number; readonly isBehind: boolean } {
    return this.#graph.state;
  }

  /** The largest id that is a number, or -1. */
  get lastNumber(): number {
    return this.#points.table.lastNumber;
  }

  pointsOfPayloadIndex(field: string): number {
    return this.#points.payloadIndexes.pointsOf(field);
  }

  // --- writing -------------------------------------------------------------------------------------------------------

  /** All or nothing. Rejects with {@link RequestError} 400, 404, 429, 507. */
  async write(operation: Operation): Promise<void> {
    this.#refuseTooMany();
    if (operation.kind === 'upsert')
      for (const { id, vector } of operation.points) checkVector(this.settings, vector, `point ${id}`);
    await this.#writes.write(
      rowsOf(operation),
      (group) => {
        if (operation.kind === 'upsert') return doOperation(operation, group, []);
        const { selection } = operation;
        if ('ids' in selection) return doOperation(operation, group, selection.ids);
        return this.#all(selection.filter).then((ids) => doOperation(operation, group, ids));
      },
      { sees: hasFilter(operation) },
    );
    this.#graph.look();
  }

  /** As an upsert, but one that waits where others are refused, and in whose time no graph is begun: for imports. */
  async importBlock(points: readonly NewPoint[]): Promise<void> {
    if (this.#closed) throw new RequestError(503, 'The collection is being closed');
    await this.#graph.whileImporting(async () => {
      await this.#graph.room();
      await this.#writes.write(points.length, (group) => group.put(points));
      this.#graph.look();
    });
  }

  async changeGraph(hnsw: GraphSettings): Promise<void> {
    await this.#writes.inTurn(() => this.#points.changeSettings({ ...this.settings, hnsw }));
    this.#graph.look();
  }

  /** Makes an index of a payload field; filters use it when this resolves. */
  async indexPayload(field: string, type: IndexType): Promise<void> {
    await this.#writes.inTurn(async () => {
      const payloadIndexes = { ...this.settings.payloadIndexes, ...Object.fromEntries([[field, type]]) };
      await this.#points.changeSettings({ ...this.settings, payloadIndexes });
      this.#points.payloadIndexes.add(field, type);
    });
    await this.#makePayloadIndexes();
  }

  async forgetPayloadIndex(field: string): Promise<void> {
    await this.#writes.inTurn(async () => {
      const others = Object.entries(this.settings.payloadIndexes).filter(([name]) => name !== field);
      await this.#points.changeSettings({ ...this.settings, payloadIndexes: Object.fromEntries(others) });
      this.#points.payloadIndexes.delete(field);
    });
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  /** Points with these ids, in their order; those that are not there are left out. */
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

  /** Ids of points that pass, in order, from `first` on, at most `limit`. */
  async scroll(filter: Filter | undefined, first: PointId | undefined, limit: number): Promise<PointId[]> {
    const found: PointId[] = [];
    if (limit === 0) return found;
    for await (const id of this.#passing(filter, first)) if (found.push(id) === limit) break;
    return found;
  }

  async count(filter: Filter | undefined): Promise<number> {
    if (!filter) return this.size;
    let count = 0;
    for await (const _ of this.#passing(filter)) count++;
    return count;
  }

  async search({ query, limit, offset, threshold, filter, exact, effort }: SearchRequest): Promise<SearchAnswer> {
    const { table, index, watch } = this.#points;
    const startedAtMs = performance.now();
    const own = 'id' in query ? this.#slotOf(query.id) : undefined;
    if (!('id' in query)) checkVector(this.settings, query, 'the query');
    return table.whileSearching(async () => {
      const plan = filter && (await this.#plan(filter));
      const passes = filter && plan && ((slot: number) => this.#passes(filter, plan, slot));
      // One more where the point itself may be among them.
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

  /** Writes all points, as they are between two writes, to a file (snapshot-file.ts). */
  async snapshot(file: string): Promise<void> {
    const { index, table, store } = this.#points;
    const moment = await this.#writes.inTurn(async () => {
      const read = store.beginRead();
      // The rows that are saved are those of this moment.
      const saving = index.save(`${file}.index`);
      saving.catch(() => undefined);
      const ids: PointId[] = [];
      const slices = new TimeSlices();
      for (const slot of index.ids()) {
        ids.push(table.idOf(slot)!);
        if (ids.length % STRIDE === 0 && slices.isDue()) await slices.nextTurn();
      }
      return { read, saving, ids, settings: this.settings };
    });
    try {
      await moment.saving;
      const payload = (id: PointId) => store.payload(id, moment.read);
      await writeSnapshot(file, { ...moment, index: `${file}.index`, payload });
    } finally {
      moment.read.done();
      await moment.saving.catch(() => undefined);
      await rm(`${file}.index`, { force: true });
    }
  }

  /** Closes the store when what was asked for is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writes.idle();
    await this.#graph.close();
    await this.#writes.idle();
    await this.#points.index.dispose();
    await this.#points.store.close();
  }

  #refuseTooMany(): void {
    if (this.#closed) throw new RequestError(503, 'The collection is being closed');
    const { waitingWrites, waitingRows } = this.#writes;
    if (waitingWrites >= MOST_WAITING_WRITES || waitingRows >= MOST_WAITING_ROWS) {
      throw new RequestError(429, `${waitingWrites} writes wait already; try again later`, { retryAfterSeconds: 1 });
    }
    this.#graph.refuseTooMany();
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

  async #all(filter: Filter): Promise<PointId[]> {
    const ids: PointId[] = [];
    for await (const id of this.#passing(filter)) ids.push(id);
    return ids;
  }

  /** Ids of points that pass, in order from `first` on. */
  async *#passing(filter: Filter | undefined, first?: PointId): AsyncGenerator<PointId, undefined> {
    const { table } = this.#points;
    const plan = filter && (await this.#plan(filter));
    const slices = new TimeSlices();
    let looked = 0;
    for (const { key, value } of table.from(first)) {
      if (++looked % STRIDE === 0 && slices.isDue()) await slices.nextTurn();
      if (!filter || !plan) yield key;
      // It may have been deleted in between.
      else if (table.slotOf(key) === value && this.#passes(filter, plan, value)) yield key;
    }
  }

  async #makePayloadIndexes(): Promise<void> {
    // Other writes have their turns in between.
    while (await this.#writes.inTurn(() => this.#points.scanPayloads()));
  }

  #inBackground(work: Promise<void>): void {
    // Whoever waits for the queue hears of it; without the index, filters look at the payloads.
    work.catch(() => undefined);
  }
}
