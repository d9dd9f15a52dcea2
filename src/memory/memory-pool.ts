/**
 * The memories of one indexer. The pool hands out memories that were given back before it makes new ones, because touching new
 * pages costs more than the indexing itself. It counts the bytes of all memories that are alive.
 *
 * The holder of a memory owns it until `release`. A memory that is forgotten is collected, and is no longer counted.
 */
import { countAsGone, type MatrixMemory, type MemoryUse, memoryBytes } from './create-memory.js';
import { createMatrixMemory, formatBytes, insufficientMemory } from './matrix-memory.js';

/** Enough for a stream with three chunks under way and one result being read; more would only hold memory. */
const MAX_FREE = 4;

export class MemoryPool {
  readonly #maxBytes: number;
  /** Whether threads are to share the memories. */
  readonly shared: boolean;
  #heldBytes = 0;
  readonly #free: MatrixMemory[] = [];
  #closed = false;
  /** Bytes from the start of each memory that were in use. */
  readonly #touched = new WeakMap<MatrixMemory, number>();
  readonly #collected = new FinalizationRegistry<number>((bytes) => {
    this.#heldBytes -= bytes;
  });

  /**
   * @param maxBytes most bytes of all memories alive at a time; Infinity for no bound
   * @param shared whether threads are to share the memories
   */
  constructor(maxBytes: number, shared = true) {
    this.#maxBytes = maxBytes;
    this.shared = shared;
  }

  /** Bytes of all memories that are handed out or kept, as far as the collector has told. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * A memory of at least `byteLength` bytes; its content is undefined.
   *
   * @throws {IndexingError} `InsufficientMemory` with both sizes.
   */
  acquire(byteLength: number, use: MemoryUse = 'result'): MatrixMemory {
    const bytes = memoryBytes(byteLength);
    const kept = this.#takeFitting(bytes);
    if (kept) return kept;
    if (this.#heldBytes + bytes > this.#maxBytes) this.#forget(this.#free.splice(0));
    if (this.#heldBytes + bytes > this.#maxBytes) {
      const held = this.#heldBytes > 0 ? `, of which ${formatBytes(this.#heldBytes)} are in use (dispose results)` : '';
      throw insufficientMemory(byteLength, `the indexer may hold ${formatBytes(this.#maxBytes)}${held}`);
    }
    const memory = createMatrixMemory(byteLength, this.shared, use);
    this.#heldBytes += bytes;
    this.#collected.register(memory.buffer, bytes, memory);
    return memory;
  }

  /** Whether so many more bytes may be held. */
  hasRoomFor(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.#maxBytes;
  }

  /** Tells that the first `byteLength` bytes of a memory are in use from now on; gives how many of them never were before. */
  touch(memory: MatrixMemory, byteLength: number): number {
    const before = this.#touched.get(memory) ?? 0;
    this.#touched.set(memory, Math.max(before, byteLength));
    return Math.max(0, byteLength - before);
  }

  /** Takes a memory back for the next `acquire`; its views must no longer be used. */
  release(memory: MatrixMemory): void {
    this.#free.push(memory);
    this.#forget(this.#free.splice(0, this.#free.length - (this.#closed ? 0 : MAX_FREE)));
  }

  /** A memory that nobody uses again leaves the account now, and not when the collector comes to it, which is told of all its bytes. */
  discard(memory: MatrixMemory): void {
    this.#forget([memory]);
    countAsGone(memory.buffer);
  }

  /** Forgets the memories kept and those released from now on; memories handed out stay valid. */
  close(): void {
    this.#closed = true;
    this.#forget(this.#free.splice(0));
  }

  /** Takes memories that nobody holds any more off the account now, and not when the collector comes to them. */
  #forget(memories: readonly MatrixMemory[]): void {
    for (const memory of memories) {
      this.#collected.unregister(memory);
      this.#heldBytes -= memory.buffer.byteLength;
    }
  }

  /** The smallest kept memory that holds `bytes` and is not so large that a small result would hold a large memory. */
  #takeFitting(bytes: number): MatrixMemory | undefined {
    const most = Math.max(2 * bytes, bytes + 2 ** 20);
    let best: MatrixMemory | undefined;
    for (const candidate of this.#free) {
      const size = candidate.buffer.byteLength;
      if (size >= bytes && size <= most && !(best && best.buffer.byteLength <= size)) best = candidate;
    }
    if (best) this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }
}
