/**
 * The points of a collection in memory: every point has a slot, a small number that its row in the VectorIndex has as id, and keeps it until it is
 * deleted. A slot is used again only when no search is under way any more that may still find the deleted point in it.
 */
import { comparePointIds, type PointId } from './point-id.js';
import { SortedMap } from './sorted-map.js';

export class PointTable {
  readonly #slots = new SortedMap<PointId, number>(comparePointIds);
  /** Ids by slot; undefined for a slot that is free. */
  readonly #ids: (PointId | undefined)[] = [];
  /** Numbers of the stored rows, by slot. */
  readonly #numbers: number[] = [];
  readonly #free: number[] = [];
  /** Slots of deleted points, which searches that began before may still find. */
  #retired: number[] = [];
  #retiredBefore: number[] = [];
  /** Searches under way that began before the last change of epochs, and since. */
  #old = 0;
  #young = 0;
  #epoch = 0;

  get size(): number {
    return this.#slots.size;
  }

  /** Number of slots, free ones included. */
  get capacity(): number {
    return this.#ids.length;
  }

  /** The largest id that is a number, or -1. */
  get lastNumber(): number {
    // Every UUID comes behind every number, and the empty text before every UUID.
    return (this.#slots.before('') as number | undefined) ?? -1;
  }

  slotOf(id: PointId): number | undefined {
    return this.#slots.get(id);
  }

  /** The id of a slot; undefined for a point that is deleted. */
  idOf(slot: number): PointId | undefined {
    return this.#ids[slot];
  }

  numberOf(slot: number): number {
    return this.#numbers[slot]!;
  }

  /** The slot of a point, new or not, whose row has this number from now on. */
  put(id: PointId, number: number): number {
    const slot = this.#slots.get(id) ?? this.#newSlot(id);
    this.#numbers[slot] = number;
    return slot;
  }

  /** Slots that follow each other, the first one is given; they are no points until they are named, and to be released otherwise. */
  reserve(count: number): number {
    const first = this.#ids.length;
    for (let i = 0; i < count; i++) {
      this.#ids.push(undefined);
      this.#numbers.push(-1);
    }
    return first;
  }

  /** Makes points of reserved slots: new ones, whose ids and rows have numbers from `id` and `number` on. No id lies between them. */
  nameAll(slot: number, count: number, id: number, number: number): void {
    const ids: number[] = [];
    const slots: number[] = [];
    for (let i = 0; i < count; i++) {
      this.#ids[slot + i] = id + i;
      this.#numbers[slot + i] = number + i;
      ids.push(id + i);
      slots.push(slot + i);
    }
    this.#slots.addRun(ids, slots);
  }

  /** Gives a slot to a row that is no point, until it is released. */
  skip(): number {
    return this.reserve(1);
  }

  /** Frees slots that were skipped or reserved. */
  release(slots: Iterable<number>): void {
    for (const slot of slots) this.#free.push(slot);
  }

  delete(id: PointId): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#slots.delete(id);
    this.#ids[slot] = undefined;
    this.#retired.push(slot);
    this.#reuse();
  }

  /** Points in the order of their ids, from `first` on. */
  from(first?: PointId): Generator<{ readonly key: PointId; readonly value: number }, undefined> {
    return this.#slots.from(first);
  }

  /** Slots found by `search` are not used again before it is done. */
  async whileSearching<T>(search: () => Promise<T>): Promise<T> {
    const epoch = this.#epoch;
    this.#young++;
    try {
      return await search();
    } finally {
      if (epoch === this.#epoch) this.#young--;
      else this.#old--;
      this.#reuse();
    }
  }

  #newSlot(id: PointId): number {
    const slot = this.#free.pop() ?? this.#ids.length;
    this.#ids[slot] = id;
    this.#slots.set(id, slot);
    return slot;
  }

  #reuse(): void {
    // Slots retired in the epoch before last are free: no search that may have found them is still under way.
    while (this.#old === 0 && this.#retired.length + this.#retiredBefore.length > 0) {
      for (const slot of this.#retiredBefore) this.#free.push(slot);
      this.#retiredBefore = this.#retired;
      this.#retired = [];
      this.#old = this.#young;
      this.#young = 0;
      this.#epoch++;
    }
  }
}
