/**
 * The ids of the rows of a segment, by row. They are written in the order of the rows. Consecutive numbers, which ids mostly
 * are, take no memory. Ids are kept in chunks, so that no step takes longer when there are more.
 */
import type { VectorId } from '../vectors/vector-id.js';

const CHUNK_BITS = 12;
const CHUNK_MASK = 2 ** CHUNK_BITS - 1;

export class IdColumn {
  /** Ids of the rows of a chunk, or what they have in common: id − row within the chunk. */
  readonly #chunks: (VectorId[] | number)[] = [];
  #byteLength = 0;

  /** Bytes that the ids take, about: engines do not tell. */
  get byteLength(): number {
    return this.#byteLength;
  }

  get(row: number): VectorId {
    const chunk = this.#chunks[row >>> CHUNK_BITS]!;
    return typeof chunk === 'number' ? chunk + (row & CHUNK_MASK) : chunk[row & CHUNK_MASK]!;
  }

  /** Rows are given their ids one after the other; one that has an id gets another, which makes those behind it undefined. */
  set(row: number, id: VectorId): void {
    const at = row >>> CHUNK_BITS;
    const place = row & CHUNK_MASK;
    if (place === 0) {
      this.#byteLength += bytesOf(id) - (this.#chunks[at] === undefined ? 0 : this.#bytesOfChunk(at));
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
      this.#byteLength += place * NUMBER_BYTES + bytesOf(id);
    } else {
      this.#byteLength += bytesOf(id) - (place < chunk.length ? bytesOf(chunk[place]!) : 0);
      chunk[place] = id;
    }
  }

  #bytesOfChunk(at: number): number {
    const chunk = this.#chunks[at]!;
    return typeof chunk === 'number' ? NUMBER_BYTES : chunk.reduce((sum: number, id) => sum + bytesOf(id), 0);
  }
}

const NUMBER_BYTES = 8;
/** Bytes of a string beside its characters: its header, and the pointer to it. */
const STRING_BYTES = 24;

function bytesOf(id: VectorId): number {
  return typeof id === 'string' ? STRING_BYTES + id.length : NUMBER_BYTES;
}
