/**
 * What a thread does in a search: claim a block of rows, scan it (the int8 copy, where there is one and it rules out most
 * rows, else the rows in float32), and score in float64 what may be a hit, until no block is left. The stop word is read before every call of the kernel, each of which takes well below a millisecond.
 */
import { ErrorBound } from '../../kernel/search/error-bound.js';
import { instantiateSearchKernel } from '../../kernel/search/instantiate-search-kernel.js';
import { codeCount, FACTOR_BYTES, INT8_TERMS, quantizeQueryInto } from '../../kernel/search/int8-bound.js';
import { type Int8ScanExports, queryBytes, type SearchKernelExports } from '../../kernel/search/search-kernel.js';
import { SearchControl } from '../../memory/search-control.js';
import { rowsPerCall } from '../../memory/segment-layout.js';
import type { SearchPart, SearchTask } from './search-task.js';
import { TopHits } from './top-hits.js';

/** Called when a block has been claimed, before it is scanned. */
export type BlockListener = (block: number) => void;

/** Rows of the first call: those are all scored exactly, and every call shows which rows of the next ones can be left out. */
const FIRST_ROWS = 16;

/** Once more than one in so many rows is left by the int8 scan, it is faster to scan all of them in float32. */
const LEAST_RULED_OUT = 8;

type SearchKernel = SearchKernelExports & Partial<Int8ScanExports>;

/** Instances on the memories of an index, kept from search to search. */
export class SearchInstances {
  readonly #kernels = new Map<number, SearchKernel>();

  /** Lets go of memories that are not among `parts`. */
  keepOnly(parts: readonly SearchPart[]): void {
    const keys = new Set(parts.map(({ key }) => key));
    for (const key of this.#kernels.keys()) if (!keys.has(key)) this.#kernels.delete(key);
  }

  kernelOf({ kernel }: SearchTask, { key, memory }: SearchPart): SearchKernel {
    const known = this.#kernels.get(key);
    if (known) return known;
    const made = instantiateSearchKernel(kernel, memory);
    this.#kernels.set(key, made);
    return made;
  }
}

/** Claims and searches blocks until none is left, or the search is stopped. */
export function searchBlocks(task: SearchTask, instances: SearchInstances, onBlock?: BlockListener): void {
  const search = new BlockSearch(task, instances, onBlock);
  while (search.step());
}

/** The same block by block, for the calling thread, which has other things to do. */
export class BlockSearch {
  readonly #task: SearchTask;
  readonly #control: SearchControl;
  readonly #lane: SearchLane;
  readonly #onBlock: BlockListener | undefined;

  constructor(task: SearchTask, instances: SearchInstances, onBlock?: BlockListener) {
    this.#task = task;
    this.#control = new SearchControl(task.control, task.queryCount, task.k);
    this.#lane = new SearchLane(task, this.#control, instances);
    this.#onBlock = onBlock;
  }

  /** Claims and searches one block; false when there is none, or the search was stopped. */
  step(): boolean {
    const block = this.#control.claimNext();
    const found = locate(this.#task, block);
    if (!found) return false;
    this.#onBlock?.(block);
    return this.#lane.search(found.part, found.first, found.last);
  }
}

/** Which rows a block is; undefined beyond the last one. */
function locate({ parts, blockRows }: SearchTask, block: number) {
  let before = 0;
  for (const part of parts) {
    const blocks = Math.ceil(part.count / blockRows);
    if (block < before + blocks) {
      const first = (block - before) * blockRows;
      return { part, first, last: Math.min(first + blockRows, part.count) };
    }
    before += blocks;
  }
  return undefined;
}

/** A part as this thread works on it. */
interface OpenPart extends SearchPart {
  readonly kernel: SearchKernel;
  readonly limits: Float32Array;
  readonly list: Uint32Array;
  readonly bits: Uint32Array | undefined;
}

class SearchLane {
  readonly #task: SearchTask;
  readonly #control: SearchControl;
  readonly #instances: SearchInstances;
  readonly #bound: ErrorBound;
  readonly #callRows: number;
  readonly #hits: readonly TopHits[];
  /** Limit of every query; the kernel reads a copy of them in the part's memory. */
  readonly #limits: Float32Array;
  readonly #queryLengths: Float64Array;
  #part: OpenPart | undefined;
  #rowsDone = 0;

  constructor(task: SearchTask, control: SearchControl, instances: SearchInstances) {
    const { metric, dims, queryCount, lane } = task;
    this.#task = task;
    this.#control = control;
    this.#instances = instances;
    this.#bound = new ErrorBound(metric, dims);
    this.#callRows = rowsPerCall(dims, queryCount);
    this.#hits = Array.from({ length: queryCount }, (_, query) => new TopHits(control.hits(lane, query)));
    this.#limits = new Float32Array(queryCount).fill(Number.NEGATIVE_INFINITY);
    this.#queryLengths = new Float64Array(queryCount);
  }

