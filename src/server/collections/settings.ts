/**
 * What a collection is made with, as it is stored.
 */
import type { Metric } from '../../kernel/search/error-bound.js';

export type Distance = 'Cosine' | 'Dot' | 'Euclid';

export interface CollectionSettings {
  readonly name: string;
  /** Components of each vector. */
  readonly size: number;
  readonly distance: Distance;
  /** `m`: half the neighbours of a row in the graph. `efConstruct`: candidates that they are chosen from. */
  readonly hnsw: { readonly m: number; readonly efConstruct: number };
}

export const METRICS: Readonly<Record<Distance, Metric>> = { Cosine: 'cosine', Dot: 'dot', Euclid: 'euclidean' };
