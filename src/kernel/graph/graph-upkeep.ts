/**
 * Upkeep of a graph between insertions: rows that a dead thread still holds, entry points, and whether every row can be
 * reached. It works on views, so all backends share it. Searches may go on meanwhile. Insertions may not, except during
 * `releaseRows`.
 */
import { GRAPH, type GraphLayout, HEAD, MAX_ENTRIES, NONE, TAIL } from './graph-layout.js';

function headOf({ lists, degree }: GraphLayout, row: number): number {
  return lists / 4 + row * (degree + 1);
}

function parentWordOf({ records, stride, tail }: GraphLayout, row: number): number {
  return (records + row * stride + tail + TAIL.parent) / 4;
}

/** The neighbours of a row, as they are now: rows that do not exist and counts that are too large are left out. */
function neighboursOf(words: Uint32Array, layout: GraphLayout, row: number): number[] {
  const head = headOf(layout, row);
  const count = Math.min(Atomics.load(words, head) & HEAD.count, layout.degree);
  const rows: number[] = [];
  for (let i = 1; i <= count; i++) {
    const other = Atomics.load(words, head + i);
    if (other < layout.capacity) rows.push(other);
  }
  return rows;
}

/**
 * Takes all rows from a thread that is dead, and finishes the lists that it was about to change: a neighbour that is there twice
 * goes. Then other threads may go on. The row that the thread was putting in has to be put in again.
 *
 * @param first looks at rows from here on, to `last`, half-open
 * @returns how many rows it held
 */
export function releaseRows(
  buffer: ArrayBufferLike,
  layout: GraphLayout,
  tag: number,
  first = 0,
  last = layout.capacity,
): number {
  const words = new Uint32Array(buffer);
  const held = tag << HEAD.ownerShift;
  let released = 0;
  for (let row = first; row < last; row++) {
    const at = headOf(layout, row);
    const head = Atomics.load(words, at);
    if ((head & HEAD.owner) !== held) continue;
    const rows = [...new Set(neighboursOf(words, layout, row))].filter((other) => other !== row);
    const writing = head & HEAD.writing ? head : head + HEAD.writing;
    Atomics.store(words, at, writing);
    for (const [i, other] of rows.entries()) Atomics.store(words, at + 1 + i, other);
    words[(layout.records + row * layout.stride + layout.tail + TAIL.apart) / 4] = 0;
    Atomics.store(words, at, ((writing & ~(HEAD.owner | HEAD.count)) | rows.length) + HEAD.writing);
    released++;
  }
  return released;
}

/** The entry points. */
export function entriesOf(buffer: ArrayBufferLike, layout: GraphLayout): number[] {
  const words = new Uint32Array(buffer, layout.base + GRAPH.entries, MAX_ENTRIES);
  return Array.from(words, (_, i) => Atomics.load(words, i)).filter((row) => row < layout.capacity);
}

/** Makes rows of the graph, `MAX_ENTRIES` at most, its entry points. `Reach` has to go over the graph afterwards. */
export function setEntries(buffer: ArrayBufferLike, layout: GraphLayout, rows: readonly number[]): void {
  const words = new Uint32Array(buffer, layout.base + GRAPH.entries, MAX_ENTRIES);
  for (let i = 0; i < MAX_ENTRIES; i++) Atomics.store(words, i, rows[i] ?? NONE);
}

/** Empties the list of a row that is gone and in no list any more; the row's place may be used again. */
export function forgetRow(buffer: ArrayBufferLike, layout: GraphLayout, row: number): void {
  const words = new Uint32Array(buffer);
  const at = headOf(layout, row);
  Atomics.store(words, at, Atomics.load(words, at) & ~HEAD.count);
  Atomics.store(words, parentWordOf(layout, row), NONE);
  words[(layout.records + row * layout.stride + layout.tail + TAIL.apart) / 4] = 0;
}

/**
 * A walk over all lists from the entry points, breadth first. It makes every row that it comes to a child of the row from which
 * it came, so that no pruning cuts it off, and finds the rows that cannot be reached: these are to be put in again.
 */
export class ReachabilityWalk {
  readonly #words: Uint32Array;
  readonly #layout: GraphLayout;
  readonly #reached: Uint8Array;
  readonly #queue: Uint32Array;
  #first = 0;
  #last = 0;

  constructor(buffer: ArrayBufferLike, layout: GraphLayout) {
    this.#words = new Uint32Array(buffer);
    this.#layout = layout;
    this.#reached = new Uint8Array(layout.capacity);
    this.#queue = new Uint32Array(layout.capacity);
    for (const row of entriesOf(buffer, layout)) this.#come(row, row);
  }

  /** Rows that have been reached so far. */
  get count(): number {
    return this.#last;
  }

  /** Goes on for so many rows; whether there are more. */
  walk(rows = Number.POSITIVE_INFINITY): boolean {
    for (let left = rows; left > 0 && this.#first < this.#last; left--) {
      const row = this.#queue[this.#first++]!;
      for (const other of neighboursOf(this.#words, this.#layout, row)) this.#come(other, row);
    }
    return this.#first < this.#last;
  }

  #come(row: number, from: number): void {
    if (this.#reached[row]) return;
    this.#reached[row] = 1;
    this.#queue[this.#last++] = row;
    Atomics.store(this.#words, parentWordOf(this.#layout, row), from);
  }

  has(row: number): boolean {
    return this.#reached[row] === 1;
  }

  /** Makes a row that was not reached one without a parent, as it has to be to be put in again. */
  orphan(row: number): void {
    Atomics.store(this.#words, parentWordOf(this.#layout, row), NONE);
  }
}
