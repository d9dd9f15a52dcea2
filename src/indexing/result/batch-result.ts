/**
 * What one batch of a run did, and its vectors by input position.
 */
import type { BatchRecords } from '../../memory/batch.js';
import type { IndexedVectors, ProcessedVector } from './indexed-vectors.js';

/** What one batch of a run did. */
export interface BatchResult {
  readonly threadId: number;
  /** Vectors indexed, without rejected ones. */
  readonly processedCount: number;
  /** From claim to end; of a run that is not timed, its share of the run's time by vectors. */
  readonly batchTimeMs: number;
  /** `batchTimeMs` / vectors of the batch. */
  readonly averageVectorTimeMs: number;
  /** The indexed vectors by input position; views, made when asked for. */
  readonly indexData: ReadonlyMap<number, ProcessedVector>;
}

/** @param totalTimeMs of the run */
export function batchResult(
  control: BatchRecords,
  index: number,
  vectors: IndexedVectors,
  totalTimeMs: number,
): BatchResult {
  const { firstRank, count } = control.batch(index);
  const processedCount = count - control.rejected(index);
  const batchTimeMs = control.timed
    ? control.endedAtMs(index) - control.claimedAtMs(index)
    : (totalTimeMs * count) / vectors.length;
  return {
    threadId: control.threadId(index),
    processedCount,
    batchTimeMs,
    averageVectorTimeMs: batchTimeMs / count,
    indexData: new BatchVectors(vectors, firstRank, count, processedCount),
  };
}

/** A map over the vectors of one batch that holds nothing itself. Iterates in processing order. */
class BatchVectors implements ReadonlyMap<number, ProcessedVector> {
  readonly size: number;
  readonly #vectors: IndexedVectors;
  readonly #firstRank: number;
  readonly #count: number;

  constructor(vectors: IndexedVectors, firstRank: number, count: number, size: number) {
    this.#vectors = vectors;
    this.#firstRank = firstRank;
    this.#count = count;
    this.size = size;
  }

  get(position: number): ProcessedVector | undefined {
    const vector = this.#vectors.get(position);
    if (!vector) return undefined;
    const rank = this.#vectors.rankOf(position) - this.#firstRank;
    return rank >= 0 && rank < this.#count ? vector : undefined;
  }

  has(position: number): boolean {
    return this.get(position) !== undefined;
  }

  *entries(): MapIterator<[number, ProcessedVector]> {
    for (let rank = this.#firstRank; rank < this.#firstRank + this.#count; rank++) {
      const vector = this.#vectors.atRank(rank);
      if (vector) yield [this.#vectors.positionOf(rank), vector];
    }
    return undefined;
  }

  *keys(): MapIterator<number> {
    for (const [position] of this.entries()) yield position;
    return undefined;
  }

  *values(): MapIterator<ProcessedVector> {
    for (const [, vector] of this.entries()) yield vector;
    return undefined;
  }

  forEach(
    visit: (vector: ProcessedVector, position: number, map: ReadonlyMap<number, ProcessedVector>) => void,
    thisArg?: unknown,
  ): void {
    for (const [position, vector] of this.entries()) visit.call(thisArg, vector, position, this);
  }

  [Symbol.iterator](): MapIterator<[number, ProcessedVector]> {
    return this.entries();
  }
}
