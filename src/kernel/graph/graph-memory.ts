/**
 * An empty graph, and a thread's scratch, written into a memory.
 */
import {
  GRAPH,
  type GraphLayout,
  levelsOf,
  MAX_ENTRIES,
  MAY_BE_HIT,
  NONE,
  rowAbove,
  rowBelow,
  SCRATCH,
  type ScratchLayout,
  TAIL,
  UPPER_SHIFT,
} from './graph-layout.js';
import type { GraphSpace } from './graph-space.js';

/** Writes a graph without rows: of these, all lists are empty and nobody is a parent. */
export function writeGraph(buffer: ArrayBufferLike, layout: GraphLayout, space: GraphSpace, alpha: number): void {
  writeGraphHeader(buffer, layout, space, alpha);
  const words = new Uint32Array(buffer);
  for (const level of levelsOf(layout)) for (let row = 0; row < level.capacity; row++) clearRow(words, level, row);
}

/** The same but for the rows: each has to be cleared before it is put in. */
export function writeGraphHeader(buffer: ArrayBufferLike, layout: GraphLayout, space: GraphSpace, alpha: number): void {
  const { base, capacity, codedDims, degree, records, stride, tail, lists, floats, center } = layout;
  const words = new Uint32Array(buffer);
  words[(base + GRAPH.capacity) / 4] = capacity;
  words[(base + GRAPH.dims) / 4] = codedDims;
  words[(base + GRAPH.degree) / 4] = degree;
  words[(base + GRAPH.records) / 4] = records;
  words[(base + GRAPH.stride) / 4] = stride;
  words[(base + GRAPH.tail) / 4] = tail;
  words[(base + GRAPH.lists) / 4] = lists;
  new Float32Array(buffer)[(base + GRAPH.alpha) / 4] = alpha;
  words[(base + GRAPH.floats) / 4] = floats ? 1 : 0;
  words[(base + GRAPH.center) / 4] = center;
  words[(base + GRAPH.upper) / 4] = layout.upper?.base ?? 0;
  words[(base + GRAPH.long) / 4] = 0;
  new Float64Array(buffer)[(base + GRAPH.factor) / 8] = space.factor;
  words.fill(NONE, (base + GRAPH.entries) / 4, (base + GRAPH.entries) / 4 + MAX_ENTRIES);
  new Float64Array(buffer, center, codedDims).set(space.center);
  if (layout.upper) writeGraphHeader(buffer, layout.upper, space, alpha);
}

/** Makes a row of one graph one that is not in it: its list is empty, and nobody is its parent. */
export function clearRow(words: Uint32Array, layout: GraphLayout, row: number): void {
  clearParent(words, layout, row);
  words[layout.lists / 4 + row * (layout.degree + 1)] = 0;
}

/** Forgets the parents of `count` rows from `first` on, here and in the graphs above. Their lists stay. */
export function clearParents(words: Uint32Array, levels: readonly GraphLayout[], first: number, count: number): void {
  const end = first + count;
  const { records, stride, tail } = levels[0]!;
  let at = (records + first * stride + tail) / 4;
  for (let row = first; row < end; row++, at += stride / 4) {
    words[at + TAIL.parent / 4] = NONE;
    words[at + TAIL.apart / 4] = 0;
  }
  if (levels.length === 1) return;
  for (let above = first >>> UPPER_SHIFT; above << UPPER_SHIFT < end; above++) {
    const below = rowBelow(above);
    if (below < first || below >= end) continue;
    let row: number | undefined = above;
    for (let level = 1; row !== undefined && level < levels.length; level++) {
      clearParent(words, levels[level]!, row);
      row = rowAbove(row);
    }
  }
}

function clearParent(words: Uint32Array, { records, stride, tail }: GraphLayout, row: number): void {
  const end = (records + row * stride + tail) / 4;
  words[end + TAIL.parent / 4] = NONE;
  words[end + TAIL.apart / 4] = 0;
}

/** For `dot`: a row is longer than the radius of the space, so distances do not tell how good a hit it is. */
export function noteLongRow(buffer: ArrayBufferLike, layout: GraphLayout): void {
  Atomics.store(new Uint32Array(buffer), (layout.base + GRAPH.long) / 4, 1);
}

/** Writes the header of a scratch; what the rest holds does not matter. */
export function writeScratch(buffer: ArrayBufferLike, layout: ScratchLayout): void {
  const words = new Uint32Array(buffer, layout.base, SCRATCH.bytes / 4);
  words.fill(0);
  const { visited, candidates, batch, batchDistances, added, near, ranks, query, pruneQuery, kept, pruneKept, loose } =
    layout;
  const parts = [visited, candidates, layout.words, batch, batchDistances, added, layout.addedWords];
  words.set([...parts, near, layout.nearWords, ranks, query, pruneQuery, kept, pruneKept, loose], SCRATCH.parts / 4);
}

/** The rows of the candidates of a search that has ended, nearest first; with a filter, only those that may be hits. */
export function readCandidates(buffer: ArrayBufferLike, layout: ScratchLayout): Uint32Array {
  const length = new Uint32Array(buffer, layout.base + SCRATCH.length, 1)[0]!;
  const words = new Uint32Array(buffer, layout.words, length);
  const rows = new Uint32Array(length);
  let count = 0;
  for (const word of words) if (word & MAY_BE_HIT) rows[count++] = word >>> 2;
  return rows.subarray(0, count);
}
