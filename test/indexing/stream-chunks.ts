/**
 * Chunks of a stream whose magnitudes are known.
 */
import type { IndexingResult, VectorMatrix } from 'simdex';

export const DIMS = 24;
/** Enough for the threads: fewer rows are indexed at once on the calling thread. */
export const LARGE = 4000;

/** Row i of chunk c has the components c + 1, i + 1, 1, 1, … */
export function chunkOf(chunk: number, rows = LARGE): VectorMatrix {
  const data = new Float32Array(rows * DIMS).fill(1);
  for (let row = 0; row < rows; row++) {
    data[row * DIMS] = chunk + 1;
    data[row * DIMS + 1] = row + 1;
  }
  return { data, dims: DIMS };
}

export function magnitudeOf(chunk: number, row: number): number {
  return Math.sqrt((chunk + 1) ** 2 + (row + 1) ** 2 + DIMS - 2);
}

/** Takes all results; gives how many vectors they have. */
export async function drain(stream: AsyncIterable<IndexingResult>): Promise<number> {
  let indexed = 0;
  for await (const result of stream) indexed += result.indexedCount;
  return indexed;
}
