/**
 * One collection as requests see it. A write is answered when it is committed and searches see it; writes that wait together share a commit.
 */
import { rm } from 'node:fs/promises';
import { TimeSlices } from '../../base/time.js';
import type { Engine } from '../../engine/engine.js';
import { RequestError } from '../errors.js';
import type { Filter } from '../filters/condition.js';
import type { IndexType } from '../filters/payload-index.js';
import type { CollectionStore } from '../store/collection-store.js';
import { writeSnapshot } from '../store/snapshot-file.js';
import type { CollectionState } from '../watching/server-state.js';
import type { CollectionWatch } from './collection-watch.js';
import { GraphKeeper, type ServerLogger } from './graph-keeper.js';
import { loadPoints } from './load-points.js';
import { doOperation, hasFilter, type Operation, rowsOf } from './operations.js';
import type { PointId } from './point-id.js';
import {
  type PointParts,
  PointQueries,
  type SearchAnswer,
  type SearchRequest,
  type StoredPoint,
} from './point-queries.js';
import { type NumberedRows, type Points, pointsOf } from './points.js';
import type { CollectionSettings, GraphSettings } from './settings.js';
import { checkVector } from './vectors.js';
import { type NewPoint, WriteGroup } from './write-group.js';
import { WriteQueue } from './write-queue.js';

/** Writes that wait for their turn, before more are refused. */
const MOST_WAITING_WRITES = 1024;
const MOST_WAITING_ROWS = 131_072;
const STRIDE = 64;

export class Collection {
  readonly #points: Points;
  readonly #queries: PointQueries;
  readonly #graph: GraphKeeper;
  readonly #writes: WriteQueue<WriteGroup>;
  #closed = false;
  #isNumbering = false;
  /** Whether the last attempt to tidy the store failed. */
  #isUntidy = false;
  /** Requests that use the collection now. */
  readonly #uses = new Set<Promise<unknown>>();

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
    this.#queries = new PointQueries(points, () => this.#refuseClosed());
    this.#writes = new WriteQueue(
      () => new WriteGroup(points),
      (group) => points.commit(group),
      () => this.#tidy(logger),
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

  /** Figures for the metrics and the dashboard. */
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

  /**
   * One more than the largest id that is a number, for an import that gives numbers from there on: one at a time, or two would give the same.
   *
   * @throws {RequestError} 409
   */
  claimNumbers(): number {
    if (this.#isNumbering) {
      throw new RequestError(
        409,
        'Another import gives numbers as ids to its rows; wait for its end, or send first_id',
      );
    }
    this.#isNumbering = true;
    return this.#points.table.lastNumber + 1;
  }

  releaseNumbers(): void {
    this.#isNumbering = false;
  }

  pointsOfPayloadIndex(field: string): number {
    return this.#points.payloadIndexes.pointsOf(field);
  }

  // --- writing -------------------------------------------------------------------------------------------------------

  /** Does a write as a whole or not at all. Rejects with {@link RequestError} 400, 404, 429, 507. */
  write(operation: Operation): Promise<void> {
    return this.#use(() => this.#write(operation));
  }

