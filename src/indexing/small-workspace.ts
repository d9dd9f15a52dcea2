/**
 * Where small calls are done: a memory that is always there, with a kernel bound to it, on the calling thread. One call at a
 * time uses it, from start to end. Results are copied out of it into ordinary arrays.
 */

import { type CompiledKernel, instantiateKernel } from '../kernel/instantiate.js';
import { applyKernel, type KernelExports, type KernelOperation, scratchBytes } from '../kernel/kernel-exports.js';
import { createMatrixMemory } from '../memory/matrix-memory.js';
import type { SourceRows } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { isFloat32Array } from '../vectors/vector-source.js';

/** Least bytes of the memory: enough for most small calls. A larger memory replaces it. */
const LEAST_BYTES = 2 ** 18;
const LINE = 64;

export class SmallWorkspace {
  readonly #kernel: CompiledKernel;
  readonly #shared: boolean;
  #exports: KernelExports | undefined;
  #floats: Float32Array = new Float32Array();
  #rejected = 0;

  constructor(kernel: CompiledKernel, shared: boolean) {
    this.#kernel = kernel;
    this.#shared = shared;
  }

  /** Number of rows of the last call that could not be indexed. */
  get rejected(): number {
    return this.#rejected;
  }

  /**
   * Indexes `count` rows of `dims` components.
   *
   * @returns the rows, dense, and one magnitude for each behind them: Float32Array of count × dims + count; undefined where the source is not as plain as that: rows of other lengths, or not Float32Arrays
   * @throws {IndexingError} `InsufficientMemory`
   */
  indexPlain(vectors: VectorSource, count: number, dims: number, operation: KernelOperation): Float32Array | undefined {
    const exports = this.#reserve(count, dims);
    const floats = this.#floats;
    if ('dims' in vectors) floats.set(vectors.data);
    else {
      for (let i = 0; i < count; i++) {
        const row = vectors[i]!;
        if (!isFloat32Array(row) || row.length !== dims) return undefined;
        floats.set(row, i * dims);
      }
    }
    return this.#index(exports, count, dims, operation);
  }

  /** The same for rows `firstRank` to `firstRank + count` of any source, which have one length. */
  indexRows(
    source: Pick<SourceRows, 'copyInto'>,
    firstRank: number,
    count: number,
    dims: number,
    operation: KernelOperation,
  ): Float32Array {
    const exports = this.#reserve(count, dims);
    source.copyInto(this.#floats.subarray(0, count * dims), firstRank, count, dims);
    return this.#index(exports, count, dims, operation);
  }

  #index(exports: KernelExports, count: number, dims: number, operation: KernelOperation): Float32Array {
    const magnitudes = 4 * count * dims;
    const end = count * dims + count;
    const scratch = LINE * Math.ceil((4 * end) / LINE);
    this.#rejected = applyKernel(exports, operation, { rows: 0, count, dims, magnitudes, scratch });
    return this.#floats.slice(0, end);
  }

  #reserve(count: number, dims: number): KernelExports {
    const bytes = 4 * count * (dims + 1) + LINE + scratchBytes(dims);
    if (this.#exports && bytes <= this.#floats.byteLength) return this.#exports;
    const { memory, buffer } = createMatrixMemory(Math.max(LEAST_BYTES, bytes), this.#shared);
    this.#floats = new Float32Array(buffer);
    this.#exports = instantiateKernel(this.#kernel, memory);
    return this.#exports;
  }
}
