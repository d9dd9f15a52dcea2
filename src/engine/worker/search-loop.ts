/**
 * What a lane does in a pass: scan a block of rows (the int8 copy, where there is one and it rules out most
 * rows, else the rows in float32), and score in float64 what may be a hit. Each query has its own hits, and sees the rows of its own
 * call. The caller has a turn after every call of the kernel, each of which takes well below a millisecond.
 */
import type { CompiledKernel, KernelMemory } from '../../kernel/instantiate.js';
import { ErrorBound } from '../../kernel/search/error-bound.js';
import { instantiateSearchKernel } from '../../kernel/search/instantiate-search-kernel.js';
import { boundsOf, leastKeyOf, quantizeQueryInto } from '../../kernel/search/int8-bound.js';
import {
  codeCount,
  FACTOR_BYTES,
  INT8_TERMS,
  queryBytes,
  type SearchKernelExports,
} from '../../kernel/search/search-kernel.js';
import { UnitControl } from '../../memory/control-block.js';
import { isThere } from '../../memory/deaths.js';
import { type Board, SearchBoard } from '../../memory/search-board.js';
import { rowsPerCall } from '../../memory/segment-layout.js';
import { CandidateList } from './candidate-list.js';
import type { QueryGroup, SearchPart, SearchPass, SearchTask } from './search-task.js';
import { TopHits } from './top-hits.js';
import type { UnitWork } from './unit-work.js';

/** Rows of the first call: those are all scored exactly, and every call shows which rows of the next ones can be left out. */
const FIRST_ROWS = 16;

/** Exact scores between two steps: below a millisecond, and some milliseconds as long as a browser has not compiled what scores. */
const STEP_SCORES = 512;

/** If the int8 scan leaves more than one row in this many, it is faster to scan all rows in float32. */
const LEAST_RULED_OUT = 8;

/** The kernel on one memory, and views of all of it. */
export class OpenMemory {
  readonly kernel: SearchKernelExports;
  readonly floats: Float32Array;
  readonly words: Uint32Array;
  readonly codes: Int16Array;
  readonly terms: Float64Array;

  constructor(kernel: CompiledKernel, memory: KernelMemory) {
    this.kernel = instantiateSearchKernel(kernel, memory);
    this.floats = new Float32Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
    this.codes = new Int16Array(memory.buffer);
    this.terms = new Float64Array(memory.buffer);
  }
}

/** Gives the kernel on the memory of a part. */
export type MemoryOpener = (pass: SearchPass, part: SearchPart) => OpenMemory;

/** The work of a pass. */
export function searchBlocks(task: SearchTask, openMemory: MemoryOpener): UnitWork {
  const { control: buffer, dims, groups, threads, thread } = task;
  const control = new UnitControl(buffer);
  const board = new SearchBoard(buffer, control.extra, dims, groups, threads);
  const lane = new SearchLane(task, board, thread, openMemory);

  function* slices(unit: number): Generator<void, void, void> {
    const part = control.word(unit, 0);
    let row = control.word(unit, 1);
    const last = row + control.word(unit, 2);
    while (row < last) {
      row += yield* lane.scanSome(part, row, last);
      if (row < last) yield;
    }
    control.recordDone(unit, thread);
  }

  return { slices };
}

/** A part as this lane works on it. */
interface OpenPart extends SearchPart {
  readonly index: number;
  readonly open: OpenMemory;
  /** Bits of every query in this part. */
  readonly bits: readonly (Uint32Array | undefined)[];
  /** Whether its memory has the queries, and their int8 copies. */
  placed: boolean;
  quantized: boolean;
}

export class SearchLane {
  readonly #pass: SearchPass;
  #board: Board;
  readonly #lane: number;
  readonly #openMemory: MemoryOpener;
  readonly #bound: ErrorBound;
  readonly #callRows: number;
  readonly #hits: TopHits[] = [];
  /** Candidate list of every query whose rows are listed and not scored. */
  readonly #lists: (CandidateList | undefined)[] = [];
  /** Group of every query. */
  readonly #groups: QueryGroup[] = [];
  /** Limit of every query; the kernel reads a copy of them in the part's memory. */
  readonly #limits: Float32Array;
  /** Queries without a limit. */
  #unlimited = 0;
  readonly #queryLengths: Float64Array;
  /** Whether lengths and limits are known: the kernel works them out in the first part that is opened. */
  #measured = false;
  #queryCodes: Int16Array | undefined;
  #queryTerms: Float64Array | undefined;
  /** Parts that were opened. They stay open, since a graph meets rows of all parts in turn. */
  readonly #parts: (OpenPart | undefined)[] = [];
  /** The part whose memory holds the limits as they are. */
  #scanned: OpenPart | undefined;
  #rowsDone = 0;

