/**
 * The best k rows of those offered: a binary heap with the worst of them on top, in memory that the main thread reads when
 * the search is over. A greater key is better; of equal keys the lower slot is.
 */
import type { HitRegion } from '../../memory/search-control.js';

export class TopHits {
  readonly #count: Float64Array;
  readonly #keys: Float64Array;
  readonly #slots: Float64Array;
  #size = 0;

  constructor({ count, keys, slots }: HitRegion) {
    this.#count = count;
    this.#keys = keys;
    this.#slots = slots;
    count[0] = 0;
  }

  /** The key that a row needs at least to be taken; -Infinity while there is room for any. */
  get worstKey(): number {
    return this.#size < this.#keys.length ? Number.NEGATIVE_INFINITY : this.#keys[0]!;
  }

  /** Takes the row in if it is among the best; false where it is not. */
  offer(key: number, slot: number): boolean {
    if (this.#size < this.#keys.length) {
      this.#rise(this.#size++, key, slot);
      this.#count[0] = this.#size;
      return true;
    }
    if (!isBetter(key, slot, this.#keys[0]!, this.#slots[0]!)) return false;
    this.#sink(key, slot);
    return true;
  }

  /** Puts a row where a place became free at the bottom. */
  #rise(place: number, key: number, slot: number): void {
    let at = place;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBetter(this.#keys[above]!, this.#slots[above]!, key, slot)) break;
      this.#put(at, this.#keys[above]!, this.#slots[above]!);
      at = above;
    }
    this.#put(at, key, slot);
  }

  /** Puts a row in the place of the worst. */
  #sink(key: number, slot: number): void {
    const keys = this.#keys;
    const slots = this.#slots;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.#size) break;
      const other = below + 1;
      if (other < this.#size && isBetter(keys[below]!, slots[below]!, keys[other]!, slots[other]!)) below = other;
      if (!isBetter(key, slot, keys[below]!, slots[below]!)) break;
      this.#put(at, keys[below]!, slots[below]!);
      at = below;
    }
    this.#put(at, key, slot);
  }

  #put(at: number, key: number, slot: number): void {
    this.#keys[at] = key;
    this.#slots[at] = slot;
  }
}

/** The order of hits: the greater key first, of equal ones the earlier row. */
export function isBetter(key: number, slot: number, otherKey: number, otherSlot: number): boolean {
  return key > otherKey || (key === otherKey && slot < otherSlot);
}
