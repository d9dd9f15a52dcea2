/** Durations in milliseconds for property tests, and the obvious, slow truths about them. */
import fc from 'fast-check';

/** From 2^-60 to 2^33 ms, all significands: multiples of 2^-60, so that BigInt can sum them. */
export const durationMs = fc
  .tuple(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 2 ** 22 - 1 }), fc.integer({ min: -60, max: -20 }))
  .map(([high, low, exponent]) => (high * 2 ** 22 + low) * 2 ** exponent);

const unit = 2 ** 60;

export function toUnits(ms: number): bigint {
  const whole = Math.trunc(ms);
  return (BigInt(whole) << 60n) + BigInt((ms - whole) * unit);
}

/** The true sum of multiples of 2^-60, rounded once. */
export function trueSum(durations: readonly number[]): number {
  return Number(durations.reduce((sum, ms) => sum + toUnits(ms), 0n)) / unit;
}

/** n × Σx² − (Σx)², without rounding until the end. */
export function trueStdDev(durations: readonly number[]): number {
  if (durations.length === 0) return 0;
  const units = durations.map(toUnits);
  const sum = units.reduce((total, x) => total + x, 0n);
  const squares = units.reduce((total, x) => total + x * x, 0n);
  return Math.sqrt(Number(BigInt(units.length) * squares - sum * sum)) / unit / units.length;
}

/** Of the sorted durations the one at ⌈percent × n / 100⌉, counted from 1. */
export function nearestRank(durations: readonly number[], percent: number): number {
  const sorted = Float64Array.from(durations).sort();
  return sorted[Math.max(1, Math.ceil((percent * sorted.length) / 100)) - 1] ?? 0;
}

/** A clock that stands still until it is set. */
export function manualClock(startMs = 0): { (): number; nowMs: number } {
  const clock = () => clock.nowMs;
  clock.nowMs = startMs;
  return clock;
}
