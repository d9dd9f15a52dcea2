/**
 * The points of a collection, in memory and in the store, and the one way in which they change: a group of changes is committed to the store, and then
 * done in memory, so that nobody sees what a crash could take back.
 */
import { messageOf } from '../../base/errors.js';
import type { VectorIndex } from '../../search/vector-index.js';
import { RequestError } from '../errors.js';
import { PayloadIndexes } from '../filters/payload-indexes.js';
import { decodeBlock, encodeBlock } from '../store/block.js';
import type { CollectionStore } from '../store/collection-store.js';
import type { CollectionWatch } from './collection-watch.js';
import { compactionOf } from './compaction.js';
import { type JsonObject, NO_PAYLOAD } from './payload.js';
import type { PointId } from './point-id.js';
import type { PointTable } from './point-table.js';
import { isDead, type RowMap } from './row-map.js';
import type { CollectionSettings } from './settings.js';
import type { WriteGroup } from './write-group.js';

/** What is in memory. */
export interface PointsInMemory {
  readonly index: VectorIndex<number>;
  readonly table: PointTable;
  readonly rows: RowMap;
  /** The number of the next row. */
  readonly nextNumber: number;
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
  /** Rows of deleted points that are in the index yet. */
  #gone: number[] = [];
  /** Why nothing is written any more: the store has what memory has not, until a restart. */
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

  /** Bytes of the blocks. */
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
    const numbers = Float64Array.from(ids, (_, i) => first + i);
    const vectors = put.map(({ vector }) => vector);
    const block = ids.length > 0 ? encodeBlock(numbers, ids, this.#settings.size, vectors) : undefined;
    const deaths = this.#rows.deathsOf(dying);
    const before = this.store.beginRead();
    try {
      const committingAtMs = performance.now();
      await this.store.commit({
        blocks: block ? [[first, block.bytes]] : [],
        dead: deaths,
        payloads: stored,
        meta: block ? [['nextNumber', first + ids.length]] : [],
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
    if (block) this.#rows.append(numbers, block.bytes.length);
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

  /** The number of the next row. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Puts some blocks together, without their dead rows; resolves with the number from which on rows are gone, or undefined where nothing is to do. */
  async compact(): Promise<number | undefined> {
    const compaction = compactionOf(this.#rows);
    if (!compaction) return undefined;
    const { at, count } = compaction;
    const blocks = this.#rows.blocks.slice(at, at + count);
    const numbers: number[] = [];
    const ids: PointId[] = [];
    const vectors: Float32Array[] = [];
    for (const { first, dead, deadCount, count } of blocks) {
      if (deadCount === count) continue;
      const block = decodeBlock(this.store.block(first)!);
      for (let row = 0; row < count; row++) {
        if (isDead(dead, row)) continue;
        numbers.push(block.numbers[row]!);
        ids.push(block.ids[row]!);
        vectors.push(block.vectors.subarray(row * block.dims, (row + 1) * block.dims));
      }
    }
    const block = ids.length > 0 ? encodeBlock(numbers, ids, this.#settings.size, vectors) : undefined;
    await this.store.commit({
      // The new one may have the number of one that goes.
      removedBlocks: blocks.map(({ first }) => first),
      blocks: block ? [[numbers[0]!, block.bytes]] : [],
    });
    this.#rows.replace(at, count, Float64Array.from(numbers), block?.bytes.length ?? 0);
    return blocks.find(({ deadCount }) => deadCount > 0)?.first ?? Number.POSITIVE_INFINITY;
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

  /** Stores other settings, which hold when this resolves. */
  async changeSettings(settings: CollectionSettings): Promise<void> {
    await this.store.commit({ meta: [['settings', settings]] });
    this.#settings = settings;
  }

  /** Rows that are committed. Rejects with 507 where there is no memory for them; they are taken out of the store again then. */
  async #putInMemory(
    ids: readonly PointId[],
    first: number,
    data: Float32Array<ArrayBuffer>,
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
      await takeBack().catch((error: unknown) => {
        const sentence = `Points are stored that cannot be searched before a restart (${messageOf(error)})`;
        this.#broken = new RequestError(507, sentence, { cause: error });
        throw this.#broken;
      });
      const sentence = `There is no memory for these points, and nothing of this request was stored: ${messageOf(cause)}`;
      throw new RequestError(507, sentence, { cause });
    }
  }

  #numberOf(id: PointId): number | undefined {
    const slot = this.table.slotOf(id);
    return slot === undefined ? undefined : this.table.numberOf(slot);
  }
}
