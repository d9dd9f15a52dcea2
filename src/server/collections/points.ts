/**
 * The points of a collection, in memory and in the store, and the one way in which they change: a group of changes is committed to the store, and then
 * done in memory, so that nobody sees what a crash could take back.
 */
import { IndexingError, messageOf } from '../../base/errors.js';
import type { VectorIndex } from '../../search/vector-index.js';
import { RequestError } from '../errors.js';
import { PayloadIndexes } from '../filters/payload-indexes.js';
import { BlockEncoder, blockAround, type FOLLOWING_HEAD_BYTES, namesOf } from '../store/block.js';
import type { CollectionStore } from '../store/collection-store.js';
import type { CollectionWatch } from './collection-watch.js';
import { compactBlocks, compactionOf } from './compaction.js';
import { type JsonObject, NO_PAYLOAD } from './payload.js';
import type { PointId } from './point-id.js';
import type { PointTable } from './point-table.js';
import type { RowMap } from './row-map.js';
import type { CollectionSettings } from './settings.js';
import type { NewPoint, WriteGroup } from './write-group.js';

/** The points of a collection as they are in memory. */
export interface PointsInMemory {
  readonly index: VectorIndex<number>;
  readonly table: PointTable;
  readonly rows: RowMap;
  /** The number of the next row. */
  readonly nextNumber: number;
}

/** Rows whose ids are numbers from `firstId` on, as those of most imports. */
export interface NumberedRows {
  readonly firstId: number;
  /** Rows of the collection's dims, row-major. The {@link FOLLOWING_HEAD_BYTES} bytes of memory before them are free for the block's head. */
  readonly data: Float32Array;
}

/** The same rows as single points, for points that may be there already. */
export function pointsOf({ firstId, data }: NumberedRows, dims: number): NewPoint[] {
  return Array.from({ length: data.length / dims }, (_, i) => {
    const vector = data.subarray(i * dims, (i + 1) * dims);
    return { id: firstId + i, vector, payload: NO_PAYLOAD, json: undefined };
  });
}

/** Payloads that are read between two turns. */
const SCAN_PAYLOADS = 1024;

export class Points {
  readonly store: CollectionStore;
  readonly watch: CollectionWatch;
  readonly index: VectorIndex<number>;
  readonly table: PointTable;
  readonly payloadIndexes = new PayloadIndexes();
  readonly #rows: RowMap;
  #nextNumber: number;
  #changedRows = 0;
  /** Rows of deleted points that are still in the index. */
  #gone: number[] = [];
  /** Error after which nothing is written any more: the store and the memory differ, until a restart. */
  #broken: RequestError | undefined;
  #settings: CollectionSettings;

  constructor(
    store: CollectionStore,
    settings: CollectionSettings,
    watch: CollectionWatch,
    { index, table, rows, nextNumber }: PointsInMemory,
  ) {
    this.store = store;
    this.#settings = settings;
    this.watch = watch;
    this.index = index;
    this.table = table;
    this.#rows = rows;
    this.#nextNumber = nextNumber;
  }

  get settings(): CollectionSettings {
    return this.#settings;
  }

  /** Rows that came or went since the collection was opened. */
  get changedRows(): number {
    return this.#changedRows;
  }

  /** Bytes of the stored blocks. */
  get blockBytes(): number {
    return this.#rows.blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  has(id: PointId): boolean {
    return this.table.slotOf(id) !== undefined;
  }

  payload(id: PointId): JsonObject {
    const json = this.store.payload(id);
    return json === undefined ? NO_PAYLOAD : (JSON.parse(json) as JsonObject);
  }

