/**
 * The best k of the rows that are offered: a binary heap with the worst one on top, in memory that the caller reads when the search is
 * over. A greater key is better. Of equal keys the lower slot is better. A heap that is opened on used memory goes on with what is there.
 */
import { HIT_COUNTS, type HitPlace } from '../../memory/search-board.js';

export class TopHits {
  readonly #words: Float64Array;
  readonly #at: number;
  readonly #k: number;
  /** Where keys and slots begin. */
  readonly #keys: number;
  readonly #slots: number;
  #size: number;

  constructor(words: Float64Array, { at, k }: HitPlace) {
    this.#words = words;
    this.#at = at;
    this.#k = k;
    this.#keys = at + HIT_COUNTS;
    this.#slots = at + HIT_COUNTS + k;
    this.#size = words[at]!;
  }

  get size(): number {
    return this.#size;
  }

  /** Hits that it can have. */
  get capacity(): number {
    return this.#k;
  }

  /** Rows that were scored. */
  get scored(): number {
    return this.#words[this.#at + 1]!;
  }

  /** The key that a row needs at least to be taken; -Infinity while there is room for any. */
  get worstKey(): number {
    return this.#size < this.#k ? Number.NEGATIVE_INFINITY : this.#words[this.#keys]!;
  }

  /** Takes the row in if it is among the best; false where it is not. */
  offer(key: number, slot: number): boolean {
    const words = this.#words;
    words[this.#at + 1]!++;
    if (this.#size < this.#k) {
      this.#rise(this.#size, key, slot);
      words[this.#at] = ++this.#size;
      return true;
    }
    if (!isBetter(key, slot, words[this.#keys]!, words[this.#slots]!)) return false;
    this.#sink(key, slot);
    return true;
  }

  /** Takes the worst hit out of the heap and puts it behind those that are left: repeated, that sorts them, the best first. */
  retireWorst(): void {
    const words = this.#words;
    const [key, slot] = [words[this.#keys]!, words[this.#slots]!];
    const last = --this.#size;
    const [lastKey, lastSlot] = [words[this.#keys + last]!, words[this.#slots + last]!];
    if (last > 0) this.#sink(lastKey, lastSlot);
    this.#put(last, key, slot);
  }

  key(place: number): number {
    return this.#words[this.#keys + place]!;
  }

  slot(place: number): number {
    return this.#words[this.#slots + place]!;
  }

  /** Puts a row where a place became free at the bottom. */
  #rise(place: number, key: number, slot: number): void {
    const words = this.#words;
    let at = place;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const aboveKey = words[this.#keys + above]!;
      const aboveSlot = words[this.#slots + above]!;
      if (!isBetter(aboveKey, aboveSlot, key, slot)) break;
      this.#put(at, aboveKey, aboveSlot);
      at = above;
    }
    this.#put(at, key, slot);
  }

  /** Puts a row in the place of the worst. */
  #sink(key: number, slot: number): void {
    const words = this.#words;
    const [keys, slots] = [this.#keys, this.#slots];
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.#size) break;
      const other = below + 1;
      if (
        other < this.#size &&
        isBetter(words[keys + below]!, words[slots + below]!, words[keys + other]!, words[slots + other]!)
      ) {
        below = other;
      }
      if (!isBetter(key, slot, words[keys + below]!, words[slots + below]!)) break;
      this.#put(at, words[keys + below]!, words[slots + below]!);
      at = below;
    }
    this.#put(at, key, slot);
  }

  #put(at: number, key: number, slot: number): void {
    this.#words[this.#keys + at] = key;
    this.#words[this.#slots + at] = slot;
  }
}

/** The order of hits: the greater key first, of equal ones the earlier row. */
export function isBetter(key: number, slot: number, otherKey: number, otherSlot: number): boolean {
  return key > otherKey || (key === otherKey && slot < otherSlot);
}
