/**
 * How evenly the work of a run was spread, from the busy time of each thread in milliseconds. Ratios are of the shortest
 * and longest of these times.
 */

export interface ThreadBalance {
  /** Shortest / longest, 0..1; 1 when the longest is 0. */
  readonly efficiency: number;
  /** Longest / shortest, from 1; 1 when the shortest is 0. */
  readonly timeRatio: number;
}

/** Below this many clock ticks a time is mostly rounding, and no ratio of such times says anything. */
export const MEANINGFUL_TICKS = 20;

/**
 * `clockTickMs` is the resolution of the clock that measured the times. When even the longest is below 20 ticks, both
 * ratios are 1.
 */
export function threadBalance(threadTimesMs: readonly number[], clockTickMs: number): ThreadBalance {
  const longest = threadTimesMs.reduce((a, b) => Math.max(a, b), 0);
  const shortest = threadTimesMs.reduce((a, b) => Math.min(a, b), longest);
  if (longest === 0 || longest < MEANINGFUL_TICKS * clockTickMs) return { efficiency: 1, timeRatio: 1 };
  return { efficiency: shortest / longest, timeRatio: shortest === 0 ? 1 : longest / shortest };
}
