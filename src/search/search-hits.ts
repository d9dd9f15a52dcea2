/**
 * The result of a search: the hits that all threads found, put in order, and what the caller gets of them.
 */

import { isBetter, TopHits } from '../engine/worker/top-hits.js';
import type { Metric } from '../kernel/search/error-bound.js';
import type { SearchBoard } from '../memory/search-board.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { PassRows } from './search-pass.js';
import type { Steps } from './steps.js';

/** Hits in order, the best first. Keys are those of error-bound.ts, of the scaled query. */
export interface RankedRows {
  readonly keys: ArrayLike<number>;
  readonly slots: ArrayLike<number>;
  /** Number of rows that got an exact score. */
  readonly rowsScored: number;
}

/** Hits put in order between two steps. */
const RANK_STRIDE = 1024;

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
      if (left % RANK_STRIDE === 0) yield;
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
    if (i % RANK_STRIDE === RANK_STRIDE - 1) yield;
  }
  return ranked;
}

function numbers(count: number): number[] | Float64Array {
  return count <= FEW ? new Array<number>(count).fill(0) : new Float64Array(count);
}

/** The best rows for one query, best first. */
export interface SearchHits<Id extends VectorId = VectorId> {
  readonly ids: readonly Id[];
  /** Float32Array, one for each id: similarity for cosine and dot, distance for euclidean. */
  readonly scores: Float32Array<ArrayBuffer>;
  readonly length: number;
  /** Whether these are the best of all rows that count. */
  readonly exact: boolean;
  /** Rows that got an exact score; all others were ruled out by a bound of their scores. */
  readonly rowsScored: number;
}

/** Which of the hits that were found are returned. */
export interface HitRange {
  /** Best hits that are skipped. */
  readonly offset: number;
  /** The worst score that counts. */
  readonly threshold: number | undefined;
}

/** Hits made between two steps. */
const STRIDE = 2048;

export function noHits<Id extends VectorId>(): SearchHits<Id> {
  return { ids: [], scores: new Float32Array(), length: 0, exact: true, rowsScored: 0 };
}

/** @param scale what the query was multiplied by before it was searched for */
export function* hitsOf<Id extends VectorId>(
  { keys, slots, rowsScored }: RankedRows,
  { segments, firstSlots }: Pick<PassRows, 'segments' | 'firstSlots'>,
  metric: Metric,
  scale: number,
  { offset, threshold }: HitRange,
): Steps<SearchHits<Id>> {
  const ids: Id[] = [];
  const scores = new Float32Array(Math.max(0, keys.length - offset));
  for (let i = offset; i < keys.length; i++) {
    const place = i - offset;
    scores[place] = scoreOf(metric, keys[i]!, scale);
    if (threshold !== undefined && isWorse(metric, scores[place]!, threshold)) break;
    const at = partOf(slots[i]!, firstSlots);
    ids.push(segments[at]!.ids.get(slots[i]! - firstSlots[at]!) as Id);
    if (place % STRIDE === STRIDE - 1) yield;
  }
  const { length } = ids;
  return { ids, scores: length < scores.length ? scores.slice(0, length) : scores, length, exact: true, rowsScored };
}

/** The part of the rows that has a slot. */
export function partOf(slot: number, firstSlots: readonly number[]): number {
  let at = firstSlots.length - 1;
  while (firstSlots[at]! > slot) at--;
  return at;
}

function scoreOf(metric: Metric, key: number, scale: number): number {
  switch (metric) {
    case 'cosine':
      return key;
    case 'dot':
      return key / scale;
    case 'euclidean':
      return Math.sqrt(-key);
  }
}

/** Compared as it is told, so that a score that was told is a threshold that lets its row through. */
function isWorse(metric: Metric, score: number, threshold: number): boolean {
  const least = Math.fround(threshold);
  return metric === 'euclidean' ? score > least : score < least;
}

/** The least key, of a scaled query, of rows that reach a threshold; somewhat less, since scores are rounded when they are told. */
export function leastKey(metric: Metric, threshold: number, scale: number): number {
  switch (metric) {
    case 'cosine':
      return below(threshold);
    case 'dot':
      return below(threshold * scale);
    case 'euclidean':
      return threshold < 0 ? Number.POSITIVE_INFINITY : -(above(threshold) ** 2);
  }
}

const ROUNDING = 2 ** -22;
const SMALLEST = 2 ** -140;

function below(value: number): number {
  return value - Math.abs(value) * ROUNDING - SMALLEST;
}

function above(value: number): number {
  return value + Math.abs(value) * ROUNDING + SMALLEST;
}
