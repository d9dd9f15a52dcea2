/**
 * Rows and waits for the tests of graphs.
 */
import type { VectorIndex } from 'simdex';
import { expect } from 'vitest';
import { seededRandom } from './support.js';

/** Rows around so many centres: neighbours that mean something. */
export function clusteredRows(count: number, dims: number, clusters: number, seed = 1): Float32Array[] {
  const random = seededRandom(seed);
  const centers = Array.from({ length: clusters }, () => Float32Array.from({ length: dims }, () => 2 * random() - 1));
  return Array.from({ length: count }, (_, i) => centers[i % clusters]!.map((x) => x + 0.4 * (2 * random() - 1)));
}

/** Resolves when all rows are in the graph, and it has been measured where it has to be. */
export async function graphIsUpToDate(index: VectorIndex): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    const { pending, rows, calibration } = index.graph!;
    if (pending === 0 && rows === index.size && (rows < 2 || calibration.length > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect.fail(`the graph did not come up to date: ${JSON.stringify(index.graph)}`);
}

/** Of the stored rows, how many a search finds whose best hit has the score that the row itself has. */
export async function foundThemselves(
  index: VectorIndex,
  rows: readonly Float32Array[],
  options: Parameters<VectorIndex['search']>[2] = { recall: 0.99 },
): Promise<number> {
  const [exact, found] = [
    await index.searchBatch(rows as Float32Array[], 1, { exact: true }),
    await index.searchBatch(rows as Float32Array[], 1, options),
  ];
  return exact.filter((hits, i) => found[i]!.scores[0] === hits.scores[0]).length;
}
