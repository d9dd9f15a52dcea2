/**
 * The walk and the distances in plain JavaScript, as assembly/graph/search.ts, distance.ts and candidates.ts have them: the same
 * bits, the same candidates in the same order.
 */
import { GRAPH, MAX_ENTRIES, MAY_BE_HIT, rowBelow, SCRATCH, TAIL, WIDTH } from './graph-layout.js';
import { type GraphViews, type GraphWords, isRow, NeighbourList } from './javascript-lists.js';

const EXPANDED = 1;
const READS = 4;
const CHUNK = 32;
const UPPER_EFFORT_SHIFT = 4;
const MIN_UPPER_EFFORT = 4;
const MAX_UPPER_EFFORT = 16;
const STARTS = 8;
const MAX_FLOAT = 3.4028234663852886e38;
const { fround } = Math;

/** Addresses of the parts of a scratch, in the order of its header. */
const PARTS = { visited: 0, candidates: 1, words: 2, query: 10, pruneQuery: 11, kept: 12 } as const;

/** A thread's scratch. What it is at is kept there, between calls; lists that live during one call only are not. */
export class Scratch {
  readonly #views: GraphViews;
  readonly base: number;

  constructor(views: GraphViews, base: number) {
    this.#views = views;
    this.base = base;
  }

  part(name: keyof typeof PARTS): number {
    return this.#views.words[(this.base + SCRATCH.parts) / 4 + PARTS[name]]!;
  }

  get(offset: number): number {
    return this.#views.words[(this.base + offset) / 4]!;
  }

  set(offset: number, value: number): void {
    this.#views.words[(this.base + offset) / 4] = value;
  }

  distance(i: number): number {
    return this.#views.floats[this.part('candidates') / 4 + i]!;
  }

  word(i: number): number {
    return this.#views.words[this.part('words') / 4 + i]!;
  }

  row(i: number): number {
    return this.word(i) >>> 2;
  }
}

/** Squared distances of rows from the query at an address. */
export function distancesOf(views: GraphViews, graph: GraphWords, query: number, rows: readonly number[]): number[] {
  const one = graph.floats ? floatDistance : codeDistance;
  return rows.map((row) => one(views, graph, query, graph.records + row * graph.stride));
}

function codeDistance(views: GraphViews, graph: GraphWords, query: number, record: number): number {
  const { signed, shorts, floats } = views;
  const { tail } = graph;
  let dot = 0;
  for (let j = 0; j < tail; j++) dot += signed[record + j]! * shorts[query / 2 + j]!;
  const querySide = (query + 2 * tail) / 4;
  const rowSide = (record + tail) / 4;
  const scale = fround(floats[querySide + TAIL.scale / 4]! * floats[rowSide + TAIL.scale / 4]!);
  const product = fround(scale * fround(dot));
  const sum = fround(floats[querySide + TAIL.square / 4]! + floats[rowSide + TAIL.square / 4]!);
  return Math.max(fround(sum - fround(product + product)), 0);
}

function floatDistance(views: GraphViews, graph: GraphWords, query: number, record: number): number {
  const { floats } = views;
  const sums: [number, number, number, number] = [0, 0, 0, 0];
  for (let j = 0; j < graph.tail / 4; j++) {
    const difference = fround(floats[record / 4 + j]! - floats[query / 4 + j]!);
    sums[j & 3] = fround(sums[j & 3]! + fround(difference * difference));
  }
  return fround(fround(sums[0] + sums[1]) + fround(sums[2] + sums[3]));
}

/** Makes a row the query at an address. */
export function useRow(views: GraphViews, graph: GraphWords, row: number, query: number): void {
  const record = graph.records + row * graph.stride;
  const codeBytes = graph.floats ? 1 : 2;
  if (graph.floats) views.floats.copyWithin(query / 4, record / 4, (record + graph.tail) / 4);
  else views.shorts.set(views.signed.subarray(record, record + graph.tail), query / 2);
  const to = (query + codeBytes * graph.tail) / 4;
  const from = (record + graph.tail) / 4;
  views.floats[to + TAIL.scale / 4] = views.floats[from + TAIL.scale / 4]!;
  views.floats[to + TAIL.square / 4] = views.floats[from + TAIL.square / 4]!;
}

