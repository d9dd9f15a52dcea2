/**
 * Which rows may be hits, by their ids: a bit for each row, where threads can read it.
 */
import { invalidConfiguration } from '../base/errors.js';
import type { TimeSlices } from '../base/time-slices.js';
import type { VectorId } from '../vectors/vector-id.js';
import { type IdColumn, idAt } from './id-table.js';
import { bothBits, createBits, hasBit, setBit } from './row-bits.js';
import type { RowPart, RowState } from './row-store.js';
import type { Segment } from './segment.js';

/** Rows asked about between two looks at the clock. */
const STRIDE = 1024;

interface Answers {
  readonly bits: ArrayBufferLike;
  /** Rows asked about so far: the first ones of the segment. */
  count: number;
}

/**
 * A filter to be used again: the predicate is asked once about each row, when a search first meets it, and its answer is
 * kept as a bit. It may serve several indexes.
 */
export class SearchFilter {
  readonly #predicate: (id: VectorId) => boolean;
  readonly #answers = new WeakMap<Segment, Answers>();

  /**
   * @param predicate true for the ids whose rows may be hits
   * @throws {IndexingError} `InvalidConfiguration` for what is no function.
   */
  constructor(predicate: (id: VectorId) => boolean) {
    if (typeof predicate !== 'function') throw invalidConfiguration('predicate', 'a function of an id', predicate);
    this.#predicate = predicate;
  }

  /** For every part of a state, the rows that are accepted and there. Rejects with what the predicate throws. @internal */
  async accepted(state: RowState, ids: IdColumn, slices: TimeSlices): Promise<ArrayBufferLike[]> {
    const accepted: ArrayBufferLike[] = [];
    for (const part of state.parts) {
      const bits = await this.#bitsOf(part, ids, slices);
      accepted.push(part.live ? bothBits(bits, part.live) : bits);
    }
    return accepted;
  }

  async #bitsOf({ segment, count, firstSlot, live }: RowPart, ids: IdColumn, slices: TimeSlices) {
    const answers = this.#answers.get(segment) ?? { bits: createBits(segment.layout.capacity), count: 0 };
    this.#answers.set(segment, answers);
    const bits = new Uint32Array(answers.bits);
    const there = live && new Uint32Array(live);
    const known = answers.count;
    await slices.forEach(Math.max(0, count - known), STRIDE, (first, last) => {
      for (let row = known + first; row < known + last; row++) {
        // A row that was removed never comes back.
        if (there && !hasBit(there, row)) continue;
        if (this.#predicate(idAt(ids, firstSlot + row))) setBit(bits, row);
      }
    });
    answers.count = Math.max(answers.count, count);
    return answers.bits;
  }
}
