/**
 * Ids of points in order, each with a number: a list of short sorted lists, so that no step takes long however many ids there are.
 */
import { comparePointIds, type PointId } from './point-id.js';

/** Each list has one id at least, and its last id is before the first of the next list. */
interface Chunk {
  readonly ids: PointId[];
  readonly values: number[];
}

const MOST = 512;

export class SortedIds {
  readonly #chunks: Chunk[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: PointId): number | undefined {
    const chunk = this.#chunks[this.#chunkFor(id)];
    if (!chunk) return undefined;
    const at = lowerBound(chunk.ids, id);
    return chunk.ids[at] === id ? chunk.values[at] : undefined;
  }

  /** Adds an id, or changes its number. */
  set(id: PointId, value: number): void {
    if (this.#chunks.length === 0) this.#chunks.push({ ids: [], values: [] });
    const index = Math.min(this.#chunkFor(id), this.#chunks.length - 1);
    const chunk = this.#chunks[index]!;
    const at = lowerBound(chunk.ids, id);
    if (chunk.ids[at] === id) {
      chunk.values[at] = value;
      return;
    }
    this.#size++;
    if (chunk.ids.length < MOST) {
      insert(chunk, at, id, value);
    } else if (at === MOST) {
      // Ids that come in order fill their lists.
      this.#chunks.splice(index + 1, 0, { ids: [id], values: [value] });
    } else {
      const half = MOST / 2;
      const upper = { ids: chunk.ids.splice(half), values: chunk.values.splice(half) };
      this.#chunks.splice(index + 1, 0, upper);
      if (at <= half) insert(chunk, at, id, value);
      else insert(upper, at - half, id, value);
    }
  }

  delete(id: PointId): void {
    const index = this.#chunkFor(id);
    const chunk = this.#chunks[index];
    if (!chunk) return;
    const at = lowerBound(chunk.ids, id);
    if (chunk.ids[at] !== id) return;
    chunk.ids.splice(at, 1);
    chunk.values.splice(at, 1);
    this.#size--;
    if (chunk.ids.length === 0) this.#chunks.splice(index, 1);
  }

  /** The last number among the ids, or -1. */
  get lastNumber(): number {
    const at = this.#chunkFor('');
    for (const chunk of [this.#chunks[at], this.#chunks[at - 1]]) {
      const last = chunk?.ids.findLast((id) => typeof id === 'number');
      if (typeof last === 'number') return last;
    }
    return -1;
  }

  /** Ids and their numbers in order, from `first` on, as they are when they are asked for: ids may come and go meanwhile. */
  *from(first: PointId | undefined): Generator<{ readonly id: PointId; readonly value: number }, undefined> {
    let next = first;
    let after = false;
    for (;;) {
      const chunk = this.#chunks[next === undefined ? 0 : this.#chunkFor(next, after)];
      if (!chunk) return;
      const at = next === undefined ? 0 : lowerBound(chunk.ids, next) + (after && chunk.ids.includes(next) ? 1 : 0);
      // Copies, since whoever takes them may wait in between.
      const ids = chunk.ids.slice(at);
      const values = chunk.values.slice(at);
      for (const [i, id] of ids.entries()) yield { id, value: values[i]! };
      if (ids.length > 0) {
        next = ids.at(-1)!;
        after = true;
      }
    }
  }

  /** The first list whose last id is `id` or one behind it (only behind it, with `after`); the number of lists where there is none. */
  #chunkFor(id: PointId, after = false): number {
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = comparePointIds(this.#chunks[middle]!.ids.at(-1)!, id);
      if (order < 0 || (after && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function insert({ ids, values }: Chunk, at: number, id: PointId, value: number): void {
  ids.splice(at, 0, id);
  values.splice(at, 0, value);
}

/** The first place whose id is `id` or one behind it. */
function lowerBound(ids: readonly PointId[], id: PointId): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePointIds(ids[middle]!, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