/** A search as far as it has come. */
export class Walk {
  readonly #views: GraphViews;
  readonly #graph: GraphWords;
  readonly #scratch: Scratch;

  constructor(views: GraphViews, graph: GraphWords, scratch: Scratch) {
    this.#views = views;
    this.#graph = graph;
    this.#scratch = scratch;
  }

  reset(effort: number, limit: number, filter: number): void {
    const scratch = this.#scratch;
    scratch.set(SCRATCH.effort, effort);
    scratch.set(SCRATCH.limit, limit);
    scratch.set(SCRATCH.filter, filter);
    for (const name of ['length', 'cursor', 'allowed', 'scored', 'hops'] as const) scratch.set(SCRATCH[name], 0);
    const visited = scratch.part('visited') / 4;
    this.#views.words.fill(0, visited, visited + Math.ceil(this.#graph.capacity / 32));
  }

  begin(effort: number, limit: number, filter: number, lost = false): void {
    const starts = lost ? [] : this.#findStarts(effort);
    this.reset(effort, limit, filter);
    const rows: number[] = [];
    for (let i = 0; i < MAX_ENTRIES; i++) {
      const row = Atomics.load(this.#views.words, (this.#graph.base + GRAPH.entries) / 4 + i);
      if (isRow(this.#graph, row)) this.#visit(row, rows);
    }
    for (const row of starts) if (isRow(this.#graph, row)) this.#visit(row, rows);
    this.score(rows);
  }

  /** Searches the graph above; lists rows of this one. */
  #findStarts(effort: number): number[] {
    if (!this.#graph.upper) return [];
    const above = new Walk(this.#views, this.#views.graph(this.#graph.upper), this.#scratch);
    const upperEffort = Math.min(Math.max(effort >> UPPER_EFFORT_SHIFT, MIN_UPPER_EFFORT), MAX_UPPER_EFFORT);
    above.begin(upperEffort, upperEffort, 0);
    above.search(Number.POSITIVE_INFINITY);
    const count = Math.min(this.#scratch.get(SCRATCH.length), STARTS);
    return Array.from({ length: count }, (_, i) => rowBelow(this.#scratch.row(i)));
  }

  /** Goes on; whether there is more to do. */
  search(budget: number): boolean {
    const scratch = this.#scratch;
    for (let left = budget; left > 0; ) {
      const length = scratch.get(SCRATCH.length);
      const rows: number[] = [];
      let cursor = scratch.get(SCRATCH.cursor);
      let hops = 0;
      for (; cursor < length && hops < WIDTH; cursor++) {
        if (scratch.word(cursor) & EXPANDED) continue;
        this.#open(cursor, rows);
        hops++;
      }
      scratch.set(SCRATCH.cursor, cursor);
      if (!hops) return false;
      this.score(rows);
      left -= rows.length + hops;
    }
    return true;
  }

  /** Expands candidates that may not be hits, until there are no others. */
  expandFiltered(): void {
    const scratch = this.#scratch;
    for (let i = 0; i < scratch.get(SCRATCH.length); ) {
      if (scratch.word(i) & (EXPANDED | MAY_BE_HIT)) {
        i++;
      } else {
        const rows: number[] = [];
        this.#open(i, rows);
        this.score(rows);
        i = 0;
      }
    }
  }

  /** Marks a candidate as expanded, and adds its neighbours that have not been visited. */
  #open(i: number, rows: number[]): void {
    this.#views.words[this.#scratch.part('words') / 4 + i]! |= EXPANDED;
    this.#scratch.set(SCRATCH.hops, this.#scratch.get(SCRATCH.hops) + 1);
    this.addNeighbours(this.#scratch.row(i), rows);
  }

  addNeighbours(row: number, rows: number[]): void {
    const list = new NeighbourList(this.#views, this.#graph, row);
    for (let reads = READS; reads; reads--) {
      const { head } = list;
      if (NeighbourList.isWriting(head) && reads > 1) continue;
      const length = list.countOf(head);
      for (let i = 0; i < length; i++) {
        const other = list.get(i);
        if (isRow(this.#graph, other)) this.#visit(other, rows);
      }
      if (list.isSame(head)) break;
    }
  }

  #visit(row: number, rows: number[]): void {
    const word = this.#scratch.part('visited') / 4 + (row >>> 5);
    const bit = 1 << (row & 31);
    if (this.#views.words[word]! & bit) return;
    this.#views.words[word]! |= bit;
    rows.push(row);
  }

  /** Scores rows, and takes in those that are near enough. */
  score(rows: readonly number[]): void {
    const distances = distancesOf(this.#views, this.#graph, this.#scratch.part('query'), rows);
    this.#scratch.set(SCRATCH.scored, this.#scratch.get(SCRATCH.scored) + rows.length);
    for (let first = 0; first < rows.length; first += CHUNK) {
      this.#takeIn(rows.slice(first, first + CHUNK), distances.slice(first, first + CHUNK));
    }
  }

  #takeIn(rows: readonly number[], distances: readonly number[]): void {
    const scratch = this.#scratch;
    const effort = scratch.get(SCRATCH.effort);
    const limit = scratch.get(SCRATCH.limit);
    const filter = scratch.get(SCRATCH.filter);
    let length = scratch.get(SCRATCH.length);
    let allowed = scratch.get(SCRATCH.allowed);
    const worst = allowed < effort && length < limit ? MAX_FLOAT : scratch.distance(length - 1);
    const mayBeHit = (row: number) => filter === 0 || (this.#views.bytes[filter + (row >>> 3)]! >> (row & 7)) & 1;
    const added = rows
      .map((row, i) => ({ distance: distances[i]!, word: (row << 2) | (mayBeHit(row) ? MAY_BE_HIT : 0) }))
      .filter(({ distance }) => distance < worst)
      .sort((a, b) => a.distance - b.distance);
    if (!added.length) return;

    let first = length;
    for (let i = added.length - 1, end = length; i >= 0; i--) {
      const { distance, word } = added[i]!;
      while (first > 0 && scratch.distance(first - 1) > distance) first--;
      this.#moveUp(first, end, i + 1);
      this.#views.floats[scratch.part('candidates') / 4 + first + i] = distance;
      this.#views.words[scratch.part('words') / 4 + first + i] = word;
      end = first;
    }
    length += added.length;
    allowed += added.filter(({ word }) => word & MAY_BE_HIT).length;
    for (; allowed > effort || length > limit; length--) if (scratch.word(length - 1) & MAY_BE_HIT) allowed--;
    scratch.set(SCRATCH.length, length);
    scratch.set(SCRATCH.cursor, Math.min(scratch.get(SCRATCH.cursor), first));
    scratch.set(SCRATCH.allowed, allowed);
  }

  #moveUp(from: number, to: number, shift: number): void {
    const candidates = this.#scratch.part('candidates') / 4;
    const words = this.#scratch.part('words') / 4;
    this.#views.floats.copyWithin(candidates + from + shift, candidates + from, candidates + to);
    this.#views.words.copyWithin(words + from + shift, words + from, words + to);
  }

  /** Leaves the row itself, and what may not be a hit, out of the candidates. */
  leaveOut(row: number): void {
    const scratch = this.#scratch;
    const { floats, words } = this.#views;
    let count = 0;
    for (let i = 0; i < scratch.get(SCRATCH.length); i++) {
      if (!(scratch.word(i) & MAY_BE_HIT) || scratch.row(i) === row) continue;
      floats[scratch.part('candidates') / 4 + count] = scratch.distance(i);
      words[scratch.part('words') / 4 + count++] = scratch.word(i);
    }
    scratch.set(SCRATCH.length, count);
  }
}
