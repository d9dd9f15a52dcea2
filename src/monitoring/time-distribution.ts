/**
 * How long something took, over many times: count, sum, minimum, maximum and standard deviation without accumulated rounding,
 * and percentiles within 2 %. Milliseconds.
 *
 * Distributions merge exactly. However the same records are split, ordered and merged, every figure has the same bits.
 */
import { invalidConfiguration } from '../base/errors.js';
import { ExactSum } from './exact-sum.js';
import { ExponentialHistogram, type HistogramSnapshot, lowerBoundOf } from './exponential-histogram.js';

/** Figures of a distribution of times, in milliseconds; all 0 when `count` is 0. */
export interface TimeSummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Standard deviation of the population (divided by the count, not by one less). */
  readonly stdDevMs: number;
}

/** All that a distribution holds, as plain data: sums as numbers that add up to them unrounded. */
export interface TimeDistributionState {
  readonly histogram: HistogramSnapshot;
  readonly sumMs: readonly number[];
  readonly squares: readonly number[];
  readonly minMs: number;
  readonly maxMs: number;
}

/** Longest duration taken, in milliseconds (285,000 years): squares and sums of such stay finite. */
const longestMs = Number.MAX_SAFE_INTEGER;

export class TimeDistribution {
  #histogram = new ExponentialHistogram();
  #sum = new ExactSum();
  #squares = new ExactSum();
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  /** The distribution of which `state` was told: every figure has the same bits. */
  static of({ histogram, sumMs, squares, minMs, maxMs }: TimeDistributionState): TimeDistribution {
    const times = new TimeDistribution();
    times.#histogram = ExponentialHistogram.of(histogram);
    times.#sum = ExactSum.of(sumMs);
    times.#squares = ExactSum.of(squares);
    if (times.count > 0) {
      times.#min = minMs;
      times.#max = maxMs;
    }
    return times;
  }

  get state(): TimeDistributionState {
    return {
      histogram: this.histogram(),
      sumMs: this.#sum.parts,
      squares: this.#squares.parts,
      minMs: this.minMs,
      maxMs: this.maxMs,
    };
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** Sum of all durations, rounded once. */
  get sumMs(): number {
    return this.#sum.value;
  }

  get minMs(): number {
    return this.count === 0 ? 0 : this.#min;
  }

  get maxMs(): number {
    return this.#max;
  }

  get meanMs(): number {
    return this.count === 0 ? 0 : this.#withinExtremes(this.sumMs / this.count);
  }

  get stdDevMs(): number {
    if (this.count === 0) return 0;
    return Math.sqrt(Math.max(0, ExactSum.spread(this.count, this.#squares, this.#sum))) / this.count;
  }

  /** The duration at `percent` (0..100) by nearest rank, at most 1.1 % off; 0 when there is none. */
  percentileMs(percent: number): number {
    return this.count === 0 ? 0 : this.#withinExtremes(this.#histogram.percentile(percent));
  }

  /**
   * Records `durationMs`, `count` times.
   *
   * @throws IndexingError `InvalidConfiguration` for a duration that is not a number from 0 to 2^53 − 1, or a count that
   * is not a whole number from 0. Nothing is recorded then.
   */
  record(durationMs: number, count = 1): void {
    checkDuration('durationMs', durationMs);
    checkCount(count);
    if (count === 0) return;
    this.#sum.addProduct(durationMs, count);
    this.#squares.addSquare(durationMs, count);
    this.#count(durationMs, count);
  }

  /**
   * Records `count` durations that together took `elapsedMs` and of which only the mean is known: the sum grows by
   * `elapsedMs` exactly, and each counts as `elapsedMs / count`. A group of 0 adds nothing.
   *
   * @throws IndexingError `InvalidConfiguration` as `record`.
   */
  recordGroup(elapsedMs: number, count: number): void {
    checkDuration('elapsedMs', elapsedMs);
    checkCount(count);
    if (count === 0) return;
    this.#sum.add(elapsedMs);
    this.#squares.addSquareOver(elapsedMs, count);
    this.#count(elapsedMs / count, count);
  }

  /** Mean and standard deviation of the least `percent` (0..100) of all, within 1.1 %; undefined when there is none. */
  spreadBelow(percent: number): { readonly meanMs: number; readonly stdDevMs: number } | undefined {
    const { zeros, buckets } = this.#histogram.snapshot();
    const total = Math.floor((percent * this.count) / 100);
    if (total === 0) return undefined;
    let taken = Math.min(zeros, total);
    let meanMs = 0;
    let squares = 0;
    for (const { bucket, count } of buckets) {
      const added = Math.min(count, total - taken);
      if (added === 0) break;
      const ms = lowerBoundOf(bucket + 0.5);
      const share = added / (taken + added);
      squares += added * (1 - share) * (ms - meanMs) ** 2;
      meanMs += share * (ms - meanMs);
      taken += added;
    }
    return { meanMs, stdDevMs: Math.sqrt(squares / total) };
  }

  /** Adds all records of `other`, which stays as it is. */
  merge(other: TimeDistribution): void {
    this.#histogram.merge(other.#histogram);
    this.#sum.merge(other.#sum);
    this.#squares.merge(other.#squares);
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Counts of the durations in buckets of milliseconds; see exponential-histogram.ts. */
  histogram(): HistogramSnapshot {
    return this.#histogram.snapshot();
  }

  summary(): TimeSummary {
    return {
      count: this.count,
      meanMs: this.meanMs,
      p50Ms: this.percentileMs(50),
      p95Ms: this.percentileMs(95),
      p99Ms: this.percentileMs(99),
      minMs: this.minMs,
      maxMs: this.maxMs,
      stdDevMs: this.stdDevMs,
    };
  }

  #count(durationMs: number, count: number): void {
    this.#histogram.record(durationMs, count);
    this.#min = Math.min(this.#min, durationMs + 0); // -0 becomes 0
    this.#max = Math.max(this.#max, durationMs);
  }

  /** A mean or a bucket's middle, rounded as they are, must not pass the extremes, which are not. */
  #withinExtremes(ms: number): number {
    return Math.min(Math.max(ms, this.#min), this.#max);
  }
}

/**
 * @throws IndexingError `InvalidConfiguration` naming `name`, unless `durationMs` is a number from 0 to 2^53 − 1.
 */
export function checkDuration(name: string, durationMs: number): void {
  if (!(Number.isFinite(durationMs) && durationMs >= 0 && durationMs <= longestMs)) {
    throw invalidConfiguration(name, 'a duration in milliseconds, a finite number that is not negative', durationMs);
  }
}

function checkCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw invalidConfiguration('count', 'a whole number from 0', count);
}
