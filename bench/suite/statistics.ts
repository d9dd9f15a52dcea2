/**
 * Statistics of samples. The minimum is what the code takes when nothing disturbs it; the others say how much did.
 */

export interface SampleSummary {
  readonly samples: number;
  readonly min: number;
  readonly median: number;
  readonly mean: number;
  /** Half the 95 % confidence interval of the mean (Student's t), as a percentage of the mean; 0 for one sample. */
  readonly relativeMarginPercent: number;
}

/** @param samples at least one */
export function summarizeSamples(samples: readonly number[]): SampleSummary {
  const count = samples.length;
  if (count === 0) throw new Error('there are no samples to summarise');
  const mean = sum(samples) / count;
  return {
    samples: count,
    min: minimum(samples),
    median: median(samples),
    mean,
    relativeMarginPercent: count === 1 ? 0 : (100 * marginOfMean(samples, mean)) / mean,
  };
}

/** Infinity for none. */
export function minimum(samples: readonly number[]): number {
  return samples.reduce((least, sample) => Math.min(least, sample), Number.POSITIVE_INFINITY);
}

/** The middle one; the mean of the two in the middle of an even number. */
function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function marginOfMean(samples: readonly number[], mean: number): number {
  const variance = sum(samples.map((sample) => (sample - mean) ** 2)) / (samples.length - 1);
  return criticalT(samples.length - 1) * Math.sqrt(variance / samples.length);
}

/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom. */
const CRITICAL_T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
] as const;

function criticalT(degreesOfFreedom: number): number {
  return CRITICAL_T[degreesOfFreedom - 1] ?? 1.96;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
