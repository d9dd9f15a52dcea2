import Benchmark from 'benchmark';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noiseBand, noiseFactor, twinRatios } from '../../bench/suite/noise.js';
import { summarizeSamples } from '../../bench/suite/statistics.js';

const times = fc.double({ min: 1e-3, max: 1e9, noNaN: true });

describe('summarizeSamples', () => {
  it('gives minimum and median as they stand in the sorted samples', () => {
    expect(summarizeSamples([5, 1, 9])).toMatchObject({ samples: 3, min: 1, median: 5, mean: 5 });
    expect(summarizeSamples([8, 2, 4, 6])).toMatchObject({ samples: 4, min: 2, median: 5, mean: 5 });
    fc.assert(
      fc.property(fc.array(times, { minLength: 1 }), (samples) => {
        const { min, median } = summarizeSamples(samples);
        expect(samples.every((sample) => sample >= min)).toBe(true);
        expect(samples).toContain(min);
        const half = samples.length / 2;
        expect(samples.filter((sample) => sample < median).length).toBeLessThanOrEqual(half);
        expect(samples.filter((sample) => sample > median).length).toBeLessThanOrEqual(half);
      }),
    );
  });

  it('does not change the samples', () => {
    const samples = [3, 1, 2];
    summarizeSamples(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  it('gives the 95 % confidence interval of the mean', () => {
    // Worked by hand: mean 12, variance 10/4, standard error √(2.5/5), t(4) = 2.776.
    const { mean, relativeMarginPercent } = summarizeSamples([10, 11, 12, 13, 14]);
    expect(mean).toBe(12);
    expect(relativeMarginPercent).toBeCloseTo((100 * 2.776 * Math.sqrt(0.5)) / 12, 10);
    expect(summarizeSamples([7]).relativeMarginPercent).toBe(0);
    expect(summarizeSamples([7, 7, 7]).relativeMarginPercent).toBe(0);
  });

  it('agrees with the statistics of the package benchmark', () => {
    const { stats } = new Benchmark(() => Math.sqrt(Math.random()), { maxTime: 0, minSamples: 8, minTime: 1e-4 }).run();
    const { mean, relativeMarginPercent } = summarizeSamples(stats.sample);
    expect(mean / stats.mean).toBeCloseTo(1, 9);
    expect(relativeMarginPercent / stats.rme).toBeCloseTo(1, 9);
  });
});

describe('noise', () => {
  it('compares the minima of all rounds, and of one half with the other half', () => {
    const one = [[4, 5], [2], [8], [9]];
    const other = [[5], [4], [2.5], [10]];
    expect(twinRatios(one, other)).toEqual([2 / 2.5, 2 / 2.5, 8 / 4]);
    expect(twinRatios([[3]], [[2]])).toEqual([1.5]);
  });

  it('is the range of the ratios, and the larger factor of both directions', () => {
    expect(noiseBand([1.02, 0.9, 1])).toEqual({ low: 0.9, high: 1.02, ratios: 3 });
    expect(noiseFactor({ low: 0.9, high: 1.02, ratios: 3 })).toBe(1 / 0.9);
    expect(noiseFactor({ low: 0.99, high: 1.2, ratios: 3 })).toBe(1.2);
    expect(noiseFactor({ low: 1.1, high: 1.1, ratios: 1 })).toBe(1.1);
    expect(noiseFactor({ low: 1, high: 1, ratios: 1 })).toBe(1);
  });
});
