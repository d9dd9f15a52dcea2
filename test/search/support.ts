/**
 * Seeded rows, and indexes that end with their test.
 */
import {
  type BuildOptions,
  type LoadOptions,
  type SearchHits,
  type VectorId,
  VectorIndex,
  type VectorSource,
} from 'simdex';
import { onTestFinished } from 'vitest';
import { randomMatrix, rowsOf, seededRandom } from '../indexing/support.js';

export { seededRandom };

/** Components in -1..1. */
export function randomRows(count: number, dims: number, seed = 1): Float32Array[] {
  return rowsOf(randomMatrix(count, dims, seed));
}

/** What hits say of rows; how many rows had to be scored for that depends on which thread came first. */
export function told({ ids, scores, length }: SearchHits): object {
  return { ids, scores, length };
}

export function positions(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** An index on two threads, disposed when the test ends. */
export async function build<Id extends VectorId = VectorId>(
  vectors: VectorSource | AsyncIterable<VectorSource>,
  options: BuildOptions<Id> = {},
  segmentBytes?: number,
): Promise<VectorIndex<Id>> {
  const index = await VectorIndex.buildInSegments<Id>(vectors, { threadCount: 2, ...options }, segmentBytes);
  onTestFinished(() => index.dispose());
  return index;
}

export async function load<Id extends VectorId = VectorId>(
  file: string | Blob | Uint8Array,
  options: LoadOptions = {},
  segmentBytes?: number,
): Promise<VectorIndex<Id>> {
  const index = await VectorIndex.loadInSegments<Id>(file, { threadCount: 2, ...options }, segmentBytes);
  onTestFinished(() => index.dispose());
  return index;
}
