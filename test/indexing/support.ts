/**
 * Seeded vectors, indexers that end with their test, and results in a form that compares bit by bit.
 */
import {
  type IndexerMonitoringConfig,
  type IndexerOptions,
  type IndexingResult,
  MonitoredParallelIndexer,
  type ParallelIndexer,
  type VectorMatrix,
} from 'simdex';
import { onTestFinished } from 'vitest';

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Components in -1..1. */
export function randomMatrix(count: number, dims: number, seed = 1): VectorMatrix {
  const random = seededRandom(seed);
  const data = new Float32Array(count * dims);
  for (let i = 0; i < data.length; i++) data[i] = 2 * random() - 1;
  return { data, dims };
}

export function rowsOf({ data, dims }: VectorMatrix): Float32Array[] {
  return Array.from({ length: data.length / dims }, (_, i) => data.slice(i * dims, (i + 1) * dims));
}

export function randomRows(count: number, dims: number, seed = 1): Float32Array[] {
  return rowsOf(randomMatrix(count, dims, seed));
}

/** The same matrix in shared memory, `padding` components after its start. */
export function inSharedMemory({ data, dims }: VectorMatrix, padding = 0): VectorMatrix {
  const shared = new Float32Array(new SharedArrayBuffer(4 * (data.length + padding)), 4 * padding);
  shared.set(data);
  return { data: shared, dims };
}

/** The same matrix in memory of the indexer. */
export function allocatedFor(
  indexer: Pick<ParallelIndexer, 'allocate'>,
  { data, dims }: VectorMatrix,
): ReturnType<ParallelIndexer['allocate']> {
  const matrix = indexer.allocate(data.length / dims, dims);
  matrix.data.set(data);
  return matrix;
}

/** An indexer that is disposed when the test ends. */
export function createIndexer(
  threadCount: number,
  options: IndexerOptions = {},
  config: Partial<IndexerMonitoringConfig> = {},
): MonitoredParallelIndexer {
  const indexer = new MonitoredParallelIndexer(threadCount, config, options);
  onTestFinished(() => indexer.dispose());
  return indexer;
}

/** Magnitudes and components of every vector as bits, for comparing exactly; null where it was rejected. */
export function bitsOf({ vectors }: IndexingResult): (string | null)[] {
  return Array.from({ length: vectors.length }, (_, i) => {
    const vector = vectors.get(i);
    if (!vector) return null;
    const numbers = Float32Array.of(vector.magnitude, ...vector.normalized);
    // Pages have no Buffer.
    return new Uint32Array(numbers.buffer).join(' ');
  });
}

/** A turn of the event loop. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What a promise rejects with; an error that says so when it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const error = await promise.then(
    () => new Error('it did not reject'),
    (reason) => reason,
  );
  return error as Error & Record<string, unknown>;
}

/** What a call rejected with, or `'done'`. */
export function endOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'done',
    (reason) => reason,
  );
}

/** Vectors that the monitor counted: all together, and thread by thread. */
export function countedBy({ monitor, threadMonitors }: MonitoredParallelIndexer): { total: number; threads: number } {
  const threads = threadMonitors.reduce((sum, thread) => sum + thread.getStats().totalIndexes, 0);
  return { total: monitor.getStats().totalIndexes, threads };
}
