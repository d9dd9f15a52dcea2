/**
 * Some of the rows of an index, in a memory of their own: 4 GiB hold no more. Rows are written once, behind those that
 * searches see, and never change.
 */

import { boundPlatform } from '../engine/lanes/platform.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import { instantiateSearchKernel } from '../kernel/search/instantiate-search-kernel.js';
import { codeCount, FACTOR_BYTES } from '../kernel/search/int8-bound.js';
import type { Int8ScanExports } from '../kernel/search/search-kernel.js';
import type { MatrixMemory } from '../memory/create-memory.js';
import { createMatrixMemory } from '../memory/matrix-memory.js';
import { SegmentLayout, type SegmentShape } from '../memory/segment-layout.js';

export class Segment {
  readonly layout: SegmentLayout;
  readonly memory: MatrixMemory;
  readonly #quantize: Int8ScanExports['quantize'] | undefined;

  /**
   * @param kernel the search kernel
   * Throws `InsufficientMemory`.
   */
  constructor(shape: SegmentShape, capacity: number, kernel: CompiledKernel) {
    this.layout = new SegmentLayout(shape, capacity);
    this.memory = createMatrixMemory(this.layout.byteLength, boundPlatform().sharesMemory);
    this.#quantize = shape.int8 ? instantiateSearchKernel(kernel, this.memory.memory).quantize : undefined;
  }

  /** Makes the int8 copy of rows, where there is one: to be called when they have been written. */
  quantize(first: number, count: number): void {
    const { dims, int8 } = this.layout;
    if (!int8) return;
    const codes = int8.codes + first * codeCount(dims);
    this.#quantize?.(first * dims * 4, count, dims, codes, int8.factors + first * FACTOR_BYTES);
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
