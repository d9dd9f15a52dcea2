/**
 * One number for a run: 100, less points for low throughput, for poor balance of the threads and for a long time per vector.
 */
import { formatDuration, formatPercent, formatRate } from './format.js';

export interface ScoreFigures {
  readonly vectorsPerSecond: number;
  /** Shortest / longest thread time, 0..1. */
  readonly threadEfficiency: number;
  readonly averageVectorTimeMs: number;
}

/** What took points from a score, and how many. */
export interface ScoreDeduction {
  readonly points: number;
  /** The figure: `thread efficiency 58.1 %`. */
  readonly reason: string;
}

/** From 40 (all three fall short by far) to 100. */
export function performanceScore(figures: ScoreFigures): number {
  return scoreDeductions(figures).reduce((score, { points }) => score - points, 100);
}

/** Empty for a score of 100. */
export function scoreDeductions(figures: ScoreFigures): ScoreDeduction[] {
  const { vectorsPerSecond, threadEfficiency, averageVectorTimeMs } = figures;
  const deductions = [
    {
      points: vectorsPerSecond < 100 ? 20 : vectorsPerSecond < 500 ? 10 : 0,
      reason: `throughput ${formatRate(vectorsPerSecond)}`,
    },
    {
      points: threadEfficiency < 0.7 ? 25 : threadEfficiency < 0.9 ? 10 : 0,
      reason: `thread efficiency ${formatPercent(threadEfficiency)}`,
    },
    {
      points: averageVectorTimeMs > 10 ? 15 : averageVectorTimeMs > 5 ? 5 : 0,
      reason: `average vector time ${formatDuration(averageVectorTimeMs)}`,
    },
  ];
  return deductions.filter(({ points }) => points > 0);
}

/** `−25: thread efficiency 58.1 %` */
export function deductionText({ points, reason }: ScoreDeduction): string {
  return `−${points}: ${reason}`;
}
