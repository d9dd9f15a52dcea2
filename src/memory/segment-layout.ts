/**
 * Where everything lies in the memory of a segment, which holds some of the rows of a search index: the rows, one column of
 * magnitudes, then the workspace of searches. All offsets are bytes on 64-byte lines, and regions do not overlap.
 *
 *   rows | magnitudes | queries of the threads | scratch of thread 0, 1, ... | queries of the caller | its scratch
 *
 * One search at a time uses the threads, while any number of small ones, one after another, run on the calling thread: so
 * that has a place of its own. Scratch is limits (one float32 a query), scores and a list (one uint32 each a score).
 */
import { queryBytes } from '../kernel/search/search-kernel.js';

/** Most queries of one pass over the rows: as many as stay in a second-level cache, with room for the rows. */
const QUERIES_BYTES = 2 ** 18;
const MAX_QUERIES = 1024;
/** Most hits of one pass that a thread keeps: 16 MB. */
const MAX_HITS = 2 ** 20;
/** Most scores of one call of the kernel. */
const MAX_SCORES = 2 ** 16;

/** Rows of a call: for few queries enough to make calls cheap, for more what stays in a first-level cache beside them. */
const CALL_BYTES = 2 ** 18;
const CACHED_BYTES = 2 ** 14;
const FEW_QUERIES = 4;

const LINE = 64;
const MEMORY_BYTES = 2 ** 32;

/** Byte offsets of what one search on one thread works with. */
export interface SearchPlace {
  readonly queries: number;
  readonly limits: number;
  readonly scores: number;
  readonly list: number;
}

/** Most queries that one pass over the rows can take. */
export function queriesPerPass(dims: number, k: number): number {
  const fitting = Math.min(MAX_QUERIES, Math.floor(QUERIES_BYTES / queryBytes(dims)));
  const queries = Math.min(Math.max(FEW_QUERIES, fitting), Math.floor(MAX_HITS / k));
  return Math.max(1, queries - (queries % FEW_QUERIES));
}

/** Rows that one call of the kernel takes. */
export function rowsPerCall(dims: number, queryCount: number): number {
  const bytes = queryCount < FEW_QUERIES ? CALL_BYTES : CACHED_BYTES;
  const rows = Math.min(Math.floor(bytes / (4 * dims)), Math.floor(MAX_SCORES / queryCount), 1024);
  return Math.max(2, rows - (rows % 2));
}

export class SegmentLayout {
  readonly dims: number;
  /** Rows that the segment has room for. */
  readonly capacity: number;
  /** Rows begin at byte 0. */
  readonly magnitudes: number;
  readonly byteLength: number;
  readonly #workspace: number;
  readonly #threads: number;

  constructor(dims: number, capacity: number, threads: number) {
    this.dims = dims;
    this.capacity = capacity;
    this.magnitudes = alignToLine(capacity * dims * 4);
    this.#workspace = this.magnitudes + alignToLine(capacity * 4);
    this.#threads = threads;
    this.byteLength = this.#workspace + workspaceBytes(dims, threads);
  }

  /** What thread `lane` works with; all threads share the queries. */
  placeOfThread(lane: number): SearchPlace {
    return placeAt(this.#workspace, this.#workspace + queryRegion(this.dims) + lane * SCRATCH_BYTES);
  }

  /** What the calling thread works with. */
  get placeOfCaller(): SearchPlace {
    const queries = this.#workspace + queryRegion(this.dims) + this.#threads * SCRATCH_BYTES;
    return placeAt(queries, queries + queryRegion(this.dims));
  }
}

/** Most rows of a segment whose memory has at most `bytes`: 4 GiB, or less in tests. */
export function maxSegmentRows(dims: number, threads: number, bytes = MEMORY_BYTES): number {
  const room = bytes - workspaceBytes(dims, threads) - 2 * LINE;
  return Math.max(1, Math.floor(room / (4 * dims + 4)));
}

function workspaceBytes(dims: number, threads: number): number {
  return 2 * queryRegion(dims) + (threads + 1) * SCRATCH_BYTES;
}

function queryRegion(dims: number): number {
  return alignToLine(queriesPerPass(dims, 1) * queryBytes(dims));
}

const LIMIT_BYTES = 4 * MAX_QUERIES;
const SCRATCH_BYTES = LIMIT_BYTES + 8 * MAX_SCORES;

function placeAt(queries: number, scratch: number): SearchPlace {
  const scores = scratch + LIMIT_BYTES;
  return { queries, limits: scratch, scores, list: scores + 4 * MAX_SCORES };
}

function alignToLine(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}