  /** Rows `first` to `last` of a part; false when the search was stopped. */
  search(part: SearchPart, first: number, last: number): boolean {
    const open = this.#open(part);
    for (let row = first; row < last; ) {
      if (this.#control.isStopped) return false;
      const rows = Math.min(this.#callRows, last - row, Math.max(FIRST_ROWS, this.#rowsDone));
      if (anyAccepted(open.bits, row, row + rows)) this.#call(open, row, rows);
      row += rows;
      this.#rowsDone += rows;
    }
    return true;
  }

  #open(part: SearchPart): OpenPart {
    if (this.#part?.key === part.key) return this.#part;
    const { dims, queryCount } = this.#task;
    const kernel = this.#instances.kernelOf(this.#task, part);
    const { buffer } = part.memory;
    const limits = new Float32Array(buffer, part.place.limits, queryCount);
    limits.set(this.#limits);
    const list = new Uint32Array(buffer, part.place.list, this.#callRows * queryCount);
    const bits = part.accepted && new Uint32Array(part.accepted);
    for (let query = 0; query < queryCount; query++) {
      this.#queryLengths[query] = Math.sqrt(kernel.exactSquares(part.place.queries + query * queryBytes(dims), dims));
    }
    if (part.int8) this.#quantizeQueries(part);
    this.#part = { ...part, kernel, limits, list, bits };
    return this.#part;
  }

  #quantizeQueries({ memory: { buffer }, place }: SearchPart): void {
    const { metric, dims, queryCount } = this.#task;
    for (let query = 0; query < queryCount; query++) {
      const components = new Float32Array(buffer, place.queries + query * queryBytes(dims), dims);
      const codes = new Int16Array(buffer, place.queryCodes + query * 2 * codeCount(dims), codeCount(dims));
      const terms = new Float64Array(buffer, place.queryTerms + query * 8 * INT8_TERMS, INT8_TERMS);
      quantizeQueryInto(components, metric, this.#bound.slack, codes, terms);
    }
  }

  /** Scans some rows, and scores exactly what could not be ruled out. */
  #call(part: OpenPart, row: number, rows: number): void {
    const found = this.#scanInt8(part, row, rows) ?? this.#scanFloat32(part, row, rows);
    for (let i = 0; i < found; i++) {
      const query = Math.floor(part.list[i]! / rows);
      const at = row + (part.list[i]! % rows);
      const key = this.#exactKey(part, at, query);
      if (this.#hits[query]!.offer(key, part.firstSlot + at)) this.#tighten(part, query);
    }
  }

  /** Lists what may be a hit; returns how many, or undefined where that are too many or there is no int8 scan. */
  #scanInt8(part: OpenPart, row: number, rows: number): number | undefined {
    const { kernel, int8, place, magnitudes } = part;
    // Without a limit nothing can be ruled out.
    if (!int8 || !kernel.selectInt8 || this.#limits[0] === Number.NEGATIVE_INFINITY) return undefined;
    const { dims, queryCount } = this.#task;
    const found = kernel.selectInt8(
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
    const left = keepAccepted(part, found, row, rows);
    return left * LEAST_RULED_OUT > rows * queryCount ? undefined : left;
  }

  /** Lists what may be a hit; returns how many. */
  #scanFloat32(part: OpenPart, row: number, rows: number): number {
    const { metric, dims, queryCount } = this.#task;
    const { kernel, place, magnitudes } = part;
    const scan = metric === 'euclidean' ? kernel.distances : kernel.dots;
    scan(row * dims * 4, rows, dims, place.queries, queryCount, place.scores);
    const { slack } = this.#bound;
    const found = kernel.select(place.scores, rows, queryCount, place.limits, magnitudes + row * 4, slack, place.list);
    return keepAccepted(part, found, row, rows);
  }

  #exactKey({ kernel, place }: OpenPart, at: number, query: number): number {
    const { metric, dims } = this.#task;
    const row = at * dims * 4;
    const queryAt = place.queries + query * queryBytes(dims);
    switch (metric) {
      case 'cosine':
        return (
          kernel.exactDot(row, queryAt, dims) / (this.#queryLengths[query]! * Math.sqrt(kernel.exactSquares(row, dims)))
        );
      case 'dot':
        return kernel.exactDot(row, queryAt, dims);
      case 'euclidean':
        return -kernel.exactDistance(row, queryAt, dims);
    }
  }

  #tighten(part: OpenPart, query: number): void {
    const limit = this.#bound.limit(this.#hits[query]!.worstKey, this.#queryLengths[query]!);
    this.#limits[query] = limit;
    part.limits[query] = limit;
  }
}

/** Takes from the list the rows that are not accepted; returns how many are left. */
function keepAccepted({ bits, list }: OpenPart, found: number, row: number, rows: number): number {
  if (!bits) return found;
  let kept = 0;
  for (let i = 0; i < found; i++) if (hasBit(bits, row + (list[i]! % rows))) list[kept++] = list[i]!;
  return kept;
}

function hasBit(bits: Uint32Array, row: number): boolean {
  return ((bits[row >>> 5]! >>> (row & 31)) & 1) === 1;
}

/** Whether any of the rows may be a hit: where few are accepted, most calls need not be made. */
function anyAccepted(bits: Uint32Array | undefined, first: number, last: number): boolean {
  if (!bits) return true;
  for (let row = first; row < last; row = (row | 31) + 1) {
    const word = bits[row >>> 5]! >>> (row & 31);
    const rows = Math.min(32 - (row & 31), last - row);
    if (rows === 32 ? word !== 0 : (word & ((1 << rows) - 1)) !== 0) return true;
  }
  return false;
}
