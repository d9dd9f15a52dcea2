/**
 * What a search finds, as its caller gets it.
 */
import type { Metric } from '../kernel/search/error-bound.js';
import type { VectorId } from '../vectors/vector-id.js';
import { type IdColumn, idAt } from './id-table.js';
import type { RankedRows } from './search-engine.js';

/** The best rows for one query, best first. */
export interface SearchHits {
  readonly ids: readonly VectorId[];
  /** Float32Array, one for each id: similarity for cosine and dot, distance for euclidean. */
  readonly scores: Float32Array;
  readonly length: number;
}

export const NO_HITS: SearchHits = { ids: [], scores: new Float32Array(), length: 0 };

/** @param scale what the query was multiplied by before it was searched for */
export function hitsOf({ keys, slots }: RankedRows, ids: IdColumn, metric: Metric, scale: number): SearchHits {
  const score = (key: number) => {
    switch (metric) {
      case 'cosine':
        return key;
      case 'dot':
        return key / scale;
      case 'euclidean':
        return Math.sqrt(-key);
    }
  };
  return {
    ids: slots.map((slot) => idAt(ids, slot)),
    scores: Float32Array.from(keys, score),
    length: slots.length,
  };
}
