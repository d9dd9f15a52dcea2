/**
 * Gathers rows that come one by one, of lengths that are known only then, into chunks. A chunk is a matrix where all its rows
 * have the same length, else separate rows. Memory is at most one chunk, and never more than the rest of the source can fill.
 */
import type { VectorId } from '../vectors/vector-id.js';
import type { RowChunk } from './row-chunk.js';
import { type ChunkMemories, DEFAULT_CHUNK_BYTES } from './row-chunks.js';

export class RowCollector {
  readonly #memories: ChunkMemories;
  readonly #chunkVectors: number | undefined;
  readonly #mostComponents: number;
  #data: Float32Array | undefined;
  #used = 0;
  #lengths: number[] = [];
  #ids: VectorId[] = [];
  /** Rows in chunks that were taken. */
  #taken = 0;

  /** @param mostComponents that the whole source can hold */
  constructor(memories: ChunkMemories, chunkVectors: number | undefined, mostComponents: number) {
    this.#memories = memories;
    this.#chunkVectors = chunkVectors;
    this.#mostComponents = mostComponents;
  }

  /** Rows added so far. */
  get count(): number {
    return this.#taken + this.#lengths.length;
  }

  get isEmpty(): boolean {
    return this.#lengths.length === 0;
  }

  /**
   * Whether the chunk must be taken before a row of `length` components is added, with an id or without: all rows of a chunk have one,
   * or none has.
   */
  isFullFor(length: number, id: VectorId | undefined): boolean {
    const rows = this.#lengths.length;
    if (rows > 0 && this.#ids.length > 0 !== (id !== undefined)) return true;
    if (this.#chunkVectors !== undefined) return rows === this.#chunkVectors;
    // Rows without components need no room, but are not kept without end.
    return rows > 0 && 4 * (this.#used + Math.max(1, length) + rows) > DEFAULT_CHUNK_BYTES;
  }

  /** Copies the first `length` of `values`. */
  add(values: Float32Array, length: number, id?: VectorId): void {
    const data = this.#withRoomFor(length);
    data.set(length === values.length ? values : values.subarray(0, length), this.#used);
    this.#used += length;
    this.#lengths.push(length);
    if (id !== undefined) this.#ids.push(id);
  }

  /** The rows added since the last call, at least one. */
  take(): RowChunk {
    const lengths = this.#lengths;
    const data = this.#data!.subarray(0, this.#used);
    const ids = this.#ids.length > 0 ? this.#ids : undefined;
    this.#taken += lengths.length;
    this.#data = undefined;
    this.#used = 0;
    this.#lengths = [];
    this.#ids = [];
    const dims = lengths[0]!;
    if (dims > 0 && lengths.every((length) => length === dims)) return { data, dims, ids };
    let at = 0;
    const rows = lengths.map((length) => {
      at += length;
      return data.subarray(at - length, at);
    });
    return { rows, ids };
  }

  #withRoomFor(length: number): Float32Array {
    const needed = this.#used + length;
    if (this.#data && needed <= this.#data.length) return this.#data;
    // Where a chunk is to be larger than usual, twice as much each time: what is asked for may be more than there will be.
    const usual = Math.min(Math.max(DEFAULT_CHUNK_BYTES / 4, 2 * this.#used), this.#mostComponents);
    const wanted = this.#chunkVectors === undefined ? usual : Math.min(usual, this.#chunkVectors * Math.max(1, length));
    const capacity = Math.max(needed, wanted);
    const grown = this.#memories.createRows(1, capacity);
    if (this.#data) grown.set(this.#data.subarray(0, this.#used));
    this.#data = grown;
    return grown;
  }
}
