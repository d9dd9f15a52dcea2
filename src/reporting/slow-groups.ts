/**
 * The slow timing groups of a run, from the distribution of index times. Pure.
 */
import type { HistogramSnapshot } from '../monitoring/exponential-histogram.js';
import { lowerBoundOf } from '../monitoring/exponential-histogram.js';

/** A group is slow above this many times the mean. */
export const SLOW = 3;

/** Milliseconds that slow groups took, of all threads together, within 1.1 %. */
export function slowGroupsMs({ buckets }: HistogramSnapshot, meanMs: number): number {
  const middles = buckets.map(({ bucket, count }) => ({ ms: lowerBoundOf(bucket + 0.5), count }));
  return middles.reduce((sum, { ms, count }) => (ms > SLOW * meanMs ? sum + ms * count : sum), 0);
}
