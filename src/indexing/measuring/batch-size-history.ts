/**
 * Sizes and throughputs of the last runs of an indexer, in the order in which they ended.
 */
import type { BatchSizeSample } from '../../reporting/report-data.js';

/** Number of runs that are kept. */
const MOST_RUNS = 100;

export class BatchSizeHistory {
  readonly #sizes = new Float64Array(MOST_RUNS);
  readonly #rates = new Float64Array(MOST_RUNS);
  #count = 0;

  /** Adds a run; gives its number. */
  add(batchSize: number, vectorsPerSecond: number): number {
    const at = this.#count % MOST_RUNS;
    this.#sizes[at] = batchSize;
    this.#rates[at] = vectorsPerSecond;
    return this.#count++;
  }

  /** Samples of the runs up to and including a number, as far as they are kept; by default of all runs. */
  upTo(number = this.#count - 1): BatchSizeSample[] {
    const first = Math.max(0, this.#count - MOST_RUNS);
    return Array.from({ length: Math.max(0, number + 1 - first) }, (_, i) => {
      const at = (first + i) % MOST_RUNS;
      return { batchSize: this.#sizes[at]!, vectorsPerSecond: this.#rates[at]! };
    });
  }
}
