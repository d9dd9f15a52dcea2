/**
 * The ids seen so far, and the row of each. Consecutive numbers take no memory. Any other id takes its own bytes and about
 * fifty more.
 */
import type { VectorId } from './vector-id.js';

/** A Map that grows past some 260,000 entries holds the thread for long, and none holds more than 2^24. */
const SHARDS = 1024;

export class UniqueIds {
  /** Numbers from the first one on, as long as each follows the one before. */
  #first = 0;
  #firstRow = 0;
  #count = 0;
  #isRun = true;
  readonly #shards: (Map<VectorId, number> | undefined)[] = [];

  /** Keeps an id. Gives the row of one that was there before. */
  add(id: VectorId, row: number): number | undefined {
    if (this.#isRun && this.#follows(id, row)) return undefined;
    this.#isRun = false;
    if (typeof id === 'number' && id >= this.#first && id < this.#first + this.#count) {
      return this.#firstRow + id - this.#first;
    }
    const at = shardOf(id);
    this.#shards[at] ??= new Map();
    const shard = this.#shards[at];
    const earlier = shard.get(id);
    if (earlier === undefined) shard.set(id, row);
    return earlier;
  }

  #follows(id: VectorId, row: number): boolean {
    if (typeof id !== 'number') return false;
    if (this.#count === 0) {
      this.#first = id;
      this.#firstRow = row;
    } else if (id !== this.#first + this.#count || row !== this.#firstRow + this.#count) return false;
    this.#count++;
    return true;
  }
}

function shardOf(id: VectorId): number {
  if (typeof id === 'number') return Math.abs(id) % SHARDS;
  let hash = id.length;
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0;
  return (hash >>> 0) % SHARDS;
}
