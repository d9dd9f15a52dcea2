/**
 * One collection: its points in memory (a VectorIndex and a table of ids) and in the store. A write is committed to the store first, and then done in
 * memory, so searches never see what a crash could take back; it is answered after both.
 */
import { invalidConfiguration } from '../../base/errors.js';
import type { Engine } from '../../engine/engine.js';
import { VectorIndex } from '../../search/vector-index.js';
import type { VectorMatrix } from '../../vectors/vector-matrix.js';
import { RequestError } from '../errors.js';
import { decodeBlock, encodeBlock } from '../store/block.js';
import type { CollectionStore } from '../store/collection-store.js';
import type { CollectionState } from '../watching/server-state.js';
import type { CollectionWatch } from './collection-watch.js';
import { isEmptyPayload, type JsonObject, NO_PAYLOAD } from './payload.js';
import type { PointId } from './point-id.js';
import { PointTable } from './point-table.js';
import { isDead, RowMap } from './row-map.js';
import { type CollectionSettings, METRICS } from './settings.js';
import { WriteGroup } from './write-group.js';
import { WriteQueue } from './write-queue.js';

/** A point as it is written. */
export interface NewPoint {
  readonly id: PointId;
  readonly vector: ArrayLike<number>;
  readonly payload: JsonObject;
}

/** A point as it is read. */
export interface StoredPoint {
  readonly id: PointId;
  readonly payload: JsonObject;
  /** For Cosine the unit vector, as Qdrant keeps it. */
  readonly vector: Float32Array | undefined;
}

export interface Hit {
  readonly id: PointId;
  readonly score: number;
}

export interface SearchRequest {
  readonly query: ArrayLike<number> | { readonly id: PointId };
  readonly limit: number;
  readonly offset: number;
  readonly threshold: number | undefined;
  readonly exact: boolean;
  readonly effort: number | undefined;
}

export class Collection {
  readonly #store: CollectionStore;
  readonly #watch: CollectionWatch;
  readonly #index: VectorIndex<number>;
  readonly #table: PointTable;
  readonly #rows: RowMap;
  readonly #writes: WriteQueue<WriteGroup>;
  #settings: CollectionSettings;
  #nextNumber: number;

  /** Reads what the store has. */
  static async open(store: CollectionStore, engine: Engine, watch: CollectionWatch): Promise<Collection> {
    const settings = store.meta('settings') as CollectionSettings;
    const table = new PointTable();
    const rows = new RowMap();
    let nextNumber = Number(store.meta('nextNumber') ?? 0);
    function* chunks(): Generator<VectorMatrix> {
      for (const { first, bytes } of store.blocks()) {
        const block = decodeBlock(bytes);
        const dead = store.dead(first);
        rows.append(block.numbers, bytes.length, dead);
        nextNumber = Math.max(nextNumber, block.numbers.at(-1)! + 1);
        const { dims, vectors } = block;
        let live = 0;
        for (const [row, id] of block.ids.entries()) {
          if (isDead(dead, row)) continue;
          table.put(id, block.numbers[row]!);
          if (row > live) vectors.copyWithin(live * dims, row * dims, (row + 1) * dims);
          live++;
        }
        if (live > 0) yield { data: vectors.subarray(0, live * dims), dims };
      }
    }
    const { size: dims, distance } = settings;
    async function* stream() {
      yield* chunks();
    }
    const index = await VectorIndex.build<number>(stream(), { dims, metric: METRICS[distance], engine });
    return new Collection(store, watch, { settings, index, table, rows, nextNumber });
  }

