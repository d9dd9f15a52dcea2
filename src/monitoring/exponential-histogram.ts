/**
 * Counts of non-negative values in buckets whose bounds grow by 2^(1/32): OpenTelemetry's exponential histogram at the
 * fixed scale 5, so that histograms of different threads and machines merge exactly, by adding counts.
 *
 * Bucket `i` holds (2^(i/32), 2^((i+1)/32)], its upper bound included as OpenTelemetry and Prometheus have it; zero has a
 * counter of its own. A percentile is the geometric middle of the bucket of its sample.
 *
 * Error: a sample x of bucket i and the middle m = 2^((i+½)/32) both lie within a factor 2^(1/64) of each other,
 * so |m − x| / x ≤ 2^(1/64) − 1 = 1.09 % < 2 %. (A sample within one rounding of a bound may land beside it: 1e-15.)
 * Size: a value is 0 or from 2^-1074 to 2^1000, hence at most 2,098 × 32 counters (525 KiB) whatever is
 * recorded; the range kept is the one in use, so 10 ns to 10 s, 30 octaves, are 960 counters (7.5 KiB).
 */

const bucketsPerOctave = 32;

/** Buckets of the smallest and the largest value taken. */
export const lowestBucket = -1074 * bucketsPerOctave - 1;
export const highestBucket = 1000 * bucketsPerOctave - 1;

/**
 * The counts of a histogram: of zeros, and of the buckets that are not empty, ascending. Bucket i holds the values
 * above 2^(i/32) up to and with 2^((i+1)/32).
 */
export interface HistogramSnapshot {
  readonly zeros: number;
  readonly buckets: readonly { readonly bucket: number; readonly count: number }[];
}

/** What the values of `bucket` lie above; the same number closes the bucket before it. */
export function lowerBoundOf(bucket: number): number {
  return 2 ** (bucket / bucketsPerOctave);
}

export class ExponentialHistogram {
  /** Counts of the buckets from `#firstBucket` on; whole octaves. */
  #counts = new Float64Array(0);
  #firstBucket = 0;
  #zeros = 0;
  #total = 0;

  /** The histogram of which `snapshot` gave the counts. */
  static of({ zeros, buckets }: HistogramSnapshot): ExponentialHistogram {
    const histogram = new ExponentialHistogram();
    histogram.record(0, zeros);
    for (const { bucket, count } of buckets) {
      histogram.#addToBucket(bucket, count);
      histogram.#total += count;
    }
    return histogram;
  }

  /** Number of values recorded. */
  get count(): number {
    return this.#total;
  }

  /** Records `value` (0, or 2^-1074 to 2^1000), `count` times (a whole number). */
  record(value: number, count: number): void {
    if (value === 0) this.#zeros += count;
    else this.#addToBucket(Math.ceil(Math.log2(value) * bucketsPerOctave) - 1, count);
    this.#total += count;
  }

  /** Adds the counts of `other`. */
  merge(other: ExponentialHistogram): void {
    for (let i = 0; i < other.#counts.length; i++) {
      const count = other.#counts[i]!;
      if (count > 0) this.#addToBucket(other.#firstBucket + i, count);
    }
    this.#zeros += other.#zeros;
    this.#total += other.#total;
  }

  /**
   * The value at `percent` (0..100) by nearest rank: of n values in ascending order the one at position
   * ⌈percent × n / 100⌉, counted from 1 (at least the first). 0 when nothing was recorded.
   */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent * this.#total) / 100));
    let seen = this.#zeros;
    if (seen >= rank) return 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!;
      if (seen >= rank) return lowerBoundOf(this.#firstBucket + i + 0.5);
    }
    return 0;
  }

  snapshot(): HistogramSnapshot {
    const buckets: { bucket: number; count: number }[] = [];
    this.#counts.forEach((count, i) => {
      if (count > 0) buckets.push({ bucket: this.#firstBucket + i, count });
    });
    return { zeros: this.#zeros, buckets };
  }

  #addToBucket(bucket: number, count: number): void {
    if (bucket < this.#firstBucket || bucket >= this.#firstBucket + this.#counts.length) this.#include(bucket);
    this.#counts[bucket - this.#firstBucket]! += count;
  }

  /** Widens the range kept by whole octaves, up to and with the one of `bucket`. */
  #include(bucket: number): void {
    const octave = Math.floor(bucket / bucketsPerOctave) * bucketsPerOctave;
    const empty = this.#counts.length === 0;
    const first = empty ? octave : Math.min(this.#firstBucket, octave);
    const last = Math.max(empty ? octave : this.#firstBucket + this.#counts.length, octave + bucketsPerOctave);
    const counts = new Float64Array(last - first);
    counts.set(this.#counts, empty ? 0 : this.#firstBucket - first);
    this.#counts = counts;
    this.#firstBucket = first;
  }
}
