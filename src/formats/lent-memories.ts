/**
 * Which chunks share a memory that is lent to a consumer. The memory comes back when all its chunks have been given back. What
 * is never given back is collected like any array.
 */
import type { ReusableChunks } from '../vectors/reusable-chunks.js';
import type { VectorMatrix } from '../vectors/vector-source.js';
import type { ChunkMemories } from './row-chunks.js';

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
