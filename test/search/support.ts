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

/** Makers of components: of usual size, huge, below the least normal float32, of any power of two, and of few values. */
export function componentsOfAnyMagnitude(random: () => number): (() => number)[] {
  return [
    () => 2 * random() - 1,
    () => (2 * random() - 1) * 3.4e38,
    () => (2 * random() - 1) * 1e-39,
    () => (random() < 0.5 ? -1 : 1) * 2 ** (random() * 250 - 126),
    () => Math.floor(3 * random()) - 1 || 0.5,
  ];
}