  async #write(operation: Operation): Promise<void> {
    this.#refuseTooMany();
    if (operation.kind === 'upsert')
      for (const { id, vector } of operation.points) checkVector(this.settings, vector, `point ${id}`);
    await this.#writes.write(
      rowsOf(operation),
      (group) => {
        if (operation.kind === 'upsert') return doOperation(operation, group, []);
        const { selection } = operation;
        if ('ids' in selection) return doOperation(operation, group, selection.ids);
        return this.#queries.all(selection.filter).then((ids) => doOperation(operation, group, ids));
      },
      { sees: hasFilter(operation) },
    );
    this.#graph.look();
  }

  /** As an upsert, but one that waits where others are refused, and in whose time no graph is begun: for imports. */
  importPoints(points: readonly NewPoint[]): Promise<void> {
    return this.#import(points.length, (group) => group.put(points));
  }

  /** The same for rows that are most likely new: in less time than a point takes. */
  importRows(rows: NumberedRows): Promise<void> {
    const points = this.#points;
    const store = (group: WriteGroup) =>
      points.areNew(rows.firstId) ? points.storeRows(rows) : group.put(pointsOf(rows, this.settings.size));
    return this.#import(rows.data.length / this.settings.size, store);
  }

  #import(rows: number, prepare: (group: WriteGroup) => void | Promise<void>): Promise<void> {
    const store = async () => {
      await this.#graph.room();
      await this.#writes.write(rows, prepare, { sees: true });
      this.#graph.look();
    };
    return this.#use(() => this.#graph.whileImporting(store));
  }

  changeGraph(hnsw: GraphSettings): Promise<void> {
    return this.#use(async () => {
      await this.#writes.inTurn(() => this.#points.changeSettings({ ...this.settings, hnsw }));
      this.#graph.look();
    });
  }

  /** Makes an index of a payload field; filters use it when this resolves. */
  indexPayload(field: string, type: IndexType): Promise<void> {
    const begin = async () => {
      const payloadIndexes = { ...this.settings.payloadIndexes, ...Object.fromEntries([[field, type]]) };
      await this.#points.changeSettings({ ...this.settings, payloadIndexes });
      this.#points.payloadIndexes.add(field, type);
    };
    return this.#use(async () => {
      await this.#writes.inTurn(begin);
      await this.#makePayloadIndexes();
    });
  }

  forgetPayloadIndex(field: string): Promise<void> {
    const forget = async () => {
      const others = Object.entries(this.settings.payloadIndexes).filter(([name]) => name !== field);
      await this.#points.changeSettings({ ...this.settings, payloadIndexes: Object.fromEntries(others) });
      this.#points.payloadIndexes.delete(field);
    };
    return this.#use(() => this.#writes.inTurn(forget));
  }

  /** Resolves with whether there is more to do. */
  async #tidy(logger: ServerLogger): Promise<boolean> {
    const points = this.#points;
    const collection = points.settings.name;
    try {
      if (points.scanPayloads()) return true;
      const compacted = await points.compact();
      if (compacted === undefined) return false;
      if (this.#isUntidy) logger.info({ collection }, 'The store is tidied again');
      this.#isUntidy = false;
      this.#graph.rowsAreGone(compacted);
      return true;
    } catch (error) {
      // Every write tries again, and would log the same error again.
      if (!this.#isUntidy) {
        const message = 'The store could not be tidied; that is tried again after each write';
        logger.warn({ err: error, collection }, message);
      }
      this.#isUntidy = true;
      return false;
    }
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  /** Points with these ids, in their order; those that are not there are left out. */
  read(ids: Iterable<PointId>, parts: PointParts): Promise<StoredPoint[]> {
    return this.#use(() => this.#queries.read(ids, parts));
  }

  /** Ids of points that pass, in order, from `first` on, at most `limit`. */
  scroll(filter: Filter | undefined, first: PointId | undefined, limit: number): Promise<PointId[]> {
    return this.#use(() => this.#queries.scroll(filter, first, limit));
  }

  count(filter: Filter | undefined): Promise<number> {
    return this.#use(() => this.#queries.count(filter));
  }

  search(request: SearchRequest): Promise<SearchAnswer> {
    return this.#use(() => this.#queries.search(request));
  }

  /** Writes all points, as they are between two writes, to a file (snapshot-file.ts). */
  snapshot(file: string): Promise<void> {
    return this.#use(() => this.#snapshot(file));
  }

  async #snapshot(file: string): Promise<void> {
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

  /** Closes the store when what was asked for is done; long scans are refused the rest. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#graph.refuseRoom();
    while (this.#uses.size > 0) await Promise.allSettled(this.#uses);
    await this.#writes.idle();
    await this.#graph.close();
    await this.#writes.idle();
    await this.#points.index.dispose();
    await this.#points.store.close();
  }

  /** The store is open as long as this lasts. */
  async #use<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseClosed();
    const use = work();
    this.#uses.add(use);
    try {
      return await use;
    } finally {
      this.#uses.delete(use);
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw new RequestError(503, `Collection \`${this.settings.name}\` is being closed`);
  }

  #refuseTooMany(): void {
    const { waitingWrites, waitingRows } = this.#writes;
    if (waitingWrites >= MOST_WAITING_WRITES || waitingRows >= MOST_WAITING_ROWS) {
      throw new RequestError(429, `${waitingWrites} writes wait already; try again later`, { retryAfterSeconds: 1 });
    }
    this.#graph.refuseTooMany();
  }

  async #makePayloadIndexes(): Promise<void> {
    // Other writes have their turns in between.
    while (await this.#writes.inTurn(() => this.#points.scanPayloads()));
  }

  #inBackground(work: Promise<void>): void {
    // Callers that wait for the queue get the error. Without the index, filters look at the payloads.
    work.catch(() => undefined);
  }
}