  private constructor(
    store: CollectionStore,
    watch: CollectionWatch,
    parts: {
      settings: CollectionSettings;
      index: VectorIndex<number>;
      table: PointTable;
      rows: RowMap;
      nextNumber: number;
    },
  ) {
    this.#store = store;
    this.#watch = watch;
    this.#settings = parts.settings;
    this.#index = parts.index;
    this.#table = parts.table;
    this.#rows = parts.rows;
    this.#nextNumber = parts.nextNumber;
    const committed = {
      has: (id: PointId) => this.#table.slotOf(id) !== undefined,
      payload: (id: PointId) => this.payload(id),
    };
    this.#writes = new WriteQueue(
      () => new WriteGroup(committed),
      (group) => this.#commit(group),
    );
  }

  get settings(): CollectionSettings {
    return this.#settings;
  }

  /** Points. */
  get size(): number {
    return this.#table.size;
  }

  /** For the metrics and the dashboard. */
  get state(): Omit<CollectionState, 'storedBytes'> {
    const { name, size: dims, distance } = this.#settings;
    const { graph, size } = this.#index;
    const waiting = graph?.pending ?? 0;
    return {
      name,
      dims,
      distance,
      status: waiting > 0 ? 'yellow' : 'green',
      points: this.size,
      waiting,
      memoryBytes: 4 * dims * size + (graph?.bytes ?? 0),
      graph: graph && { degree: graph.degree, calibration: graph.calibration },
    };
  }

  /** Puts points, all or none; of several with one id the last one counts. */
  async upsert(points: readonly NewPoint[]): Promise<void> {
    for (const point of points) this.#checkVector(point.vector, `the vector of point ${point.id}`);
    await this.#writes.write(points.length, (group) => {
      for (const { id, vector, payload } of points) group.put(id, vector, payload);
    });
  }

  /** Points with these ids, in their order; those that are not there are left out. */
  async points(
    ids: readonly PointId[],
    { withVector, withPayload }: { readonly withVector: boolean; readonly withPayload: boolean },
  ): Promise<StoredPoint[]> {
    const found: StoredPoint[] = [];
    for (const id of ids) {
      const slot = this.#table.slotOf(id);
      if (slot === undefined) continue;
      const kept = withVector ? await this.#index.get(slot) : undefined;
      found.push({ id, payload: withPayload ? this.payload(id) : NO_PAYLOAD, vector: kept?.vector });
    }
    return found;
  }

  payload(id: PointId): JsonObject {
    const json = this.#store.payload(id);
    return json === undefined ? NO_PAYLOAD : (JSON.parse(json) as JsonObject);
  }

  async search({ query, limit, offset, threshold, exact, effort }: SearchRequest): Promise<Hit[]> {
    const startedAtMs = performance.now();
    const slot = 'id' in query ? this.#slotOf(query.id) : undefined;
    if (!('id' in query)) this.#checkVector(query, 'the query');
    const own = slot === undefined ? query : { id: slot };
    const k = limit;
    const filter = slot === undefined ? undefined : (found: number) => found !== slot;
    return this.#table.whileSearching(async () => {
      const hits = await this.#index.search(own as ArrayLike<number>, k, { offset, threshold, exact, effort, filter });
      this.#watch.searched(1, startedAtMs);
      return hits.ids.flatMap((found, rank) => {
        const id = this.#table.idOf(found);
        return id === undefined ? [] : [{ id, score: hits.scores[rank]! }];
      });
    });
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#index.dispose();
    await this.#store.close();
  }

  async #commit({ changes }: WriteGroup): Promise<void> {
    const startedAtMs = performance.now();
    const put: { id: PointId; vector: ArrayLike<number> }[] = [];
    const deleted: PointId[] = [];
    const dying: number[] = [];
    const payloads: [PointId, string | undefined][] = [];
    for (const [id, change] of changes) {
      const slot = this.#table.slotOf(id);
      if (slot !== undefined && (change.kind === 'deleted' || change.vector)) dying.push(this.#table.numberOf(slot));
      if (change.kind === 'deleted') {
        deleted.push(id);
        payloads.push([id, undefined]);
        continue;
      }
      if (change.vector) put.push({ id, vector: change.vector });
      const json = isEmptyPayload(change.payload) ? undefined : JSON.stringify(change.payload);
      if (json !== undefined || slot !== undefined) payloads.push([id, json]);
    }
    const first = this.#nextNumber;
    const numbers = Float64Array.from(put, (_, i) => first + i);
    const { size: dims } = this.#settings;
    const ids = put.map(({ id }) => id);
    const block =
      put.length > 0
        ? encodeBlock(
            numbers,
            ids,
            dims,
            put.map(({ vector }) => vector),
          )
        : undefined;
    const deaths = this.#rows.deathsOf(dying);
    const committingAtMs = performance.now();
    await this.#store.commit({
      blocks: block ? [[first, block.bytes]] : [],
      dead: deaths,
      payloads,
      meta: block ? [['nextNumber', first + put.length]] : [],
    });
    // From here on it is stored.
    this.#watch.committed(performance.now() - committingAtMs);
    for (const [block, bits] of deaths) this.#rows.setDead(block, bits);
    if (block) {
      this.#rows.append(numbers, block.bytes.length);
      this.#nextNumber += put.length;
      const slots = ids.map((id, i) => this.#table.put(id, first + i));
      await this.#index.upsert({ data: block.vectors, dims }, { ids: slots });
    }
    this.#watch.stored(put.length, startedAtMs);
    if (deleted.length > 0) {
      const slots = deleted.flatMap((id) => this.#table.slotOf(id) ?? []);
      for (const id of deleted) this.#table.delete(id);
      await this.#index.remove(slots);
    }
  }

  #slotOf(id: PointId): number {
    const slot = this.#table.slotOf(id);
    if (slot === undefined) throw new RequestError(404, `There is no point ${id} in ${this.#settings.name}`);
    return slot;
  }

  /** What the index would refuse, refused before it is stored. */
  #checkVector(vector: ArrayLike<number>, what: string): void {
    const { size, distance } = this.#settings;
    if (vector.length !== size) {
      throw new RequestError(400, `Vector dimension error: expected dim: ${size}, got ${vector.length} in ${what}`);
    }
    let isZero = true;
    for (let i = 0; i < size; i++) {
      const component = Math.fround(vector[i]!);
      if (!Number.isFinite(component)) throw invalidConfiguration(`${what}[${i}]`, 'a number of float32', vector[i]);
      isZero &&= component === 0;
    }
    if (isZero && distance === 'Cosine')
      throw new RequestError(400, `${what} has only zeros, which have no direction for Cosine`);
  }
}
