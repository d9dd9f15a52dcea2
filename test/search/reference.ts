/**
 * The oracle of searches: every score in float64, sorted; obvious and slow. A better key is greater; of equal ones the
 * earlier row comes first.
 */
import type { Metric, SearchHits, VectorId } from 'simdex';
import { expect } from 'vitest';

export interface Scored {
  readonly id: VectorId;
  /** As a hit tells it: a similarity, or a distance. */
  readonly score: number;
  /** Scores closer than this may come in any order. */
  readonly tolerance: number;
}

/** All rows, best first. */
export function rank(
  rows: readonly ArrayLike<number>[],
  ids: readonly VectorId[],
  query: ArrayLike<number>,
  metric: Metric,
): Scored[] {
  const scored = rows.map((row, i) => score(row, ids[i]!, query, metric));
  const sign = metric === 'euclidean' ? 1 : -1;
  return scored.sort((a, b) => sign * (a.score - b.score));
}

function score(row: ArrayLike<number>, id: VectorId, query: ArrayLike<number>, metric: Metric): Scored {
  let dot = 0;
  let rowSquares = 0;
  let querySquares = 0;
  let distance = 0;
  for (let j = 0; j < row.length; j++) {
    const x = row[j]!;
    const y = Math.fround(query[j]!);
    dot += x * y;
    rowSquares += x * x;
    querySquares += y * y;
    distance += (x - y) * (x - y);
  }
  const lengths = [Math.sqrt(rowSquares), Math.sqrt(querySquares)] as const;
  switch (metric) {
    case 'cosine':
      return { id, score: dot / (lengths[0] * lengths[1]), tolerance: 1e-6 };
    case 'dot':
      return { id, score: dot, tolerance: 1e-6 * lengths[0] * lengths[1] };
    case 'euclidean':
      return { id, score: Math.sqrt(distance), tolerance: 1e-6 * Math.max(...lengths) };
  }
}

/**
 * Expects the hits to be the best `k` of the ranking: scores in order and right, ids those of the ranking but for rows whose
 * scores are closer than the tolerance.
 */
export function expectBest(
  hits: Pick<SearchHits, 'ids' | 'scores' | 'length'>,
  ranking: readonly Scored[],
  k: number,
): void {
  const count = Math.min(k, ranking.length);
  expect(hits.length).toBe(count);
  expect(hits.ids.length).toBe(count);
  expect(hits.scores.length).toBe(count);
  expect(new Set(hits.ids).size).toBe(count);
  const byId = new Map(ranking.map((each) => [each.id, each]));
  for (let i = 0; i < count; i++) {
    const expected = ranking[i]!;
    const found = byId.get(hits.ids[i]!);
    if (!found) expect.fail(`hit ${i} is ${String(hits.ids[i])}, which is not among the rows`);
    const apart = Math.abs(found.score - expected.score);
    if (apart > Math.max(found.tolerance, expected.tolerance)) {
      expect.fail(`hit ${i} is ${String(found.id)} (${found.score}), not ${String(expected.id)} (${expected.score})`);
    }
    const rounding = 2e-7 * Math.abs(found.score) + found.tolerance;
    if (!(Math.abs(hits.scores[i]! - found.score) <= rounding || hits.scores[i] === Math.fround(found.score))) {
      expect.fail(`the score of ${String(found.id)} is ${hits.scores[i]}, not ${found.score}`);
    }
  }
}
