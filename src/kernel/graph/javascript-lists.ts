/**
 * The lists of neighbours and the records of a graph, in plain JavaScript, as assembly/graph/lists.ts and layout.ts have them:
 * the same steps in the same order, so threads of both kinds could work on one graph.
 */
import { GRAPH, HEAD, TAIL } from './graph-layout.js';

const OWNER_FREE = ~HEAD.owner;
const CONTENT = ~HEAD.owner;
const ONE_STEP = HEAD.writing;
const TRIES = 1 << 14;

/** The words of a header that do not change. */
export interface GraphWords {
  readonly base: number;
  readonly capacity: number;
  readonly dims: number;
  readonly degree: number;
  readonly records: number;
  readonly stride: number;
  readonly tail: number;
  readonly lists: number;
  readonly alpha: number;
  readonly floats: boolean;
  readonly center: number;
  readonly factor: number;
  /** Address of the graph above, or 0. */
  readonly upper: number;
}

/** All views on the memory. */
export class GraphViews {
  readonly bytes: Uint8Array;
  readonly signed: Int8Array;
  readonly shorts: Int16Array;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;

  constructor(buffer: ArrayBufferLike) {
    this.bytes = new Uint8Array(buffer);
    this.signed = new Int8Array(buffer);
    this.shorts = new Int16Array(buffer);
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  graph(base: number): GraphWords {
    const word = (offset: number) => this.words[(base + offset) / 4]!;
    return {
      base,
      capacity: word(GRAPH.capacity),
      dims: word(GRAPH.dims),
      degree: word(GRAPH.degree),
      records: word(GRAPH.records),
      stride: word(GRAPH.stride),
      tail: word(GRAPH.tail),
      lists: word(GRAPH.lists),
      alpha: this.floats[(base + GRAPH.alpha) / 4]!,
      floats: word(GRAPH.floats) !== 0,
      center: word(GRAPH.center),
      factor: this.doubles[(base + GRAPH.factor) / 8]!,
      upper: word(GRAPH.upper),
    };
  }

  parentOf(graph: GraphWords, row: number): number {
    return Atomics.load(this.words, parentWord(graph, row));
  }

  setParent(graph: GraphWords, row: number, parent: number): void {
    Atomics.store(this.words, parentWord(graph, row), parent);
  }
}

function parentWord(graph: GraphWords, row: number): number {
  return (graph.records + row * graph.stride + graph.tail + TAIL.parent) / 4;
}

/** The list of one row; the functions that change it are for the row's owner. */
export class NeighbourList {
  readonly #words: Uint32Array;
  readonly #graph: GraphWords;
  readonly #at: number;

  constructor(views: GraphViews, graph: GraphWords, row: number) {
    this.#words = views.words;
    this.#graph = graph;
    this.#at = graph.lists / 4 + row * (graph.degree + 1);
  }

  get head(): number {
    return Atomics.load(this.#words, this.#at);
  }

  set head(head: number) {
    Atomics.store(this.#words, this.#at, head);
  }

  get count(): number {
    return this.countOf(this.head);
  }

  countOf(head: number): number {
    return Math.min(head & HEAD.count, this.#graph.degree);
  }

  static isWriting(head: number): boolean {
    return (head & HEAD.writing) !== 0;
  }

  isSame(head: number): boolean {
    return ((this.head ^ head) & CONTENT) === 0;
  }

  get(i: number): number {
    return Atomics.load(this.#words, this.#at + 1 + i);
  }

  overwrite(i: number, row: number): void {
    Atomics.store(this.#words, this.#at + 1 + i, row);
  }

  lock(tag: number): boolean {
    for (let tries = TRIES; tries; tries--) {
      const { head } = this;
      if (head & HEAD.owner) continue;
      const held = (head | (tag << HEAD.ownerShift)) >>> 0;
      if (Atomics.compareExchange(this.#words, this.#at, head, held) === head) return true;
    }
    return false;
  }

  unlock(): void {
    this.head = this.head & OWNER_FREE;
  }

  hasBefore(length: number, row: number): boolean {
    for (let i = 0; i < length; i++) if (this.get(i) === row) return true;
    return false;
  }

  has(row: number): boolean {
    return this.hasBefore(this.count, row);
  }

  append(row: number): void {
    const { head } = this;
    this.overwrite(head & HEAD.count, row);
    this.head = head + 1;
  }

  replace(rows: readonly number[]): void {
    let head = this.head + ONE_STEP;
    this.head = head;
    let length = this.countOf(head);
    let next = 0;
    for (let i = 0; i < length; ) {
      const row = this.get(i);
      if (rows.includes(row) && !this.hasBefore(i, row)) {
        i++;
        continue;
      }
      while (next < rows.length && this.hasBefore(length, rows[next]!)) next++;
      if (next < rows.length) {
        this.overwrite(i++, rows[next++]!);
      } else {
        this.overwrite(i, this.get(length - 1));
        head = (head & ~HEAD.count) | --length;
        this.head = head;
      }
    }
    for (; next < rows.length; next++) {
      const row = rows[next]!;
      if (this.hasBefore(length, row)) continue;
      this.overwrite(length, row);
      head = (head & ~HEAD.count) | ++length;
      this.head = head;
    }
    this.head = head + ONE_STEP;
  }
}

export function isRow(graph: GraphWords, row: number): boolean {
  return row < graph.capacity;
}
