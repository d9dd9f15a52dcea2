/**
 * Where everything lies in the memory of a segment, which holds some of the rows of a search index: the rows, one column of
 * magnitudes, where there is an int8 scan the int8 copy, then the workspace of searches. All offsets are bytes on 64-byte
 * lines, and regions do not overlap.
 *
 *   rows | magnitudes | codes | factors | queries of the threads | scratch of thread 0, 1, ... | queries of the caller | its scratch
 *
 * One search at a time uses the threads, while any number of small ones, one after another, run on the calling thread: so
 * that has a place of its own. Scratch is limits (one float32 a query), scores and a list (one uint32 each a score), and for
 * the int8 scan codes (int16) and terms (float64) of the queries.
 */
import { codeCount, FACTOR_BYTES, INT8_TERMS } from '../kernel/search/int8-bound.js';
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
  /** For the int8 scan only. */
  readonly queryCodes: number;
  readonly queryTerms: number;
}

/** Byte offsets of the int8 copy of the rows. */
export interface Int8Place {
  /** int8, `codeCount(dims)` a row. */
  readonly codes: number;
  /** Two float32 a row: scale and error. */
  readonly factors: number;
}

/** What all segments of an index have in common. */
export interface SegmentShape {
  readonly dims: number;
  readonly threads: number;
  /** Whether there is an int8 copy of the rows. */
  readonly int8: boolean;
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
  readonly int8: Int8Place | undefined;
  readonly byteLength: number;
  readonly #shape: SegmentShape;
  readonly #workspace: number;

  constructor(shape: SegmentShape, capacity: number) {
    const { dims, int8 } = shape;
    this.dims = dims;
    this.capacity = capacity;
    this.magnitudes = alignToLine(capacity * dims * 4);
    const codes = this.magnitudes + alignToLine(capacity * 4);
    const factors = codes + alignToLine(capacity * codeCount(dims));
    this.int8 = int8 ? { codes, factors } : undefined;
    this.#shape = shape;
    this.#workspace = int8 ? factors + alignToLine(capacity * FACTOR_BYTES) : codes;
    this.byteLength = this.#workspace + workspaceBytes(shape);
  }

  /** What thread `lane` works with; all threads share the queries. */
  placeOfThread(lane: number): SearchPlace {
    return placeAt(
      this.#workspace,
      this.#workspace + queryRegion(this.dims) + lane * scratchBytes(this.#shape),
      this.dims,
    );
  }

  /** What the calling thread works with. */
  get placeOfCaller(): SearchPlace {
    const queries = this.#workspace + queryRegion(this.dims) + this.#shape.threads * scratchBytes(this.#shape);
    return placeAt(queries, queries + queryRegion(this.dims), this.dims);
  }
}

/** Most rows of a segment whose memory has at most `bytes`: 4 GiB, or less in tests. */
export function maxSegmentRows(shape: SegmentShape, bytes = MEMORY_BYTES): number {
  const { dims, int8 } = shape;
  const room = bytes - workspaceBytes(shape) - 4 * LINE;
  return Math.max(1, Math.floor(room / (4 * dims + 4 + (int8 ? codeCount(dims) + FACTOR_BYTES : 0))));
}

function workspaceBytes(shape: SegmentShape): number {
  return 2 * queryRegion(shape.dims) + (shape.threads + 1) * scratchBytes(shape);
}

function queryRegion(dims: number): number {
  return alignToLine(queriesPerPass(dims, 1) * queryBytes(dims));
}

const LIMIT_BYTES = 4 * MAX_QUERIES;

function scratchBytes({ dims, int8 }: SegmentShape): number {
  const forInt8 = queriesPerPass(dims, 1) * (2 * codeCount(dims) + 8 * INT8_TERMS);
  return LIMIT_BYTES + 8 * MAX_SCORES + (int8 ? alignToLine(forInt8) : 0);
}

function placeAt(queries: number, scratch: number, dims: number): SearchPlace {
  const scores = scratch + LIMIT_BYTES;
  const list = scores + 4 * MAX_SCORES;
  const queryCodes = list + 4 * MAX_SCORES;
  // Whole lines of 32 bytes come before the terms, so that these are aligned.
  const queryTerms = queryCodes + queriesPerPass(dims, 1) * 2 * codeCount(dims);
  return { queries, limits: scratch, scores, list, queryCodes, queryTerms };
}

function alignToLine(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}
