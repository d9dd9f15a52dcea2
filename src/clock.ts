/** The clock of runs: milliseconds since the epoch with the resolution of `performance.now()`, the same in all threads. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
