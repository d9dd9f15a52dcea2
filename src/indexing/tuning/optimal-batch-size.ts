/**
 * The number of rows in a batch, from the number of vectors and from how long a vector has taken so far.
 */

/**
 * An upper bound: `total` vectors shared evenly by the threads, within limits by the mean index time of a vector in
 * milliseconds (undefined without history). Above 100 ms a batch has 10 to 100 rows, so that the threads stay balanced;
 * below 10 ms at least 100 and otherwise at least 50, so that claiming a batch stays cheap beside its work.
 */
export function calculateOptimalBatchSize(
  total: number,
  threadCount: number,
  meanIndexTimeMs: number | undefined,
): number {
  const base = Math.floor(total / threadCount);
  if (meanIndexTimeMs === undefined) return Math.max(base, 50);
  if (meanIndexTimeMs > 100) return Math.min(Math.max(base, 10), 100);
  return Math.max(base, meanIndexTimeMs < 10 ? 100 : 50);
}
