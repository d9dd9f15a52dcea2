/**
 * Some of the rows of an index, in a memory of their own: 4 GiB hold no more. Rows are written once, behind those that
 * searches see, and never change.
 */
import type { MatrixMemory } from '../memory/create-memory.js';
import { createMatrixMemory } from '../memory/matrix-memory.js';
import { SegmentLayout } from '../memory/segment-layout.js';
import { boundPlatform } from '../workers/platform.js';

let lastKey = 0;

export class Segment {
  /** Tells this segment from all others, in workers too. */
  readonly key = ++lastKey;
  readonly layout: SegmentLayout;
  readonly memory: MatrixMemory;

  /** Throws `InsufficientMemory`. */
  constructor(dims: number, capacity: number, threads: number) {
    this.layout = new SegmentLayout(dims, capacity, threads);
    this.memory = createMatrixMemory(this.layout.byteLength, boundPlatform().sharesMemory);
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
