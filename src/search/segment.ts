/**
 * Some of the rows of an index with their ids, in one memory, which is at most 4 GiB. Rows are written once, behind those that
 * searches see, and never change. When a row dies, that is recorded beside it.
 */

import type { GraphSource } from '../engine/worker/graph-task.js';
import { copyRowInto } from '../engine/worker/row-copy.js';
import { openRowKernels, type RowKernels, settleRows } from '../engine/worker/rows-loop.js';
import type { RowSettling, SegmentPlace } from '../engine/worker/rows-task.js';
import { OpenMemory } from '../engine/worker/search-loop.js';
import type { SearchPart } from '../engine/worker/search-task.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import { createJavaScriptCodes } from '../kernel/search/javascript-codes.js';
import { codeCount, FACTOR_BYTES } from '../kernel/search/search-kernel.js';
import type { MatrixMemory } from '../memory/create-memory.js';
import { rowBytes, type SearchPlace, type SegmentLayout } from '../memory/segment-layout.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { StoredRows } from './file/stored-rows.js';

export interface SegmentKernels {
  readonly indexing: CompiledKernel;
  readonly search: CompiledKernel;
}

export class Segment {
  /** Number of the segment, by which places name it. */
  readonly number: number;
  readonly layout: SegmentLayout;
  readonly memory: MatrixMemory;
  readonly ids = new IdColumn();
  /** Uint32Array, two words a row: see deaths.ts. */
  readonly deaths: Uint32Array;
  /** Float32Array: the whole memory, the rows from 0 on. */
  readonly floats: Float32Array;
  /** Whether it is part of what the index is now. */
  isCurrent = false;
  /** Rows that were published. */
  count = 0;
  /** Rows that are published or on their way. */
  reserved = 0;
  /** Rows that are dead, of those that were published. */
  dead = 0;
  /** Whether no more rows come in. */
  isClosed = false;
  /** Where in a file its rows are; undefined where they are in memory. Another one takes its place when the index is saved. */
  stored: StoredRows | undefined;
  readonly #kernels: SegmentKernels;
  #rowKernels: RowKernels | undefined;
  #open: OpenMemory | undefined;

  constructor(number: number, layout: SegmentLayout, memory: MatrixMemory, kernels: SegmentKernels) {
    this.number = number;
    this.layout = layout;
    this.memory = memory;
    this.#kernels = kernels;
    this.deaths = new Uint32Array(memory.buffer, layout.deaths, 2 * layout.capacity);
    this.floats = new Float32Array(memory.buffer);
  }

  get room(): number {
    return this.isClosed ? 0 : this.layout.capacity - this.reserved;
  }

  /** The search kernel on it, for the calling thread. */
  get open(): OpenMemory {
    this.#open ??= new OpenMemory(this.#kernels.search, this.memory.memory);
    return this.#open;
  }

  /** The segment as threads that write to it are told of it. */
  get place(): SegmentPlace {
    const { magnitudes, form, int8, halves } = this.layout;
    return { key: this.memory.key, memory: this.memory.memory, magnitudes, form, int8, halves };
  }

  /** The segment as threads that search are told of it. */
  searchPart(firstSlot: number, place: SearchPlace): SearchPart {
    const { magnitudes, deaths, form, int8 } = this.layout;
    return { key: this.memory.key, memory: this.memory.memory, firstSlot, magnitudes, deaths, form, int8, place };
  }

  /** The segment as threads that put its rows into a graph are told of it. */
  get graphSource(): GraphSource {
    const { magnitudes, form, int8 } = this.layout;
    return { number: this.number, memory: this.memory.memory, magnitudes, form, int8 };
  }

  /** Both kernels on it, for the calling thread. */
  get rowKernels(): RowKernels {
    this.#rowKernels ??= openRowKernels(this.#kernels.indexing, this.#kernels.search, this.memory.memory);
    return this.#rowKernels;
  }

  /** Makes of components that were written what the index keeps, on the calling thread. */
  settle(settling: RowSettling, first: number, count: number): void {
    settleRows(this.rowKernels, this.layout, settling, first, count);
  }

  /** Writes a row as float32 to `target`, which is in memory. */
  copyRow(row: number, target: Float32Array): void {
    if (this.layout.form === 'elsewhere') throw new Error('a row that is in a file was looked for in memory');
    copyRowInto(target, this.memory.buffer, this.layout, row);
  }

  /** The codes of a row, and what bounds them; there are codes. */
  codeOf(row: number): { readonly codes: Int8Array; readonly scale: number; readonly error: number } {
    const { dims, int8 } = this.layout;
    const { codes, factors } = int8!;
    const factor = (factors + row * FACTOR_BYTES) / 4;
    return {
      codes: new Int8Array(this.memory.buffer, codes + row * codeCount(dims), dims),
      scale: this.floats[factor]!,
      error: this.floats[factor + 1]!,
    };
  }

  /** A copy of a row as float32. Of one that is elsewhere, what its codes tell of it: off by their error. */
  rowAt(row: number): Float32Array<ArrayBuffer> {
    const target = new Float32Array(this.layout.dims);
    copyRowInto(target, this.memory.buffer, this.layout, row);
    return target;
  }

