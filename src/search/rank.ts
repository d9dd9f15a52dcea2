/**
 * Puts the hits that all threads found in order.
 */

import type { Steps } from '../base/time.js';
import { isBetter, TopHits } from '../engine/worker/top-hits.js';
import type { SearchBoard } from '../memory/search-board.js';

/** Hits in order, the best first. Keys are those of error-bound.ts, of the scaled query. */
export interface RankedRows {
  readonly keys: ArrayLike<number>;
  readonly slots: ArrayLike<number>;
  /** Number of rows that got an exact score. */
  readonly rowsScored: number;
}

/** Hits between two steps. */
const STRIDE = 1024;

/** Most numbers that are kept in an ordinary array: the memory of a typed array costs more than a small search. */
const FEW = 256;

/** The best k of what the lanes found. */
export function* rankHits(board: SearchBoard, lanes: number, query: number): Steps<RankedRows> {
  const { k } = board.place(0, query);
  const found: { readonly hits: TopHits; readonly size: number }[] = [];
  let total = 0;
  let rowsScored = 0;
  for (let lane = 0; lane < lanes; lane++) {
    const hits = new TopHits(board.hits, board.place(lane, query));
    const { size } = hits;
    rowsScored += hits.scored;
    total += size;
    for (let left = size; left > 0; left--) {
      hits.retireWorst();
      if (left % STRIDE === 0) yield;
    }
    if (size > 0) found.push({ hits, size });
  }
  const count = Math.min(k, total);
  const ranked = { keys: numbers(count), slots: numbers(count), rowsScored };
  const next = found.map(() => 0);
  for (let i = 0; i < count; i++) {
    let best = -1;
    for (let lane = 0; lane < found.length; lane++) {
      const { hits, size } = found[lane]!;
      const at = next[lane]!;
      if (at === size) continue;
      if (best === -1 || isBetter(hits.key(at), hits.slot(at), ranked.keys[i]!, ranked.slots[i]!)) {
        best = lane;
        ranked.keys[i] = hits.key(at);
        ranked.slots[i] = hits.slot(at);
      }
    }
    next[best]!++;
    if (i % STRIDE === STRIDE - 1) yield;
  }
  return ranked;
}

function numbers(count: number): number[] | Float64Array {
  return count <= FEW ? new Array<number>(count).fill(0) : new Float64Array(count);
}
