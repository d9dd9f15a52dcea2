/**
 * What a graph's walk has found is scored exactly as far as it may be among the hits; the others are not, and no hit is lost by that.
 */
import { expect, test } from 'vitest';
import { clusteredRows, graphIsUpToDate } from './graph-support.js';
import { build, randomRows, seededRandom } from './support.js';

test('most candidates get no exact score, and as many hits are found', async () => {
  for (const dims of [24, 80]) {
    const rows = clusteredRows(2000, dims, 20);
    const index = await build(rows.slice(0, 1900), { graph: true });
    // As many hits as candidates: all are scored.
    const effort = 200;
    for (const query of rows.slice(1900, 1930)) {
      const all = await index.search(query, effort, { effort });
      expect(all.rowsScored).toBe(effort);
      const found = await index.search(query, 10, { effort });
      expect(found.rowsScored).toBeLessThan(100);
      expect(found.ids).toEqual(all.ids.slice(0, 10));
      expect(found.scores).toEqual(all.scores.slice(0, 10));
    }
  }
});

test('rows that a search does not see take no place among the candidates', async () => {
  const rows = randomRows(1000, 16);
  const index = await build(rows, { graph: true });
  const [query] = rows;
  const before = await index.search(query!, 20, { effort: 400 });
  await index.remove(before.ids.slice(0, 10));
  const after = await index.search(query!, 10, { effort: 400 });
  expect(after.ids).toEqual(before.ids.slice(10));
});

test('by dot, a row longer than all that were there is a hit', async () => {
  const dims = 64;
  const random = seededRandom(7);
  const main = Float32Array.from({ length: dims }, () => 2 * random() - 1);
  // By its distance it is behind 50 rows, by its score before them.
  const others = Array.from({ length: 800 }, (_, i) => main.map((x) => x + (i < 50 ? 0.2 : 2) * (2 * random() - 1)));
  const lengthOf = (row: Float32Array) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
  const unit = [main, ...others].map((row) => row.map((x) => x / lengthOf(row)));
  const index = await build(unit.slice(1), { metric: 'dot', graph: true });
  await index.add([unit[0]!.map((x) => 1.3 * x)], { ids: [5000] });
  await graphIsUpToDate(index);
  const { ids, exact } = await index.search(unit[0]!, 1, { effort: 200 });
  expect(exact).toBe(false);
  expect(ids).toEqual([5000]);
});
