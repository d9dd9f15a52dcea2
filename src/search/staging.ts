/**
 * Prepares vectors that the index does not keep as float32 rows in memory. They become float32 rows in a memory of their own,
 * some at a time. Then what the index keeps of them is copied.
 */

import { codeCount, FACTOR_BYTES } from '../kernel/search/search-kernel.js';
import { countVectors } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { RowRoom } from './rows.js';
import type { Segment } from './segment.js';
import type { Steps } from './steps.js';

/** Components that are settled at a time. */
const STAGED_COMPONENTS = 2 ** 23;
/** Bytes copied between two steps: well below a millisecond. */
const STEP_BYTES = 2 ** 20;

/** Number of rows that are staged at a time. */
export function stagedRows(dims: number): number {
  return Math.max(1, Math.floor(STAGED_COMPONENTS / dims));
}

/** Some of the vectors, those that are staged at a time, with the position of the first. */
export function* stagedPortions(vectors: VectorSource, dims: number): Generator<[VectorSource, number]> {
  const count = countVectors(vectors);
  const most = stagedRows(dims);
  for (let first = 0; first < count; first += most) {
    const last = Math.min(first + most, count);
    if (first === 0 && last === count) yield [vectors, 0];
    else if ('dims' in vectors) {
      const { data, dims } = vectors;
      yield [{ data: data.subarray(first * dims, last * dims), dims }, first];
    } else yield [vectors.slice(first, last), first];
  }
}

/** Copies what is kept of the first rows of a staging segment to `rooms`, which have as many. */
export function* copyKeptRows(staging: Segment, rooms: readonly RowRoom[]): Steps<void> {
  const { dims, halves, int8, magnitudes } = staging.layout;
  const stride = codeCount(dims);
  let before = 0;
  for (const { segment, first, count } of rooms) {
    const { layout } = segment;
    const copy = (from: number, to: number, size: number, done: number, some: number) => {
      const source = new Uint8Array(staging.memory.buffer, from + (before + done) * size, some * size);
      new Uint8Array(segment.memory.buffer, to + (first + done) * size, some * size).set(source);
    };
    const most = Math.max(1, Math.floor(STEP_BYTES / (3 * dims)));
    for (let done = 0; done < count; done += most) {
      const some = Math.min(most, count - done);
      if (layout.form === 'float16') copy(halves!, 0, 2 * dims, done, some);
      copy(magnitudes, layout.magnitudes, 4, done, some);
      copy(int8!.codes, layout.int8!.codes, stride, done, some);
      copy(int8!.factors, layout.int8!.factors, FACTOR_BYTES, done, some);
      yield;
    }
    before += count;
  }
}
