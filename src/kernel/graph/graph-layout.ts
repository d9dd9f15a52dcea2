/**
 * Where a graph lies in a memory: header, centre, records and lists, one behind the other; and a thread's scratch. The kernel
 * finds everything by these two headers, so its calls take two addresses (assembly/graph/layout.ts has the same offsets).
 *
 * All addresses are bytes; regions begin at multiples of 128 and never overlap. A graph lies in one memory, below 4 GiB.
 */
import type { Metric } from '../search/error-bound.js';

export interface GraphShape {
  /** Rows there is room for. */
  readonly capacity: number;
  /** Components of a row as it is given. */
  readonly dims: number;
  readonly metric: Metric;
  /** Most neighbours of a row, 8 to 128: a count takes a byte. */
  readonly degree: number;
}

export interface GraphLayout extends GraphShape {
  readonly base: number;
  /** Components of a row as it is coded: for `dot` one more. */
  readonly codedDims: number;
  /** Whether codes are float32 instead of int8. */
  readonly floats: boolean;
  /** Float64 for each coded component. */
  readonly center: number;
  readonly records: number;
  /** Bytes of a record. */
  readonly stride: number;
  /** Bytes of its codes. */
  readonly tail: number;
  /** Uint32, capacity × (degree + 1). */
  readonly lists: number;
  /** The graph above, of one row in 16, where searches begin; its row i is row `rowBelow(i)` here. */
  readonly upper: GraphLayout | undefined;
  /** Offset at which the next thing may lie. */
  readonly end: number;
}

/** Byte addresses; what each part is, assembly/graph/layout.ts tells. */
export interface ScratchLayout {
  readonly base: number;
  readonly visited: number;
  readonly candidates: number;
  readonly words: number;
  readonly batch: number;
  readonly batchDistances: number;
  readonly added: number;
  readonly addedWords: number;
  readonly near: number;
  readonly nearWords: number;
  readonly ranks: number;
  readonly query: number;
  readonly pruneQuery: number;
  readonly kept: number;
  readonly pruneKept: number;
  readonly loose: number;
  /** Offset at which the next thing may lie. */
  readonly end: number;
}

/** No row. */
export const NONE = 0xffffffff;
export const MAX_ENTRIES = 16;

/** Byte offsets in the header of a graph. */
export const GRAPH = {
  capacity: 0,
  dims: 4,
  degree: 8,
  records: 12,
  stride: 16,
  tail: 20,
  lists: 24,
  alpha: 28,
  floats: 32,
  center: 36,
  factor: 40,
  entries: 48,
  upper: 112,
  /** For `dot`: 1 where some row is longer than the radius of the space. Kernels do not read it. */
  long: 116,
  bytes: 128,
} as const;

/** Byte offsets in the tail of a record. */
export const TAIL = { scale: 0, square: 4, parent: 8, apart: 12, bytes: 16 } as const;

/** Byte offsets in the header of a scratch. */
export const SCRATCH = {
  phase: 0,
  row: 4,
  effort: 8,
  limit: 12,
  length: 16,
  cursor: 20,
  allowed: 24,
  filter: 28,
  scored: 32,
  hops: 36,
  index: 40,
  keptCount: 44,
  parts: 48,
  at: 108,
  insertEffort: 112,
  touched: 116,
  reserved: 120,
  bytes: 128,
} as const;

/** Parts of a list's head (assembly/graph/lists.ts). */
export const HEAD = { count: 0xff, owner: 0x1ff00, ownerShift: 8, writing: 1 << 17 } as const;

/** With fewer components a code of one byte each would not tell near rows apart. */
const MIN_INT8_DIMS = 64;

/** Flag in a candidate's word: the row may be a hit (assembly/graph/candidates.ts). */
export const MAY_BE_HIT = 2;

/** Number of times that a list may be read at once, with other rows each time (assembly/graph/search.ts). */
const LIST_READS = 4;
/** Lists that are read before any of their rows is scored (assembly/graph/search.ts). */
export const WIDTH = 4;

/** One of 2^UPPER_SHIFT rows is in the graph above, too. */
export const UPPER_SHIFT = 4;
/** A graph of fewer rows has none above. */
const MIN_BELOW = 256;

const aligned = (size: number) => 128 * Math.ceil(size / 128);

/** Where a graph lies that begins at `base`, a multiple of 128 at best. */
export function layOutGraph(shape: GraphShape, base: number): GraphLayout {
  const { capacity, dims, metric, degree } = shape;
  const codedDims = metric === 'dot' ? dims + 1 : dims;
  const floats = codedDims < MIN_INT8_DIMS;
  const tail = 16 * Math.ceil((floats ? 4 * codedDims : codedDims) / 16);
  const stride = tail + TAIL.bytes;
  const center = base + GRAPH.bytes;
  const records = center + aligned(8 * codedDims);
  const lists = records + aligned(capacity * stride);
  const end = lists + aligned(4 * capacity * (degree + 1));
  const upper =
    capacity < MIN_BELOW ? undefined : layOutGraph({ ...shape, capacity: Math.ceil(capacity / 2 ** UPPER_SHIFT) }, end);
  return {
    capacity,
    dims,
    metric,
    degree,
    base,
    codedDims,
    floats,
    center,
    records,
    stride,
    tail,
    lists,
    upper,
    end: upper ? upper.end : end,
  };
}

/** The graph and those above it. */
export function levelsOf(layout: GraphLayout): GraphLayout[] {
  return layout.upper ? [layout, ...levelsOf(layout.upper)] : [layout];
}

/** The row that row `upper` of the graph above stands for: one of each 16, by a hash, since rows may come in any pattern. */
export function rowBelow(upper: number): number {
  return upper * 2 ** UPPER_SHIFT + (Math.imul(upper, 2654435761) >>> (32 - UPPER_SHIFT));
}

/** The row of the graph above, if there is one, that stands for `row`; undefined where none does. */
export function rowAbove(row: number): number | undefined {
  const upper = row >>> UPPER_SHIFT;
  return rowBelow(upper) === row ? upper : undefined;
}

/** Where a thread's scratch lies that begins at `base`, a multiple of 64, for searches of at most `limit` candidates. */
export function layOutScratch(graph: GraphLayout, limit: number, base: number): ScratchLayout {
  let end = base + SCRATCH.bytes;
  const region = (bytes: number): number => {
    const start = end;
    end += aligned(bytes);
    return start;
  };
  // What vectors of four read and write beyond the last one.
  const batchCount = Math.max(WIDTH * LIST_READS * graph.degree, MAX_ENTRIES) + 8;
  const queryBytes = (graph.floats ? 1 : 2) * graph.tail + 8;
  return {
    base,
    visited: region(4 * Math.ceil(graph.capacity / 32)),
    candidates: region(4 * (limit + batchCount)),
    words: region(4 * (limit + batchCount)),
    batch: region(4 * batchCount),
    batchDistances: region(4 * batchCount),
    added: region(4 * batchCount),
    addedWords: region(4 * batchCount),
    near: region(4 * batchCount),
    nearWords: region(4 * batchCount),
    ranks: region(4 * batchCount),
    query: region(queryBytes),
    pruneQuery: region(queryBytes),
    kept: region(4 * (graph.degree + 4)),
    pruneKept: region(4 * (graph.degree + 4)),
    loose: region(4 * (graph.degree + 4)),
    end,
  };
}
