// Where things are: the graph's header and a thread's scratch, byte offsets in both (src/kernel/graph/graph-layout.ts has the
// same numbers, and makes both). All threads share the header; a scratch belongs to one thread.
//
// A row's record: its codes, then at `tail` four words: scale, square (both float32), parent and apart.

/** Number of rows that there is room for. */
export const CAPACITY: usize = 0;
export const DIMS: usize = 4;
/** Most neighbours of a row: 128 at most, so that a count takes a byte. */
export const DEGREE: usize = 8;
export const RECORDS: usize = 12;
/** Bytes from one record to the next. */
export const STRIDE: usize = 16;
/** Bytes of the codes in a record, a multiple of 16. */
export const TAIL: usize = 20;
export const LISTS: usize = 24;
/** Float32: a neighbour stays only if alpha × its squared distance to each nearer one is not below that to the row. */
export const ALPHA: usize = 28;
/** 1 where codes are float32, 0 where they are int8. */
export const FLOATS: usize = 32;
/** Centre that codes are relative to: a float64 for each component. */
export const CENTER: usize = 36;
/** Factor that components are multiplied by, a float64. */
export const FACTOR: usize = 40;
/** Rows at which searches start; `NONE` where there is none. */
export const ENTRIES: usize = 48;
export const MAX_ENTRIES: usize = 16;

/** Address of the graph above, of one row in 16 of this one, where its searches begin; 0 where there is none. */
export const UPPER: usize = 112;
export const UPPER_SHIFT: u32 = 4;
// The word behind it is for callers only.

/** Stands in place of a row where there is none. */
export const NONE: u32 = 0xffffffff;

// The tail of a record.
export const SCALE: usize = 0;
export const SQUARE: usize = 4;
export const PARENT: usize = 8;
/**
 * Number of first neighbours of the list that were found not to occlude each other (prune.ts). Only the row's owner reads
 * and writes it, and where it is less than it might be, pruning only takes longer.
 */
export const APART: usize = 12;

// Scratch: what the thread is at.
export const PHASE: usize = 0;
export const ROW: usize = 4;
/** Most candidates that may be hits. */
export const EFFORT: usize = 8;
/** Most candidates. */
export const LIMIT: usize = 12;
/** Number of candidates now. */
export const LENGTH: usize = 16;
/** Candidates before this one have been expanded. */
export const CURSOR: usize = 20;
/** Number of candidates that may be hits. */
export const ALLOWED: usize = 24;
/** A bit for each row that may be a hit; 0 where all may be. */
export const FILTER: usize = 28;
/** Number of distances that were computed. */
export const SCORED: usize = 32;
export const HOPS: usize = 36;
export const INDEX: usize = 40;
export const KEPT_COUNT: usize = 44;
/** State of an insertion: the graph that it works on, which may be one above, and its effort. */
export const AT: usize = 108;
export const INSERT_EFFORT: usize = 112;
/** State of an insertion: how many of the candidates that are left must stay. */
export const RESERVED: usize = 120;
/** A sum of words that were only loaded to have them near: see search.ts. */
export const TOUCHED: usize = 116;
// Scratch: addresses of its parts.
export const VISITED: usize = 48;
/** Distances and words of the candidates of a search. */
export const CANDIDATES: usize = 52;
export const WORDS: usize = 56;
/** Rows to be scored, and their distances. */
export const BATCH: usize = 60;
export const BATCH_DISTANCES: usize = 64;
/** Candidates as they come, then sorted. */
export const NEW: usize = 68;
export const NEW_WORDS: usize = 72;
export const NEAR: usize = 76;
export const NEAR_WORDS: usize = 80;
export const RANKS: usize = 84;
/** Int16 or float32 codes of the query, then scale and square. */
export const QUERY: usize = 88;
/** As QUERY, for pruning. */
export const PRUNE_QUERY: usize = 92;
/** The row's neighbours to be. */
export const KEPT: usize = 96;
/** As KEPT, for a list that is full. */
export const PRUNE_KEPT: usize = 100;
/** Neighbours to be that may occlude every other one. */
export const LOOSE: usize = 104;

/** The row that stands for row `upper` of the graph above: one of each 16, by a hash, since rows may come in any pattern. */
// @ts-ignore: decorator
@inline
export function rowBelow(upper: u32): u32 {
  return (upper << UPPER_SHIFT) + ((upper * 2654435761) >>> (32 - UPPER_SHIFT));
}

// @ts-ignore: decorator
@inline
export function recordOf(graph: usize, row: u32): usize {
  return <usize>load<u32>(graph, RECORDS) + <usize>row * <usize>load<u32>(graph, STRIDE);
}

// @ts-ignore: decorator
@inline
export function listOf(graph: usize, row: u32): usize {
  return <usize>load<u32>(graph, LISTS) + <usize>row * ((<usize>load<u32>(graph, DEGREE) + 1) << 2);
}

/** How many of the first neighbours do not occlude each other. */
// @ts-ignore: decorator
@inline
export function apartOf(graph: usize, row: u32): u32 {
  return load<u32>(recordOf(graph, row) + load<u32>(graph, TAIL), APART);
}

// @ts-ignore: decorator
@inline
export function setApart(graph: usize, row: u32, count: u32): void {
  store<u32>(recordOf(graph, row) + load<u32>(graph, TAIL), count, APART);
}

/** Rows are never moved, and a parent is written by one thread at a time; others may read it meanwhile. */
// @ts-ignore: decorator
@inline
export function parentOf(graph: usize, row: u32): u32 {
  return atomic.load<u32>(recordOf(graph, row) + load<u32>(graph, TAIL), PARENT);
}

// @ts-ignore: decorator
@inline
export function setParent(graph: usize, row: u32, parent: u32): void {
  atomic.store<u32>(recordOf(graph, row) + load<u32>(graph, TAIL), parent, PARENT);
}
