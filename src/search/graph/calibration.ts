/**
 * The recall that was measured for some efforts, each with a lower bound that the true recall is unlikely to be below. It gives the effort
 * that reaches a wanted recall.
 */
import type { SearchHits } from '../search-hits.js';
import type { GraphCalibration } from './graph-options.js';

/** A measured recall, and how uncertain it is. */
export interface CalibrationPoint extends GraphCalibration {
  /** Margin by which the true recall may be lower: a standard error, or more where rows are hard to find. */
  readonly error: number;
}

/** Numbers of hits that are measured; between them the next larger counts. */
export const MEASURED_HITS = [1, 10, 100] as const;
export const MEASURED_EFFORTS = [
  16, 24, 32, 48, 64, 100, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096,
] as const;
/** Recall above which more effort is not measured. */
export const ENOUGH_RECALL = 0.999;

/** The effort for a recall of the `k` best; undefined where none is known to reach it. */
export function effortFor(points: readonly CalibrationPoint[], k: number, recall: number): number | undefined {
  const measured = MEASURED_HITS.find((each) => each >= k);
  let before: CalibrationPoint | undefined;
  for (const point of points) {
    if (point.k !== measured) continue;
    const least = leastRecall(point);
    if (least >= recall) {
      if (!before || leastRecall(before) >= least) return point.effort;
      // Recall bends downwards over the logarithm of the effort: a line between two points is below it.
      const part = (recall - leastRecall(before)) / (least - leastRecall(before));
      const logarithm = Math.log(before.effort) + part * (Math.log(point.effort) - Math.log(before.effort));
      return Math.max(k, Math.min(point.effort, Math.ceil(Math.exp(logarithm))));
    }
    before = point;
  }
  return undefined;
}

/** Recall that can be relied on. */
function leastRecall({ recall, error }: CalibrationPoint): number {
  return recall - error;
}

/** The part of the `k` best rows that was found, and the standard error of it as a mean over queries. */
export function recallOf(
  found: readonly SearchHits[],
  exact: readonly SearchHits[],
  k: number,
  isDistance: boolean,
): { readonly recall: number; readonly error: number } {
  const recalls = exact.flatMap((best, query) => {
    const count = Math.min(k, best.length);
    return count === 0 ? [] : [countFound(found[query]!.scores, best.scores, count, isDistance) / count];
  });
  const { length } = recalls;
  if (length === 0) return { recall: 1, error: 0 };
  const recall = recalls.reduce((sum, each) => sum + each, 0) / length;
  const variance = recalls.reduce((sum, each) => sum + (each - recall) ** 2, 0) / Math.max(1, length - 1);
  // That all of a few were found says less than that all always are.
  const least = Math.min(1, 1 / (k * length));
  return { recall, error: Math.sqrt(variance / length) + (recall === 1 ? least : 0) };
}

/** A row as good as the last one that counts is as good a hit: of equal rows nobody can tell which was meant. */
function countFound(found: Float32Array, best: Float32Array, count: number, isDistance: boolean): number {
  const worst = best[count - 1]!;
  let good = 0;
  for (let i = 0; i < Math.min(count, found.length); i++) {
    if (isDistance ? found[i]! <= worst : found[i]! >= worst) good++;
  }
  return good;
}
