/**
 * Very many equal rows: a graph over them takes work in proportion to their number, and whatever is searched for is found.
 */
import { expect, test } from 'vitest';
import { build } from './support.js';

const ROWS = 100_000;
const DIMS = 16;

test.each(['cosine', 'euclidean', 'dot'] as const)('100,000 equal rows by %s', async (metric) => {
  const row = Float32Array.from({ length: DIMS }, (_, i) => i + 1);
  const data = new Float32Array(ROWS * DIMS);
  for (let i = 0; i < ROWS; i++) data.set(row, i * DIMS);
  const index = await build({ data, dims: DIMS }, { metric, graph: true });
  expect(index.graph).toMatchObject({ rows: ROWS, pending: 0 });
  const [exact] = await index.searchBatch([row], 10, { exact: true });
  for (const id of [0, 777, ROWS / 2, ROWS - 1]) {
    const hits = await index.search({ id }, 10, { recall: 0.99 });
    expect(hits.length).toBe(10);
    expect(new Set(hits.ids).size).toBe(10);
    expect([...hits.scores]).toEqual([...exact!.scores]);
  }
  // One that is different is found among them.
  const other = row.toReversed();
  await index.upsert([other], { ids: [4711] });
  expect((await index.search(other, 1, { recall: 0.99 })).ids).toEqual([4711]);
});
