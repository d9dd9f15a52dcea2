/**
 * The distribution of magnitudes of rows that may be indexed in parts: told by rows at even steps through the whole input, so that the
 * samples of its parts make up the sample of the whole, exactly.
 *
 * The step is the least power of two with which at most `MOST` rows are looked at. How long the input is shows only at its end, so rows are
 * kept by level, the number of times that 2 divides their number: when the step grows, the lowest level is left out. A part is no longer
 * than the whole, so it has every level that the whole needs.
 */
import { ExponentialHistogram, type HistogramSnapshot } from '../monitoring/exponential-histogram.js';

/** Rows that are looked at, at most. */
const MOST = 2 ** 15;
/** Row 0 and those that 2 divides as often: no input has 2^30 × MOST rows. */
const TOP_LEVEL = 30;

/** The magnitudes of the rows of one level. */
export interface MagnitudeLevel {
  readonly level: number;
  readonly histogram: HistogramSnapshot;
}

export class MagnitudeSample {
  readonly #levels = new Map<number, ExponentialHistogram>();
  #rows = 0;

  /** Takes in rows that follow each other. A rejected one has NaN, and one that float32 cannot hold Infinity: both are left out. */
  add(magnitudes: Float32Array, firstRow: number): void {
    this.#rows += magnitudes.length;
    const step = 2 ** this.#dropLow();
    for (let row = Math.ceil(firstRow / step) * step; row < firstRow + magnitudes.length; row += step) {
      const magnitude = magnitudes[row - firstRow]!;
      if (Number.isFinite(magnitude)) this.#of(levelOf(row)).record(magnitude, 1);
    }
  }

  /** Takes in the sample of other rows of the same input. */
  merge(levels: readonly MagnitudeLevel[], rows: number): void {
    this.#rows += rows;
    const lowest = this.#dropLow();
    for (const { level, histogram } of levels) {
      if (level >= lowest) this.#of(level).merge(ExponentialHistogram.of(histogram));
    }
  }

  /** Ascending. */
  get levels(): MagnitudeLevel[] {
    return [...this.#levels]
      .sort(([a], [b]) => a - b)
      .map(([level, histogram]) => ({ level, histogram: histogram.snapshot() }));
  }

  /** All levels together. */
  get all(): ExponentialHistogram {
    const all = new ExponentialHistogram();
    for (const histogram of this.#levels.values()) all.merge(histogram);
    return all;
  }

  /** Drops the levels that no longer count; gives the lowest that does. */
  #dropLow(): number {
    const lowest = Math.max(0, Math.ceil(Math.log2(this.#rows / MOST)));
    for (const level of this.#levels.keys()) if (level < lowest) this.#levels.delete(level);
    return lowest;
  }

  #of(level: number): ExponentialHistogram {
    const histogram = this.#levels.get(level) ?? new ExponentialHistogram();
    this.#levels.set(level, histogram);
    return histogram;
  }
}

function levelOf(row: number): number {
  let level = 0;
  for (let rest = row; level < TOP_LEVEL && rest % 2 === 0; rest /= 2) level++;
  return level;
}