  /** Rejects with 507 where there is no room on the disk (nothing has changed then) or in memory. */
  async commit({ changes }: WriteGroup): Promise<void> {
    const startedAtMs = performance.now();
    if (this.#broken) throw this.#broken;
    if (changes.size === 0) return;
    const put: { readonly id: PointId; readonly vector: ArrayLike<number> }[] = [];
    const deleted: PointId[] = [];
    const dying: number[] = [];
    const stored: [PointId, string | undefined][] = [];
    const payloads: { readonly id: PointId; readonly before: JsonObject; readonly after: JsonObject }[] = [];
    const isIndexed = !this.payloadIndexes.isEmpty;
    for (const [id, change] of changes) {
      const slot = this.table.slotOf(id);
      if (slot !== undefined && (change.kind === 'deleted' || change.vector)) dying.push(this.table.numberOf(slot));
      const json = change.kind === 'deleted' ? undefined : change.json;
      if (slot !== undefined || json !== undefined) {
        stored.push([id, json]);
        if (isIndexed) {
          const after = change.kind === 'deleted' ? NO_PAYLOAD : change.payload;
          payloads.push({ id, before: slot === undefined ? NO_PAYLOAD : this.payload(id), after });
        }
      }
      if (change.kind === 'deleted') deleted.push(id);
      else if (change.vector) put.push({ id, vector: change.vector });
    }
    const first = this.#nextNumber;
    const ids = put.map(({ id }) => id);
    const names = namesOf({ first }, ids);
    const block = ids.length > 0 ? new BlockEncoder().encode(names, this.#settings.size) : undefined;
    for (const [row, { vector }] of put.entries()) block!.vectors.set(vector, row * this.#settings.size);
    const deaths = this.#rows.deathsOf(dying);
    const before = this.store.beginRead();
    try {
      const committingAtMs = performance.now();
      await this.store.commit({
        blocks: block ? [[first, block.bytes]] : [],
        dead: deaths,
        payloads: stored,
        meta: [
          ['nextNumber', first + ids.length],
          ['points', this.table.size + ids.filter((id) => !this.has(id)).length - deleted.length],
        ],
      });
      this.watch.committed(performance.now() - committingAtMs);
      this.#nextNumber += ids.length;
      if (block) {
        await this.#putInMemory(ids, first, block.vectors, () =>
          this.store.commit({
            removedBlocks: [first],
            dead: [...deaths.keys()].map((each) => [each, this.#rows.deadOf(each)]),
            payloads: stored.map(([id]) => [id, this.store.payload(id, before)]),
          }),
        );
      }
    } finally {
      before.done();
    }
    for (const [block, bits] of deaths) this.#rows.setDead(block, bits);
    if (block) this.#rows.append(names, block.bytes.length);
    this.#changedRows += ids.length + dying.length;
    for (const { id, before, after } of payloads) {
      this.payloadIndexes.changed(id, this.table.slotOf(id)!, before, after);
    }
    this.#gone.push(...deleted.map((id) => this.table.slotOf(id)!));
    for (const id of deleted) this.table.delete(id);
    if (this.#gone.length > 0) {
      await this.index.remove(this.#gone);
      this.#gone = [];
    }
    this.watch.stored(ids.length, startedAtMs);
  }

  /** Whether no point has a number as id that is as great as this one, or greater. */
  areNew(firstId: number): boolean {
    return firstId > this.table.lastNumber;
  }

  /**
   * `commit` of new points (`areNew`) without payloads: what is done for each of them is as little as can be, and they come into memory while they
   * are written. They are written from where they lie.
   */
  async storeRows({ firstId, data }: NumberedRows): Promise<void> {
    const startedAtMs = performance.now();
    if (this.#broken) throw this.#broken;
    const dims = this.#settings.size;
    const count = data.length / dims;
    const first = this.#nextNumber;
    const names = { count, numbers: { first }, ids: { first: firstId } };
    const bytes = blockAround(data, dims, first, firstId);
    const slot = this.table.reserve(count);
    const slots = Array.from({ length: count }, (_, i) => slot + i);
    let isStored = false;
    const meta = [
      ['nextNumber', first + count],
      ['points', this.table.size + count],
    ] as const;
    const storing = this.store.commit({ blocks: [[first, bytes]], meta }).then(() => {
      this.watch.committed(performance.now() - startedAtMs);
      isStored = true;
      this.#nextNumber += count;
      this.table.nameAll(slot, count, firstId, first);
    });
    // Its rejection is handled below.
    storing.catch(() => undefined);
    try {
      await this.index.upsertWhen(storing, { data, dims }, { ids: slots });
    } catch (cause) {
      await storing.catch(() => undefined);
      if (!isStored) {
        this.table.release(slots);
        throw refusalOfIndex(cause);
      }
      for (let i = 0; i < count; i++) this.table.delete(firstId + i);
      throw await this.#notInMemory(cause, () => this.store.commit({ removedBlocks: [first] }));
    }
    this.#rows.append(names, bytes.length);
    this.#changedRows += count;
    this.watch.stored(count, startedAtMs);
  }

  /** The number of the next row. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Puts some blocks together, without their dead rows; resolves with the number from which on rows are gone, or undefined where nothing is to do. */
  async compact(): Promise<number | undefined> {
    const compaction = compactionOf(this.#rows);
    return compaction && compactBlocks(compaction, this.#rows, this.store, this.#settings.size);
  }

  /** Adds some points to payload indexes that lack them. Resolves with whether there are more. */
  scanPayloads(): boolean {
    const { lacking } = this.payloadIndexes;
    if (lacking === 'all') return false;
    const found = this.store.payloadsAfter(lacking, SCAN_PAYLOADS);
    const isAll = found.length < SCAN_PAYLOADS;
    const scanned = found.map(({ id, json }) => ({
      id,
      slot: this.table.slotOf(id)!,
      payload: JSON.parse(json) as JsonObject,
    }));
    this.payloadIndexes.scanned(scanned, isAll);
    return !isAll;
  }

  /** Stores other settings. They hold when this resolves. */
  async changeSettings(settings: CollectionSettings): Promise<void> {
    await this.store.commit({ meta: [['settings', settings]] });
    this.#settings = settings;
  }

  /** Rows that are committed. Rejects with 507 where there is no memory for them; they are taken out of the store again then. */
  async #putInMemory(
    ids: readonly PointId[],
    first: number,
    data: Float32Array,
    takeBack: () => Promise<void>,
  ): Promise<void> {
    const before = ids.map((id) => this.#numberOf(id));
    const slots = ids.map((id, i) => this.table.put(id, first + i));
    try {
      await this.index.upsert({ data, dims: this.#settings.size }, { ids: slots });
    } catch (cause) {
      for (const [i, id] of ids.entries()) {
        const number = before[i];
        if (number === undefined) this.table.delete(id);
        else this.table.put(id, number);
      }
      throw await this.#notInMemory(cause, takeBack);
    }
  }

  /** Takes rows out of the store that are not in memory. Resolves with what the request is refused with. */
  async #notInMemory(cause: unknown, takeBack: () => Promise<void>): Promise<unknown> {
    try {
      await takeBack();
    } catch (error) {
      const sentence = `Points are stored that cannot be searched before a restart (${messageOf(error)})`;
      this.#broken = new RequestError(507, sentence, { cause: error });
      return this.#broken;
    }
    return refusalOfIndex(cause);
  }

  #numberOf(id: PointId): number | undefined {
    const slot = this.table.slotOf(id);
    return slot === undefined ? undefined : this.table.numberOf(slot);
  }
}

/** What the index rejected with, for the client: its own words on memory are those of a library. */
function refusalOfIndex(cause: unknown): unknown {
  if (!(cause instanceof IndexingError && cause.code === 'InsufficientMemory')) return cause;
  const sentence =
    'There is no memory for these points, and nothing of this write was stored. Give the server more with --max-memory, or delete points or collections.';
  return new RequestError(507, sentence, { cause });
}
