/**
 * Cuts rows of one length into matrices. Every matrix has memory of its own that belongs to whoever receives it; shared, where
 * the platform has SharedArrayBuffer, so that worker threads can copy from it without the calling thread.
 */

import { IndexingError, type RowRange } from '../base/errors.js';
import { countForCollector } from '../memory/create-memory.js';
import type { ReusableChunks } from '../vectors/reusable-chunks.js';
import type { VectorMatrix } from '../vectors/vector-source.js';
import type { RowChunk } from './row-chunk.js';

/** Bytes of float32 rows in a chunk, unless the caller says how many rows. */
export const DEFAULT_CHUNK_BYTES = 8 * 2 ** 20;

/** Fills all of `data` (whole rows, whatever they held) with the rows from `first` on. */
export type ReadRowsInto = (data: Float32Array, first: number) => Promise<void>;

/** Yields the rows from `first` to `last`, `chunkVectors` at a time (default: about 8 MiB of them, at least one). */
export async function* rowChunks(
  { first, last }: RowRange,
  dims: number,
  chunkVectors: number | undefined,
  memories: ChunkMemories,
  readRowsInto: ReadRowsInto,
): AsyncGenerator<VectorMatrix, void, undefined> {
  const step = chunkVectors ?? Math.max(1, Math.floor(DEFAULT_CHUNK_BYTES / (4 * dims)));
  for (let row = first; row < last; row += step) {
    const data = memories.createRows(Math.min(step, last - row), dims);
    await readRowsInto(data, row);
    yield { data, dims };
  }
}

/** Memory for `rows` × `dims` float32, with `headBytes` free bytes before them. Its content is undefined. */
export type CreateRows = (rows: number, dims: number, headBytes: number) => Float32Array;

/** No view of bytes, and no memory of a result, holds more. */
const MAX_CHUNK_BYTES = 2 ** 32;
const MAX_KEPT = 2;

/**
 * The memories of chunks: those given back first, then fresh ones. Touching fresh pages costs more than reading a cached
 * file into them.
 */
export class ChunkMemories {
  readonly #createFresh: CreateRows;
  readonly #headBytes: number;
  #kept: ArrayBufferLike[] = [];

  /**
   * @param createFresh where memory comes from that nobody gave back; by default shared memory of its own
   * @param headBytes before the rows of each memory, for its receiver: a multiple of 4
   */
  constructor(createFresh: CreateRows = createSharedRows, headBytes = 0) {
    this.#createFresh = createFresh;
    this.#headBytes = headBytes;
  }

  /** Takes back the memory of a chunk whose receiver is done with it and all views on it. */
  recycleChunk(chunk: RowChunk): void {
    const buffer = 'rows' in chunk ? chunk.rows[0]?.buffer : chunk.data.buffer;
    if (buffer) this.recycle(buffer);
  }

  /** Takes back a memory that came from here, once nobody has a view on it. */
  recycle(buffer: ArrayBufferLike): void {
    this.#kept = [buffer, ...this.#kept].slice(0, MAX_KEPT);
  }

  /**
   * Memory for `rows` × `dims` float32, its content undefined.
   *
   * @throws {IndexingError} `InsufficientMemory`
   */
  createRows(rows: number, dims: number): Float32Array {
    const byteLength = rows * dims * 4;
    if (byteLength > MAX_CHUNK_BYTES) {
      const chunk = rows === 1 ? 'a row' : `a chunk of ${rows} rows`;
      const limit = `more than the ${MAX_CHUNK_BYTES} that one memory holds`;
      throw new IndexingError(
        'InsufficientMemory',
        `${chunk} of ${dims} components needs ${byteLength} bytes, ${limit}`,
      );
    }
    const headBytes = this.#headBytes;
    const kept = this.#kept.findIndex((buffer) => buffer.byteLength === headBytes + byteLength);
    if (kept !== -1) return new Float32Array(this.#kept.splice(kept, 1)[0]!, headBytes);
    try {
      return this.#createFresh(rows, dims, headBytes);
    } catch (cause) {
      throw new IndexingError(
        'InsufficientMemory',
        `a chunk of ${rows} rows of ${dims} components needs ${byteLength} bytes; give a smaller chunkVectors`,
        { cause },
      );
    }
  }
}

function createSharedRows(rows: number, dims: number, headBytes: number): Float32Array {
  // Pages without cross-origin isolation have no SharedArrayBuffer.
  if (typeof SharedArrayBuffer === 'undefined') return createOwnRows(rows, dims, headBytes);
  const byteLength = headBytes + rows * dims * 4;
  const buffer = new SharedArrayBuffer(byteLength);
  countForCollector(buffer);
  return new Float32Array(buffer, headBytes);
}

/** Memory that only its thread sees. */
export function createOwnRows(rows: number, dims: number, headBytes: number): Float32Array {
  return new Float32Array(new ArrayBuffer(headBytes + rows * dims * 4), headBytes);
}

/**
 * Which chunks share a memory that is lent to a consumer. The memory comes back when all its chunks have been given back. What
 * is never given back is collected like any array.
 */
export class LentMemories implements ReusableChunks {
  readonly #memories: ChunkMemories;
  readonly #lent = new WeakSet<VectorMatrix>();
  /** Chunks of a memory that did not come back. */
  readonly #outstanding = new WeakMap<ArrayBufferLike, number>();

  constructor(memories: ChunkMemories) {
    this.#memories = memories;
  }

  /** All the chunks that lie in the memories they lie in. */
  lend(chunks: readonly VectorMatrix[]): void {
    for (const chunk of chunks) {
      const { buffer } = chunk.data;
      this.#lent.add(chunk);
      this.#outstanding.set(buffer, (this.#outstanding.get(buffer) ?? 0) + 1);
    }
  }

  reuse(chunk: VectorMatrix): void {
    if (!this.#lent.delete(chunk)) return;
    const { buffer } = chunk.data;
    const left = this.#outstanding.get(buffer)! - 1;
    this.#outstanding.set(buffer, left);
    if (left === 0) this.#memories.recycle(buffer);
  }
}
