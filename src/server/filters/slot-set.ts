/**
 * A set of slots that may be small or large, with steps that never take long: a short list, and from `FEW` slots on bits in pieces.
 */
import type { Bits } from './bits.js';

const FEW = 32;
const PIECE_SLOTS = 4096;

export class SlotSet {
  #few: number[] | undefined = [];
  /** Pieces, by slot / PIECE_SLOTS. */
  readonly #pieces = new Map<number, Uint32Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(slot: number): void {
    if (this.#few) {
      if (this.#few.includes(slot)) return;
      this.#few.push(slot);
      this.#size++;
      if (this.#few.length > FEW) this.#spread(this.#few);
      return;
    }
    const piece = this.#pieceOf(slot);
    const bit = 1 << (slot & 31);
    const word = (slot % PIECE_SLOTS) >>> 5;
    if ((piece[word]! & bit) !== 0) return;
    piece[word]! |= bit;
    this.#size++;
  }

  delete(slot: number): void {
    if (this.#few) {
      const at = this.#few.indexOf(slot);
      if (at === -1) return;
      this.#few.splice(at, 1);
      this.#size--;
      return;
    }
    const piece = this.#pieces.get(Math.floor(slot / PIECE_SLOTS));
    const bit = 1 << (slot & 31);
    const word = (slot % PIECE_SLOTS) >>> 5;
    if (!piece || (piece[word]! & bit) === 0) return;
    piece[word]! &= ~bit;
    this.#size--;
  }

  /** Adds all slots to `bits`. */
  addTo(bits: Bits): void {
    for (const slot of this.#few ?? []) bits.add(slot);
    for (const [index, piece] of this.#pieces) bits.addWords(piece, (index * PIECE_SLOTS) / 32);
  }

  #spread(few: readonly number[]): void {
    this.#few = undefined;
    for (const slot of few) this.#pieceOf(slot)[(slot % PIECE_SLOTS) >>> 5]! |= 1 << (slot & 31);
  }

  #pieceOf(slot: number): Uint32Array {
    const index = Math.floor(slot / PIECE_SLOTS);
    const piece = this.#pieces.get(index) ?? new Uint32Array(PIECE_SLOTS / 32);
    this.#pieces.set(index, piece);
    return piece;
  }
}
