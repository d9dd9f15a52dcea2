/**
 * Where everything lies in the memory of a segment, which holds some of the rows of a search index: the rows, one column of
 * magnitudes, when each row died, where there is an int8 scan the int8 copy, then a place to work for every lane. All offsets
 * are bytes on 64-byte lines, and regions do not overlap.
 *
 *   rows | magnitudes | deaths | codes | factors | halves | place of lane 0, 1, ... | place of the calling thread
 *
 * Rows of `int8` are their codes, and those that are `elsewhere` in a file: neither has rows here. Only where rows are prepared that are to be
 * kept as float16 there are halves beside float32 rows.
 *
 * A place is queries, limits (one float32 a query), scores and a list (one uint32 each a score), for the int8 scan codes
 * (int16) and terms (float64) of the queries, and where rows are not float32 room for one that is. Whoever works in a place fills it first:
 * nothing is kept there between calls.
 */
import { codeCount, FACTOR_BYTES, INT8_TERMS, queryBytes } from '../kernel/search/search-kernel.js';
import { DEATH_BYTES } from './deaths.js';

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
  /** Room for a row as float32, where rows are kept otherwise. */
  readonly row: number;
}

/** Precision in which the components of a row are kept. */
export type Precision = 'float32' | 'float16' | 'int8';

/** How the rows of a segment are kept. */
export type RowForm = Precision | 'elsewhere';

/** Byte offsets of the int8 copy of the rows. */
export interface Int8Place {
  /** int8, `codeCount(dims)` a row. */
  readonly codes: number;
  /** Two float32 a row: scale and error. */
  readonly factors: number;
}

/** Facts that all segments of an index have in common. */
export interface SegmentShape {
  readonly dims: number;
  /** Places to work, besides that of the calling thread. */
  readonly lanes: number;
  readonly form: RowForm;
  /** Whether there are int8 codes of the rows; always where rows are not float32. */
  readonly int8: boolean;
  /** Whether there is room for the rows as float16 besides. */
  readonly halves?: boolean | undefined;
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
  /** Two uint32 a row: see deaths.ts. */
  readonly deaths: number;
  readonly int8: Int8Place | undefined;
  /** Undefined where there are none. */
  readonly halves: number | undefined;
  readonly form: RowForm;
  /** Bytes of the rows with their magnitudes and deaths. */
  readonly rowsByteLength: number;
  readonly codesByteLength: number;
  readonly byteLength: number;
  readonly #shape: SegmentShape;
  readonly #workspace: number;

  constructor(shape: SegmentShape, capacity: number) {
    const { dims, form, int8, halves } = shape;
    this.dims = dims;
    this.form = form;
    this.capacity = capacity;
    this.magnitudes = alignToLine(capacity * rowBytes(form, dims));
    this.deaths = this.magnitudes + alignToLine(capacity * 4);
    const codes = this.deaths + alignToLine(capacity * DEATH_BYTES);
    const factors = codes + alignToLine(capacity * codeCount(dims));
    this.int8 = int8 ? { codes, factors } : undefined;
    const end = int8 ? factors + alignToLine(capacity * FACTOR_BYTES) : codes;
    this.halves = halves ? end : undefined;
    this.rowsByteLength = codes;
    this.codesByteLength = end - codes;
    this.#shape = shape;
    this.#workspace = halves ? end + alignToLine(capacity * 2 * dims) : end;
    this.byteLength = this.#workspace + workspaceBytes(shape);
  }

  /** Working memory of lane `lane`. The calling thread has the lane behind the last one. */
  place(lane: number): SearchPlace {
    const { dims } = this.#shape;
    const queries = this.#workspace + lane * placeBytes(this.#shape);
    const limits = queries + queryRegion(dims);
    const scores = limits + LIMIT_BYTES;
    const list = scores + 4 * MAX_SCORES;
    const queryCodes = list + 4 * MAX_SCORES;
    // Whole lines of 32 bytes come before the terms, so that these are aligned.
    const queryTerms = queryCodes + queriesPerPass(dims, 1) * 2 * codeCount(dims);
    const row = queryCodes + (this.#shape.int8 ? int8WorkBytes(dims) : 0);
    return { queries, limits, scores, list, queryCodes, queryTerms, row };
  }

  get placeOfCaller(): SearchPlace {
    return this.place(this.#shape.lanes);
  }
}

/** Most rows of a segment whose memory has at most `bytes`: 4 GiB, or less in tests. */
export function maxSegmentRows(shape: SegmentShape, bytes = MEMORY_BYTES): number {
  const { dims, halves } = shape;
  const room = bytes - workspaceBytes(shape) - 6 * LINE;
  return Math.max(1, Math.floor(room / (keptBytes(shape) + (halves ? 2 * dims : 0))));
}

/** Bytes that a row takes, with its magnitude, its death and its codes. */
export function keptBytes({ dims, form, int8 }: Pick<SegmentShape, 'dims' | 'form' | 'int8'>): number {
  return rowBytes(form, dims) + 4 + DEATH_BYTES + (int8 ? codeCount(dims) + FACTOR_BYTES : 0);
}

/** Bytes of a row of a segment, besides its codes. */
export function rowBytes(form: RowForm, dims: number): number {
  switch (form) {
    case 'float32':
      return 4 * dims;
    case 'float16':
      return 2 * dims;
    default:
      return 0;
  }
}

function workspaceBytes(shape: SegmentShape): number {
  return (shape.lanes + 1) * placeBytes(shape);
}

const LIMIT_BYTES = 4 * MAX_QUERIES;

function placeBytes({ dims, form, int8 }: SegmentShape): number {
  // Kernels read up to 16 bytes beyond a row.
  const forRow = form === 'float32' ? 0 : alignToLine(4 * dims + 16);
  return queryRegion(dims) + LIMIT_BYTES + 8 * MAX_SCORES + (int8 ? int8WorkBytes(dims) : 0) + forRow;
}

function int8WorkBytes(dims: number): number {
  return alignToLine(queriesPerPass(dims, 1) * (2 * codeCount(dims) + 8 * INT8_TERMS));
}

function queryRegion(dims: number): number {
  return alignToLine(queriesPerPass(dims, 1) * queryBytes(dims));
}

function alignToLine(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}
