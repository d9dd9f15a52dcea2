/**
 * What a collection is made with, as it is stored.
 */
import type { Metric } from '../../kernel/search/error-bound.js';
import type { IndexType } from '../filters/payload-index.js';

export type Distance = 'Cosine' | 'Dot' | 'Euclid';

export interface GraphSettings {
  /** Half the most neighbours of a row in the graph; 0 for no graph. */
  readonly m: number;
  /** Candidates that a row's neighbours are chosen from. */
  readonly efConstruct: number;
}

export interface CollectionSettings {
  readonly name: string;
  /** Components of each vector. */
  readonly size: number;
  readonly distance: Distance;
  readonly hnsw: GraphSettings;
  /** Types of the payload indexes, by field. */
  readonly payloadIndexes: Readonly<Record<string, IndexType>>;
}

export const METRICS: Readonly<Record<Distance, Metric>> = { Cosine: 'cosine', Dot: 'dot', Euclid: 'euclidean' };

/** Qdrant's `m`, and what a graph here takes by default. */
export const DEFAULT_GRAPH: GraphSettings = { m: 16, efConstruct: 128 };
