/**
 * The rows that are left of segments whose dead rows are removed.
 */
import type { Segment } from './segment.js';

/** The rows that are left of some segments. */
export interface KeptRows {
  readonly segments: readonly Segment[];
  /** Uint32Array: their numbers in their segments, one segment after the other; shared where threads share memory. */
  readonly rows: Uint32Array;
  /** For every segment where its rows begin in `rows`, and behind the last one where they end. */
  readonly starts: readonly number[];
}

/** How many of the kept rows come from before `row` of `segment`. */
export function keptBefore({ segments, rows, starts }: KeptRows, segment: Segment, row: number): number {
  const at = segments.indexOf(segment);
  let [low, high] = [starts[at]!, starts[at + 1]!];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
