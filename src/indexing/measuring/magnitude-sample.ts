/**
 * The distribution of a run's magnitudes, from a sample of its vectors.
 */
import { ExponentialHistogram } from '../../monitoring/exponential-histogram.js';
import type { RunRecords } from '../run-records.js';

/** Vectors whose magnitudes are looked at, at most twice as many: a distribution is told by them as well as by all. */
const MAGNITUDE_SAMPLE = 1024;

/** Magnitudes of vectors at even steps through the run. */
export class MagnitudeSample {
  readonly histogram = new ExponentialHistogram();
  readonly #records: RunRecords;
  readonly #stride: number;

  constructor(records: RunRecords) {
    this.#records = records;
    const total = records.layout.groups.reduce((sum, { count }) => sum + count, 0);
    this.#stride = Math.max(1, Math.floor(total / MAGNITUDE_SAMPLE));
  }

  /** Looks at those of a batch that is done. */
  add(index: number): void {
    const { control, buffer } = this.#records;
    const { firstRank, count, magnitudes } = control.batch(index);
    const values = new Float32Array(buffer, magnitudes, count);
    const first = (this.#stride - (firstRank % this.#stride)) % this.#stride;
    for (let i = first; i < count; i += this.#stride) {
      // Rejected rows have NaN, and what float32 cannot hold is Infinity.
      if (Number.isFinite(values[i])) this.histogram.record(values[i]!, 1);
    }
  }
}
