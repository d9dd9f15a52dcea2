/**
 * The ids of the rows of a segment, by row. They are written in the order of the rows; consecutive numbers, which ids mostly are,
 * take no memory. Kept in chunks, so that no step takes longer the more there are.
 */
import type { VectorId } from '../vectors/vector-id.js';

const CHUNK_BITS = 12;
const CHUNK_MASK = 2 ** CHUNK_BITS - 1;

export class IdColumn {
  /** Ids of the rows of a chunk, or what they have in common: id − row within the chunk. */
  readonly #chunks: (VectorId[] | number)[] = [];

  get(row: number): VectorId {
    const chunk = this.#chunks[row >>> CHUNK_BITS]!;
    return typeof chunk === 'number' ? chunk + (row & CHUNK_MASK) : chunk[row & CHUNK_MASK]!;
  }

  /** Rows are given their ids one after the other; one that has an id gets another, which makes those behind it undefined. */
  set(row: number, id: VectorId): void {
    const at = row >>> CHUNK_BITS;
    const place = row & CHUNK_MASK;
    if (place === 0) {
      this.#chunks[at] = typeof id === 'number' && Number.isSafeInteger(id + CHUNK_MASK) ? id : [id];
      return;
    }
    const chunk = this.#chunks[at]!;
    if (typeof chunk === 'number') {
      if (id === chunk + place) return;
      const ids: VectorId[] = [];
      for (let i = 0; i < place; i++) ids.push(chunk + i);
      ids.push(id);
      this.#chunks[at] = ids;
    } else {
      chunk[place] = id;
    }
  }
}