  /** Float32Array, count × dims: rows from `first` on, where they are kept so. */
  rows(first: number, count: number): Float32Array {
    const { dims } = this.layout;
    return new Float32Array(this.memory.buffer, first * dims * 4, count * dims);
  }

  /** Rows from `first` on as they are kept, where that is not as codes. */
  keptBytes(first: number, count: number): Uint8Array {
    const size = rowBytes(this.layout.form, this.layout.dims);
    return new Uint8Array(this.memory.buffer, first * size, count * size);
  }

  /** Int8Array, count × dims: codes of rows from `first` on; a copy where rows of the memory have some bytes more. */
  codes(first: number, count: number): Int8Array {
    const { dims, int8 } = this.layout;
    const stride = codeCount(dims);
    const own = int8
      ? new Int8Array(this.memory.buffer, int8.codes + first * stride, count * stride)
      : this.#quantized(first, count).codes;
    if (stride === dims) return own;
    const dense = new Int8Array(count * dims);
    for (let row = 0; row < count; row++) dense.set(own.subarray(row * stride, row * stride + dims), row * dims);
    return dense;
  }

  /** Float32Array, one for each row from `first` on: what codes are multiplied by, and what they are off by at most. */
  factors(first: number, count: number): { readonly scales: Float32Array; readonly errors: Float32Array } {
    const { int8 } = this.layout;
    const size = FACTOR_BYTES / 4;
    const own = int8
      ? this.floats.subarray(int8.factors / 4 + first * size, int8.factors / 4 + (first + count) * size)
      : this.#quantized(first, count).factors;
    return {
      scales: Float32Array.from({ length: count }, (_, row) => own[row * size]!),
      errors: Float32Array.from({ length: count }, (_, row) => own[row * size + 1]!),
    };
  }

  /** Codes of float32 rows of which none are kept. */
  #quantized(first: number, count: number): { readonly codes: Int8Array; readonly factors: Float32Array } {
    const { dims } = this.layout;
    const codesAt = alignTo16(4 * dims * count + 16);
    const factorsAt = codesAt + codeCount(dims) * count;
    const buffer = new ArrayBuffer(factorsAt + FACTOR_BYTES * count);
    new Float32Array(buffer, 0, count * dims).set(this.rows(first, count));
    createJavaScriptCodes(buffer).quantize(0, count, dims, codesAt, factorsAt);
    return {
      codes: new Int8Array(buffer, codesAt, codeCount(dims) * count),
      factors: new Float32Array(buffer, factorsAt, (FACTOR_BYTES / 4) * count),
    };
  }

  /** Float32Array, one for each row from `first` on. */
  magnitudes(first: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.layout.magnitudes + first * 4, count);
  }
}

function alignTo16(bytes: number): number {
  return 16 * Math.ceil(bytes / 16);
}

const CHUNK_BITS = 12;
const CHUNK_MASK = 2 ** CHUNK_BITS - 1;
const NUMBER_BYTES = 8;
/** Bytes of a string beside its characters: its header, and the pointer to it. */
const STRING_BYTES = 24;

/**
 * The ids of the rows of a segment, by row. They are written in the order of the rows. Consecutive numbers, which ids mostly
 * are, take no memory. Ids are kept in chunks, so that no step takes longer when there are more.
 */
export class IdColumn {
  /** Ids of the rows of a chunk, or what they have in common: id − row within the chunk. */
  readonly #chunks: (VectorId[] | number)[] = [];
  #byteLength = 0;

  /** Bytes that the ids take, about: engines do not tell. */
  get byteLength(): number {
    return this.#byteLength;
  }

  get(row: number): VectorId {
    const chunk = this.#chunks[row >>> CHUNK_BITS]!;
    return typeof chunk === 'number' ? chunk + (row & CHUNK_MASK) : chunk[row & CHUNK_MASK]!;
  }

  /** Rows are given their ids one after the other; one that has an id gets another, which makes those behind it undefined. */
  set(row: number, id: VectorId): void {
    const at = row >>> CHUNK_BITS;
    const place = row & CHUNK_MASK;
    if (place === 0) {
      this.#byteLength += bytesOf(id) - (this.#chunks[at] === undefined ? 0 : this.#bytesOfChunk(at));
      this.#chunks[at] = typeof id === 'number' && Number.isSafeInteger(id + CHUNK_MASK) ? id : [id];
      return;
    }
    const chunk = this.#chunks[at]!;
    if (typeof chunk === 'number') {
      if (id === chunk + place) return;
      const ids: VectorId[] = [];
      for (let i = 0; i < place; i++) ids.push(chunk + i);
      ids.push(id);
      this.#chunks[at] = ids;
      this.#byteLength += place * NUMBER_BYTES + bytesOf(id);
    } else {
      this.#byteLength += bytesOf(id) - (place < chunk.length ? bytesOf(chunk[place]!) : 0);
      chunk[place] = id;
    }
  }

  #bytesOfChunk(at: number): number {
    const chunk = this.#chunks[at]!;
    return typeof chunk === 'number' ? NUMBER_BYTES : chunk.reduce((sum: number, id) => sum + bytesOf(id), 0);
  }
}

function bytesOf(id: VectorId): number {
  return typeof id === 'string' ? STRING_BYTES + id.length : NUMBER_BYTES;
}
