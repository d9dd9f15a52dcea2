/**
 * Some of the rows of an index with their ids, in a memory of their own: 4 GiB hold no more. Rows are written once, behind those that
 * searches see, and never change; when one dies, that is recorded beside it.
 */

import { openRowKernels, type RowKernels, settleRows } from '../engine/worker/rows-loop.js';
import type { RowOperation, SegmentPlace } from '../engine/worker/rows-task.js';
import { OpenMemory } from '../engine/worker/search-loop.js';
import type { SearchPart } from '../engine/worker/search-task.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import type { MatrixMemory } from '../memory/create-memory.js';
import type { SearchPlace, SegmentLayout } from '../memory/segment-layout.js';
import { IdColumn } from './id-column.js';

export interface SegmentKernels {
  readonly indexing: CompiledKernel;
  readonly search: CompiledKernel;
}

export class Segment {
  /** By this number places name it. */
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

  /** What threads that write to it are told of it. */
  get place(): SegmentPlace {
    const { magnitudes, int8 } = this.layout;
    return { key: this.memory.key, memory: this.memory.memory, magnitudes, int8 };
  }

  /** What threads that search are told of it. */
  searchPart(firstSlot: number, place: SearchPlace): SearchPart {
    const { magnitudes, deaths, int8 } = this.layout;
    return { key: this.memory.key, memory: this.memory.memory, firstSlot, magnitudes, deaths, int8, place };
  }

  /** Both kernels on it, for the calling thread. */
  get rowKernels(): RowKernels {
    this.#rowKernels ??= openRowKernels(this.#kernels.indexing, this.#kernels.search, this.memory.memory);
    return this.#rowKernels;
  }

  /** Makes of components that were written what the index keeps, on the calling thread. */
  settle(operation: RowOperation, first: number, count: number): void {
    settleRows(this.rowKernels, this.layout, this.layout.dims, operation, first, count);
  }

  /** Float32Array, count × dims: rows from `first` on. */
  rows(first: number, count: number): Float32Array {
    const { dims } = this.layout;
    return new Float32Array(this.memory.buffer, first * dims * 4, count * dims);
  }

  /** Float32Array, one for each row from `first` on. */
  magnitudes(first: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.layout.magnitudes + first * 4, count);
  }
}
