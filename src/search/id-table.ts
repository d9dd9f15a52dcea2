/**
 * Which id is in which slot. As long as every row is called by its position, nothing is stored.
 *
 * Ids of one index are all numbers (safe integers) or all strings. A column of ids only grows, so states that share it see
 * the ids of their slots whatever is added later.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import type { TimeSlices } from '../base/time-slices.js';
import { checkId, type VectorId } from '../vectors/vector-id.js';

/** The ids of slots 0, 1, ...; undefined where they are the slots themselves. */
export type IdColumn = readonly VectorId[] | undefined;

/** Ids for rows to come: an array of them, or a typed array of numbers. */
export type VectorIds = ArrayLike<VectorId>;

/** Ids looked at between two looks at the clock. */
const STRIDE = 4096;

export function idAt(column: IdColumn, slot: number): VectorId {
  return column ? column[slot]! : slot;
}

export class IdTable {
  #column: VectorId[] | undefined;
  /** Slot of every id that is there. undefined, with the column, while ids are slots. */
  #slots: Map<VectorId, number> | undefined;
  /** While ids are slots: those that are not there any more. */
  readonly #removed = new Set<number>();
  #slotCount = 0;
  /** What a row without an id is called next. */
  #nextNumber = 0;

  get column(): IdColumn {
    return this.#column;
  }

  /** Slot of a row that is there. */
  slotOf(id: VectorId): number | undefined {
    if (this.#slots) return this.#slots.get(id);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= this.#slotCount) return undefined;
    // Object.is tells -0 from 0; a Map does not.
    return this.#removed.has(id) ? undefined : id + 0;
  }

  /**
   * Ids for `count` rows to come, found to be new.
   *
   * @param ids undefined for the next numbers
   * @throws {IndexingError} `InvalidConfiguration` for what is no id, one that is there or is given twice, a wrong number of
   *   ids, and ids that are not of the kind of those that are there.
   */
  async newIds(ids: VectorIds | undefined, count: number, slices: TimeSlices): Promise<VectorId[]> {
    if (ids !== undefined) {
      const checked = await this.checkIds(ids, count, slices);
      await slices.forEach(count, STRIDE, (first, last) => {
        for (let i = first; i < last; i++) {
          if (this.slotOf(checked[i]!) !== undefined) throw duplicate(i, checked[i]!, 'is in the index; use upsert');
        }
      });
      return checked;
    }
    if (this.#kind === 'string' && count > 0) {
      throw new IndexingError('InvalidConfiguration', 'ids must be given: those of this index are strings');
    }
    return Array.from({ length: count }, (_, i) => this.#nextNumber + i);
  }

  /** As `newIds`, for ids that may be there. */
  async checkIds(ids: VectorIds, count: number, slices: TimeSlices): Promise<VectorId[]> {
    if (ids.length !== count) throw invalidConfiguration('ids.length', `${count}, as there are vectors`, ids.length);
    const seen = new Set<VectorId>();
    const checked: VectorId[] = new Array(count);
    const kind = this.#kind ?? typeof ids[0];
    await slices.forEach(count, STRIDE, (first, last) => {
      for (let i = first; i < last; i++) {
        const id = checkId(`ids[${i}]`, ids[i]);
        if (typeof id !== kind) {
          throw invalidConfiguration(`ids[${i}]`, `a ${kind}, as the other ids of the index are`, id);
        }
        if (seen.has(id)) throw duplicate(i, id, 'is given twice');
        seen.add(id);
        checked[i] = id;
      }
    });
    return checked;
  }

  /** Gives the next slots to `ids`; an id that was there is in its new slot then. */
  add(ids: readonly VectorId[]): void {
    if (!this.#slots && !ids.every((id, i) => id === this.#slotCount + i)) this.#store();
    for (const id of ids) {
      const slot = this.#slotCount++;
      this.#column?.push(id);
      this.#slots?.set(id, slot);
      if (typeof id === 'number') this.#nextNumber = Math.max(this.#nextNumber, id + 1);
    }
  }

  /** Takes away ids that are there; their slots stay empty. */
  remove(ids: readonly VectorId[]): void {
    for (const id of ids) {
      if (this.#slots) this.#slots.delete(id);
      else this.#removed.add(id as number);
    }
  }

  /** Renumbers the slots of `kept`, the rows that are there, from 0 on. Columns given out before stay as they are. */
  renumber(kept: readonly VectorId[]): void {
    const { nextNumber, kind } = { nextNumber: this.#nextNumber, kind: this.#kind };
    this.#removed.clear();
    this.#slotCount = 0;
    const identity = kind !== 'string' && kept.every((id, i) => id === i);
    this.#column = identity ? undefined : [];
    this.#slots = identity ? undefined : new Map();
    this.add(kept);
    this.#nextNumber = nextNumber;
  }

  /** What all ids are; undefined before there was any. */
  get #kind(): 'number' | 'string' | undefined {
    if (this.#slotCount === 0) return undefined;
    return this.#column ? (typeof this.#column[0] as 'number' | 'string') : 'number';
  }

  /** From here on ids are not slots. */
  #store(): void {
    this.#column = Array.from({ length: this.#slotCount }, (_, slot) => slot);
    this.#slots = new Map();
    for (let slot = 0; slot < this.#slotCount; slot++) if (!this.#removed.has(slot)) this.#slots.set(slot, slot);
    this.#removed.clear();
  }
}

function duplicate(i: number, id: VectorId, what: string): IndexingError {
  return new IndexingError('InvalidConfiguration', `ids[${i}], ${JSON.stringify(id)}, ${what}`);
}
