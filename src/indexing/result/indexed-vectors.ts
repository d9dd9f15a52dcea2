/**
 * The indexed vectors of a run, by input position. Everything is a view on the memory of the result, made when it is asked
 * for. After the result is disposed, every accessor throws, and arrays that were handed out before may show other data.
 */
import { IndexingError } from '../../base/errors.js';
import { rejectionOf } from '../../kernel/rejection.js';
import type { MatrixLayout, PlacedGroup } from '../../memory/matrix-memory.js';
import { markMemory } from '../../memory/matrix-memory.js';
import type { ComponentOrder, VectorMatrix } from '../../vectors/vector-source.js';

/** One indexed vector. */
export interface ProcessedVector {
  /** Components of the vector as given. */
  readonly originalDims: number;
  /** Float32Array of `originalDims` components of unit length; a view on the result's memory unless copied. */
  readonly normalized: Float32Array;
  /** L2 norm of the vector as given; Infinity where float32 cannot hold it. */
  readonly magnitude: number;
  /** The same in ordinary memory. */
  copy(): ProcessedVector;
}

/** The memory that a result reads, until it is disposed. */
export interface ResultBuffer {
  /** @throws {IndexingError} `Disposed` after `dispose`. */
  readonly bytes: ArrayBufferLike;
}

/**
 * The indexed vectors of a run, by input position: views on the memory of the result, made when asked for. After the result
 * is disposed every accessor throws, and arrays handed out before may show other data.
 */
export class IndexedVectors implements Iterable<ProcessedVector> {
  /** Number of vectors in the input, rejected ones included. */
  readonly length: number;
  /** Order of the components. */
  readonly order: ComponentOrder;
  readonly #buffer: ResultBuffer;
  readonly #layout: MatrixLayout;
  /** Input position of every rank; undefined where they are the same. */
  readonly #positions: Uint32Array | undefined;
  #ranks: Uint32Array | undefined;
  #gathered: Float32Array | undefined;

  /** @internal */
  constructor(buffer: ResultBuffer, layout: MatrixLayout, positions: Uint32Array | undefined, order: ComponentOrder) {
    this.#buffer = buffer;
    this.#layout = layout;
    this.#positions = positions;
    this.length = layout.groups.reduce((sum, group) => sum + group.count, 0);
    this.order = order;
  }

  /** The vector at an input position; undefined for a rejected one, and where there is none. */
  get(position: number): ProcessedVector | undefined {
    const bytes = this.#buffer.bytes;
    if (!Number.isInteger(position) || position < 0 || position >= this.length) return undefined;
    return this.#at(bytes, this.#rankOf(position));
  }

  /** The vector at a rank (position in processing order). @internal */
  atRank(rank: number): ProcessedVector | undefined {
    return this.#at(this.#buffer.bytes, rank);
  }

  /** Input position of a rank. @internal */
  positionOf(rank: number): number {
    return this.#positions ? this.#positions[rank]! : rank;
  }

  /** Rank of an input position. @internal */
  rankOf(position: number): number {
    return this.#rankOf(position);
  }

