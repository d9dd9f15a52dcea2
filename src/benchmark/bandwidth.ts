/**
 * What the memory of this machine gives, as the best rate of two probes over a buffer of the size of a set:
 *
 *   copy   one thread copies the buffer with TypedArray.set; counts the bytes read and those written
 *   read   all threads of the indexer read it for magnitudes of 2,048 dims; counts the bytes read
 *
 * Rates are gigabytes (10⁹ bytes) per second, from the fastest of many passes.
 */
import type { ParallelIndexer } from '../indexing/parallel-indexer.js';

export interface Bandwidth {
  /** Bytes of the buffer. */
  readonly bytes: number;
  readonly copyGBps: number;
  readonly readGBps: number;
  /** The larger of the two: what shares are of. */
  readonly memoryGBps: number;
}

const PASSES = 12;
const DIMS = 2048;

/** @param bytes a multiple of 8,192 */
export async function measureBandwidth(indexer: ParallelIndexer, bytes: number): Promise<Bandwidth> {
  const matrix = indexer.allocate(bytes / (4 * DIMS), DIMS);
  const source = new Float32Array(matrix.data.length).fill(0.5);
  matrix.data.set(source);
  const target = new Float32Array(source.length).fill(0);
  let copyMs = Number.POSITIVE_INFINITY;
  let readMs = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    copyMs = Math.min(copyMs, await timeMs(async () => target.set(source)));
    readMs = Math.min(readMs, await timeMs(() => indexer.runInPlace(matrix, 'magnitudes')));
  }
  matrix.dispose();
  const copyGBps = (2 * bytes) / (copyMs * 1e6);
  const readGBps = bytes / (readMs * 1e6);
  return { bytes, copyGBps, readGBps, memoryGBps: Math.max(copyGBps, readGBps) };
}

async function timeMs(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
