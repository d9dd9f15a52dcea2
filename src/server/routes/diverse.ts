/**
 * Hits that are near the query and unlike each other: maximal marginal relevance (Carbonell and Goldstein, "The use of MMR", SIGIR 1998).
 */
import type { Collection } from '../collections/collection.js';
import type { Hit } from '../collections/point-queries.js';

/**
 * The `limit` hits chosen one after the other, each the best by (1 − diversity) × likeness to the query − diversity × the most likeness to one that is
 * chosen already. Likeness is the score, for Euclid its negative.
 */
export async function chooseDiverseHits(
  collection: Collection,
  hits: readonly Hit[],
  limit: number,
  diversity: number,
): Promise<Hit[]> {
  const { distance } = collection.settings;
  const points = await collection.read(
    hits.map(({ id }) => id),
    { withPayload: false, withVector: true },
  );
  const scores = new Map(hits.map(({ id, score }) => [id, score]));
  const left = points.flatMap(({ id, vector }) => (vector ? [{ id, vector, score: scores.get(id)!, most: 0 }] : []));
  const likeness = (score: number) => (distance === 'Euclid' ? -score : score);
  const chosen: Hit[] = [];
  while (chosen.length < limit && left.length > 0) {
    const value = ({ score, most }: (typeof left)[number]) =>
      (1 - diversity) * likeness(score) - (chosen.length > 0 ? diversity * most : 0);
    let best = 0;
    for (const [i, each] of left.entries()) if (value(each) > value(left[best]!)) best = i;
    const [next] = left.splice(best, 1);
    for (const each of left) {
      const like = distance === 'Euclid' ? -euclid(each.vector, next!.vector) : dot(each.vector, next!.vector);
      each.most = chosen.length === 0 ? like : Math.max(each.most, like);
    }
    chosen.push({ id: next!.id, score: next!.score });
  }
  return chosen;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function euclid(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}
