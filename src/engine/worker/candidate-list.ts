/**
 * The rows that may be hits of one query, listed by a lane that scores no rows. Beside each row is an upper bound of its score. The list is
 * in memory that the caller reads when the search is over. A list that is opened on used memory goes on with what is there.
 */
import { HIT_COUNTS, type HitPlace } from '../../memory/search-board.js';

/** Places of the counts, behind those of TopHits. */
const LENGTH = 2;
const OVERFLOWED = 3;

export class CandidateList {
  readonly #words: Float64Array;
  readonly #at: number;
  readonly #slots: number;
  readonly #bounds: number;
  readonly #capacity: number;

  constructor(words: Float64Array, { at, k, candidates }: HitPlace) {
    this.#words = words;
    this.#at = at;
    this.#slots = at + HIT_COUNTS + 2 * k;
    this.#bounds = this.#slots + candidates;
    this.#capacity = candidates;
  }

  get length(): number {
    return this.#words[this.#at + LENGTH]!;
  }

  /** Whether there were more rows than fit. Then this list is not complete. */
  get overflowed(): boolean {
    return this.#words[this.#at + OVERFLOWED] === 1;
  }

  slot(i: number): number {
    return this.#words[this.#slots + i]!;
  }

  bound(i: number): number {
    return this.#words[this.#bounds + i]!;
  }

  /** @param limit below which no score belongs to a hit by now: where there is no room, those of such bounds are let go */
  add(slot: number, bound: number, limit: number): void {
    if (this.overflowed) return;
    if (this.length === this.#capacity) this.#dropBelow(limit);
    const { length } = this;
    if (length === this.#capacity) {
      this.#words[this.#at + OVERFLOWED] = 1;
      return;
    }
    this.#words[this.#slots + length] = slot;
    this.#words[this.#bounds + length] = bound;
    this.#words[this.#at + LENGTH] = length + 1;
  }

  #dropBelow(limit: number): void {
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      if (this.bound(i) < limit) continue;
      this.#words[this.#slots + kept] = this.slot(i);
      this.#words[this.#bounds + kept] = this.bound(i);
      kept++;
    }
    this.#words[this.#at + LENGTH] = kept;
  }
}