  /** Goes on with what the lane has on the board. */
  constructor(pass: SearchPass, board: Board, lane: number, openMemory: MemoryOpener) {
    const { metric, dims, groups } = pass;
    const { queryCount } = board;
    this.#pass = pass;
    this.#board = board;
    this.#lane = lane;
    this.#openMemory = openMemory;
    this.#bound = new ErrorBound(metric, dims);
    this.#callRows = rowsPerCall(dims, queryCount);
    this.#limits = new Float32Array(queryCount);
    this.#queryLengths = new Float64Array(queryCount);
    for (const group of groups) {
      for (let i = 0; i < group.queryCount; i++) this.#groups.push(group);
    }
    this.#takeHits();
  }

  /** Begins anew, with other queries: those of a board of the same shape. What was opened stays open. */
  restart(board: Board): void {
    this.#board = board;
    this.#takeHits();
    this.#unlimited = 0;
    this.#measured = false;
    this.#queryCodes = undefined;
    this.#scanned = undefined;
    this.#rowsDone = 0;
    for (const part of this.#parts) {
      if (!part) continue;
      part.placed = false;
      part.quantized = false;
    }
  }

  #takeHits(): void {
    for (let query = 0; query < this.#groups.length; query++) {
      const place = this.#board.place(this.#lane, query);
      this.#hits[query] = new TopHits(this.#board.hits, place);
      this.#lists[query] = place.candidates > 0 ? new CandidateList(this.#board.hits, place) : undefined;
    }
  }

  /** Scans rows from `row` on, up to `last` at most, with steps between many exact scores; returns how many. */
  *scanSome(index: number, row: number, last: number): Generator<void, number, void> {
    const part = this.#open(index);
    if (part !== this.#scanned) part.open.floats.set(this.#limits, part.place.limits / 4);
    this.#scanned = part;
    const rows = Math.min(this.#callRows, last - row, Math.max(FIRST_ROWS, this.#rowsDone));
    if (this.#anyWanted(part, row, row + rows)) {
      if (this.#unlimited === this.#hits.length) yield* this.#scoreAll(part, row, rows);
      else yield* this.#scoreCandidates(part, row, rows);
    }
    this.#rowsDone += rows;
    return rows;
  }

  /** Scores a row exactly, which may so become a hit, if its query sees it. */
  offer(index: number, query: number, row: number): void {
    const part = this.#open(index);
    if (this.#isWanted(part, query, row)) this.#offer(part, query, row);
  }

  /** Whether a row may be a hit of a query. */
  wants(index: number, query: number, row: number): boolean {
    return this.#isWanted(this.#open(index), query, row);
  }

  #open(index: number): OpenPart {
    const known = this.#parts[index];
    if (known?.placed) return known;
    const part = known ?? this.#openPart(index);
    const { open, place } = part;
    open.floats.set(this.#board.queries, place.queries / 4);
    part.placed = true;
    if (this.#measured) return part;
    const { dims } = this.#pass;
    for (let query = 0; query < this.#hits.length; query++) {
      const squares = open.kernel.exactSquares(place.queries + query * queryBytes(dims), dims);
      this.#queryLengths[query] = Math.sqrt(squares);
      this.#limits[query] = this.#limit(query);
      if (this.#limits[query] === Number.NEGATIVE_INFINITY) this.#unlimited++;
    }
    this.#measured = true;
    return part;
  }

  #openPart(index: number): OpenPart {
    const { groups, parts } = this.#pass;
    const open = this.#openMemory(this.#pass, parts[index]!);
    const bits = groups.flatMap(({ accepted, queryCount }) => {
      const ofGroup = accepted && new Uint32Array(accepted[index]!);
      return new Array<Uint32Array | undefined>(queryCount).fill(ofGroup);
    });
    const part: OpenPart = { ...parts[index]!, index, open, bits, placed: false, quantized: false };
    this.#parts[index] = part;
    return part;
  }

  /** The score below which no row can be a hit. */
  #limit(query: number): number {
    const { k } = this.#groups[query]!;
    const key = Math.max(k > 0 ? this.#hits[query]!.worstKey : Number.NEGATIVE_INFINITY, this.#board.leastKeys[query]!);
    return this.#bound.limit(key, this.#queryLengths[query]!);
  }

  /** Whether any of the rows may be a hit of any query: where few are accepted, most calls need not be made. */
  #anyWanted({ index, bits }: OpenPart, first: number, last: number): boolean {
    let query = 0;
    for (const { rowCounts, queryCount } of this.#pass.groups) {
      if (anySet(bits[query], first, Math.min(last, rowCounts[index]!))) return true;
      query += queryCount;
    }
    return false;
  }

  #isWanted({ index, deaths, open, bits }: OpenPart, query: number, row: number): boolean {
    const { rowCounts, version } = this.#groups[query]!;
    if (row >= rowCounts[index]!) return false;
    const accepted = bits[query];
    if (accepted && !hasBit(accepted, row)) return false;
    return isThere(open.words, deaths / 8 + row, version);
  }

  /** Scores all rows. While no row can be ruled out, a scan tells nothing. */
  *#scoreAll(part: OpenPart, first: number, rows: number): Generator<void, void, void> {
    let scored = 0;
    for (let query = 0; query < this.#hits.length; query++) {
      for (let row = first; row < first + rows; row++) {
        if (this.#isWanted(part, query, row)) this.#offer(part, query, row);
      }
      scored += rows;
      if (scored < STEP_SCORES) continue;
      scored = 0;
      yield;
    }
  }

  /** Scans some rows, and scores exactly what could not be ruled out. */
  *#scoreCandidates(part: OpenPart, row: number, rows: number): Generator<void, void, void> {
    const found = this.#scanInt8(part, row, rows) ?? this.#scanFloat32(part, row, rows);
    const { words } = part.open;
    const list = part.place.list / 4;
    for (let i = list; i < list + found; i++) {
      const query = Math.floor(words[i]! / rows);
      this.#offer(part, query, row + (words[i]! - query * rows));
      if ((i - list) % STEP_SCORES === STEP_SCORES - 1) yield;
    }
  }

  /** Lists what may be a hit; returns how many, or undefined where that are too many or there is no int8 scan, and another one. */
  #scanInt8(part: OpenPart, row: number, rows: number): number | undefined {
    const { open, int8, place, magnitudes } = part;
    const queryCount = this.#hits.length;
    const hasFloats = part.form === 'float32';
    // A query without a limit rules nothing out.
    if (!int8 || (hasFloats && this.#unlimited * LEAST_RULED_OUT > queryCount)) return undefined;
    if (!part.quantized) this.#placeQueryCodes(part);
    const { dims } = this.#pass;
    const found = open.kernel.selectInt8(
      int8.codes + row * codeCount(dims),
      int8.factors + row * FACTOR_BYTES,
      magnitudes + row * 4,
      rows,
      dims,
      place.queryCodes,
      place.queryTerms,
      queryCount,
      place.limits,
      place.list,
    );
    const left = this.#keepWanted(part, found, row, rows);
    return hasFloats && left * LEAST_RULED_OUT > rows * queryCount ? undefined : left;
  }

  #placeQueryCodes(part: OpenPart): void {
    if (!this.#queryCodes || !this.#queryTerms) {
      const { metric, dims } = this.#pass;
      const queryCount = this.#hits.length;
      const [size, stride] = [codeCount(dims), queryBytes(dims) / 4];
      this.#queryCodes = new Int16Array(queryCount * size);
      this.#queryTerms = new Float64Array(queryCount * INT8_TERMS);
      for (let query = 0; query < queryCount; query++) {
        quantizeQueryInto(
          this.#board.queries.subarray(query * stride, query * stride + dims),
          metric,
          this.#bound.slack,
          this.#queryCodes.subarray(query * size, (query + 1) * size),
          this.#queryTerms.subarray(query * INT8_TERMS, (query + 1) * INT8_TERMS),
        );
      }
    }
    part.open.codes.set(this.#queryCodes, part.place.queryCodes / 2);
    part.open.terms.set(this.#queryTerms, part.place.queryTerms / 8);
    part.quantized = true;
  }

  /** Lists what may be a hit; returns how many. */
  #scanFloat32(part: OpenPart, row: number, rows: number): number {
    const { metric, dims } = this.#pass;
    const { open, place, magnitudes } = part;
    const queryCount = this.#hits.length;
    const scan = metric === 'euclidean' ? open.kernel.distances : open.kernel.dots;
    scan(row * dims * 4, rows, dims, place.queries, queryCount, place.scores);
    const { slack } = this.#bound;
    const found = open.kernel.select(
      place.scores,
      rows,
      queryCount,
      place.limits,
      magnitudes + row * 4,
      slack,
      place.list,
    );
    return this.#keepWanted(part, found, row, rows);
  }

  /** Removes rows from the list that its query does not see. Returns how many are left. */
  #keepWanted(part: OpenPart, found: number, row: number, rows: number): number {
    const { words } = part.open;
    const list = part.place.list / 4;
    let kept = list;
    for (let i = list; i < list + found; i++) {
      const query = Math.floor(words[i]! / rows);
      if (this.#isWanted(part, query, row + (words[i]! - query * rows))) words[kept++] = words[i]!;
    }
    return kept - list;
  }

  #offer(part: OpenPart, query: number, row: number): void {
    const hits = this.#hits[query]!;
    const list = this.#lists[query];
    const key = list ? this.#list(part, query, row, list) : this.#exactKey(part, query, row);
    if (key === undefined || !hits.offer(key, part.firstSlot + row)) return;
    const limit = this.#limit(query);
    if (limit === this.#limits[query]) return;
    if (this.#limits[query] === Number.NEGATIVE_INFINITY) this.#unlimited--;
    this.#limits[query] = limit;
    part.open.floats[part.place.limits / 4 + query] = limit;
  }

  /** Adds a row to the candidates if it can be a hit. Gives the least key that it can have, if one is known and wanted. */
  #list(part: OpenPart, query: number, row: number, list: CandidateList): number | undefined {
    if (!part.quantized) this.#placeQueryCodes(part);
    const { metric, dims } = this.#pass;
    const { open, int8, magnitudes, place } = part;
    const stride = codeCount(dims);
    const product = open.kernel.codeProduct(int8!.codes + row * stride, place.queryCodes + 2 * query * stride, stride);
    const factor = (int8!.factors + row * FACTOR_BYTES) / 4;
    const bounds = boundsOf(metric, this.#queryTerms!.subarray(query * INT8_TERMS, (query + 1) * INT8_TERMS), product, {
      scale: open.floats[factor]!,
      error: open.floats[factor + 1]!,
      magnitude: open.floats[magnitudes / 4 + row]!,
    });
    const most = Number.isNaN(bounds.most) ? Number.POSITIVE_INFINITY : bounds.most;
    const limit = this.#limits[query]!;
    if (most < limit) return undefined;
    list.add(part.firstSlot + row, most, limit);
    if (this.#groups[query]!.k === 0 || Number.isNaN(bounds.least)) return undefined;
    return leastKeyOf(metric, bounds.least, this.#queryLengths[query]!);
  }

  #exactKey(part: OpenPart, query: number, at: number): number {
    const { kernel } = part.open;
    const { place } = part;
    const { metric, dims } = this.#pass;
    const row = this.#floatsOf(part, at);
    const queryAt = place.queries + query * queryBytes(dims);
    switch (metric) {
      case 'cosine':
        return kernel.exactCosine(row, queryAt, dims, this.#queryLengths[query]!);
      case 'dot':
        return kernel.exactDot(row, queryAt, dims);
      case 'euclidean':
        return -kernel.exactDistance(row, queryAt, dims);
    }
  }

  /** Where a row is as float32. */
  #floatsOf({ form, int8, open, place }: OpenPart, row: number): number {
    const { dims } = this.#pass;
    switch (form) {
      case 'float32':
        return row * dims * 4;
      case 'float16':
        open.kernel.widen(row * dims * 2, dims, place.row);
        return place.row;
      case 'int8': {
        const { codes, factors } = int8!;
        open.kernel.widenCodes(
          codes + row * codeCount(dims),
          dims,
          open.floats[(factors + row * FACTOR_BYTES) / 4]!,
          place.row,
        );
        return place.row;
      }
      case 'elsewhere':
        throw new Error('a row that is in a file has no score here');
    }
  }
}

function hasBit(bits: Uint32Array, row: number): boolean {
  return ((bits[row >>> 5]! >>> (row & 31)) & 1) === 1;
}

/** Whether the bit of any row from `first` to `last` is 1; without bits, whether there is any such row. */
function anySet(bits: Uint32Array | undefined, first: number, last: number): boolean {
  if (!bits) return first < last;
  for (let row = first; row < last; row = (row | 31) + 1) {
    const word = bits[row >>> 5]! >>> (row & 31);
    const rows = Math.min(32 - (row & 31), last - row);
    if (rows === 32 ? word !== 0 : (word & ((1 << rows) - 1)) !== 0) return true;
  }
  return false;
}