  /** The indexed vectors in input order, without rejected ones. */
  [Symbol.iterator](): IterableIterator<ProcessedVector> {
    const words = wordsOf(this.#buffer.bytes, this.#layout);
    let position = 0;
    // A generator costs some tens of nanoseconds a row.
    return {
      next: () => {
        // Throws once the result is disposed.
        const bytes = this.#buffer.bytes;
        while (position < this.length) {
          const value = this.#at(bytes, this.#rankOf(position++), words);
          if (value) return { done: false, value };
        }
        return { done: true, value: undefined };
      },
      [Symbol.iterator]() {
        return this;
      },
    };
  }

  /**
   * Float32Array, one magnitude for each input vector, NaN where rejected. A view for vectors of one length; gathered into
   * ordinary memory, once, for ragged ones.
   */
  get magnitudes(): Float32Array {
    const bytes = this.#buffer.bytes;
    if (!this.#positions) {
      const group = this.#layout.groups[0];
      return new Float32Array(bytes, group?.magnitudes ?? 0, this.length);
    }
    this.#gathered ??= this.#gather(bytes, this.#positions);
    return this.#gathered;
  }

  /**
   * All rows as one matrix: Float32Array, length × dims, row-major, zeros where rejected. A view.
   *
   * @throws {IndexingError} `InvalidConfiguration` for ragged input, whose rows make no matrix.
   */
  get matrix(): VectorMatrix {
    const bytes = this.#buffer.bytes;
    const { groups } = this.#layout;
    if (groups.length > 1) {
      const span = `${groups[0]!.dims} to ${groups.at(-1)!.dims}`;
      throw new IndexingError(
        'InvalidConfiguration',
        `vectors of ${span} components make no matrix; use get(position)`,
      );
    }
    const dims = groups[0]?.dims ?? 0;
    return { data: new Float32Array(bytes, groups[0]?.rows ?? 0, this.length * dims), dims };
  }

  /** The same vectors in ordinary memory, independent of the result. */
  copy(): IndexedVectors {
    const bytes = new Uint8Array(this.#buffer.bytes, 0, this.#layout.end).slice().buffer;
    markMemory(bytes, this.order === 'sorted');
    return new IndexedVectors({ bytes }, this.#layout, this.#positions, this.order);
  }

  #rankOf(position: number): number {
    if (!this.#positions) return position;
    this.#ranks ??= invert(this.#positions);
    return this.#ranks[position]!;
  }

  /** @param words views on the whole memory, where several vectors are asked for */
  #at(bytes: ArrayBufferLike, rank: number, words = wordsOf(bytes, this.#layout)): ProcessedVector | undefined {
    const { groups } = this.#layout;
    const group = groups.length === 1 ? groups[0]! : groupOf(groups, rank);
    const row = rank - group.firstRank;
    const at = group.magnitudes / 4 + row;
    const magnitude = words.floats[at]!;
    // Only what is not a number can be the reason of a rejection.
    if (Number.isNaN(magnitude) && rejectionOf(words.bits[at]!)) return undefined;
    const normalized = new Float32Array(bytes, group.rows + row * group.dims * 4, group.dims);
    return new IndexedVector(group.dims, normalized, magnitude);
  }

  #gather(bytes: ArrayBufferLike, positions: Uint32Array): Float32Array {
    const gathered = new Float32Array(this.length);
    for (const group of this.#layout.groups) {
      const column = new Float32Array(bytes, group.magnitudes, group.count);
      for (let row = 0; row < group.count; row++) gathered[positions[group.firstRank + row]!] = column[row]!;
    }
    return gathered;
  }
}

class IndexedVector implements ProcessedVector {
  readonly originalDims: number;
  readonly normalized: Float32Array;
  readonly magnitude: number;

  constructor(originalDims: number, normalized: Float32Array, magnitude: number) {
    this.originalDims = originalDims;
    this.normalized = normalized;
    this.magnitude = magnitude;
  }

  copy(): ProcessedVector {
    return new IndexedVector(this.originalDims, Float32Array.from(this.normalized), this.magnitude);
  }
}

function wordsOf(bytes: ArrayBufferLike, { end }: MatrixLayout) {
  return { floats: new Float32Array(bytes, 0, end / 4), bits: new Uint32Array(bytes, 0, end / 4) };
}

/** The group that holds a rank: the last one that starts at or before it and is not empty. */
function groupOf(groups: readonly PlacedGroup[], rank: number): PlacedGroup {
  let low = 0;
  let high = groups.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (groups[middle]!.firstRank <= rank) low = middle;
    else high = middle - 1;
  }
  return groups[low]!;
}

function invert(positions: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(positions.length);
  for (const [rank, position] of positions.entries()) ranks[position] = rank;
  return ranks;
}
