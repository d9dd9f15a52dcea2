/**
 * One number for a run: 100 less what throughput, balance of the threads and time per vector fall short of.
 */

export interface ScoreFigures {
  readonly vectorsPerSecond: number;
  /** Shortest / longest thread time, 0..1. */
  readonly threadEfficiency: number;
  readonly averageVectorTimeMs: number;
}

/** From 40 (all three fall short by far) to 100. */
export function performanceScore({ vectorsPerSecond, threadEfficiency, averageVectorTimeMs }: ScoreFigures): number {
  let score = 100;
  if (vectorsPerSecond < 100) score -= 20;
  else if (vectorsPerSecond < 500) score -= 10;
  if (threadEfficiency < 0.7) score -= 25;
  else if (threadEfficiency < 0.9) score -= 10;
  if (averageVectorTimeMs > 10) score -= 15;
  else if (averageVectorTimeMs > 5) score -= 5;
  return score;
}
