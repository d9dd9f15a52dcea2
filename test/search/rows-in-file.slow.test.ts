/**
 * Indexes whose rows stay in their file, with rows of every kind and with a graph: the hits of a brute force, and of rows in memory.
 */
import fc from 'fast-check';
import { type Metric, VectorIndex } from 'simdex';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../seed.js';
import { filesOfIndexes, keptRows } from './in-file.js';
import { expectBest, rank } from './reference.js';
import { build, componentsOfAnyMagnitude, positions, randomRows, seededRandom, told } from './support.js';

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];
const { nextFile, inFile } = await filesOfIndexes();

describe.each(metrics)('by %s', (metric) => {
  test('ties, tiny differences, one huge component: the rows are read in portions, and all is told', async () => {
    const dims = 70;
    const [base] = randomRows(1, dims);
    const kinds: Record<string, (i: number) => Float32Array> = {
      'equal rows': () => base!,
      'last bits': (i) => {
        const row = base!.slice();
        new Int32Array(row.buffer)[i % dims]! += (i % 5) - 2;
        return row;
      },
      'one huge component': (i) => base!.map((x, j) => (j === 3 ? 1e6 : x + i / 1e4)),
      'far from the origin': (i) => base!.map((x, j) => 1000 + x + ((i * 31 + j) % 17) / 100),
    };
    for (const [name, row] of Object.entries(kinds)) {
      const count = 4000;
      const rows = positions(count).map(row);
      const memory = await build(rows, { metric });
      const index = await inFile(memory);
      for (const query of [base!, ...randomRows(1, dims, 4)]) {
        const hits = await index.search(query, 20);
        expect({ name, ...told(hits) }).toEqual({ name, ...told(await memory.search(query, 20)) });
        if (name === 'equal rows') expect(hits.rowsScored).toBeGreaterThan(1000);
      }
    }
  });

  test.each([33, 65])('components of any magnitude, %i dims', async (dims) => {
    const kinds = componentsOfAnyMagnitude(seededRandom(5));
    const row = (i: number) => Float32Array.from({ length: dims }, kinds[i % kinds.length]!);
    const rows = positions(1000).map(row);
    const index = await inFile(await build(rows, { metric }));
    const queries = positions(20).map((i) => (i % 2 === 0 ? rows[i * 3]! : row(i)));
    const hits = await index.searchBatch(queries, 8);
    for (const [i, query] of queries.entries()) {
      expectBest(hits[i]!, rank(rows, positions(1000), query, metric), 8);
    }
  });
});

test('any shape, against brute force', async () => {
  const shape = fc.record({
    seed: fc.integer(),
    metric: fc.constantFrom(...metrics),
    count: fc.integer({ min: 1, max: 300 }),
    dims: fc.integer({ min: 1, max: 150 }),
    k: fc.integer({ min: 1, max: 400 }),
    queryCount: fc.integer({ min: 1, max: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ seed, metric, count, dims, k, queryCount }) => {
      const rows = randomRows(count, dims, seed);
      const file = nextFile();
      const built = await VectorIndex.build(rows, { metric, threadCount: 1 });
      await built.save(file);
      await built.dispose();
      const index = await VectorIndex.load(file, { rows: 'file' });
      try {
        const queries = randomRows(queryCount, dims, seed + 1);
        const hits = await index.searchBatch(queries, k);
        for (const [i, query] of queries.entries()) {
          expectBest(hits[i]!, rank(rows, positions(count), query, metric), k);
        }
      } finally {
        await index.dispose();
      }
    }),
    runsOf(200),
  );
});

test.each(metrics)('a graph on rows in a file, by %s', async (metric) => {
  const [count, dims] = [1500, 64];
  const memory = await build<number>(randomRows(count, dims), { metric, graph: true });
  const index = await inFile(memory);
  expect(index.graph!.rows).toBe(count);
  const queries = randomRows(30, dims, 2);
  const rows = await keptRows(memory as never, positions(count));
  const checkScores = async () => {
    const hits = [...(await index.searchBatch(queries, 10)), await index.search(queries[0]!, 10)];
    for (const [i, { ids, scores, exact }] of hits.entries()) {
      expect(exact).toBe(false);
      const byId = new Map(rank(rows, positions(count), queries[i % 30]!, metric).map((each) => [each.id, each]));
      for (const [place, id] of ids.entries()) {
        const { score, tolerance } = byId.get(id)!;
        expect(Math.abs(scores[place]! - score)).toBeLessThanOrEqual(tolerance + 1e-6 * Math.abs(score));
      }
    }
  };
  await checkScores();
  expect(await index.measureRecall(queries, 10, { recall: 0.95 })).toBeGreaterThan(0.85);
  const even = await index.search(queries[1]!, 5, { filter: (id) => id % 2 === 0 });
  expect(even.ids.every((id) => id % 2 === 0)).toBe(true);
  await index.dropGraph();
  await index.buildGraph();
  await checkScores();
  expect(await index.measureRecall(queries, 10, { recall: 0.95 })).toBeGreaterThan(0.85);
  await index.add([randomRows(1, dims, 77)[0]!], { ids: [count] });
  expect((await index.search({ id: count }, 1)).ids).toEqual([count]);
});

test('a long walk through a graph has room for its candidates after a short one', async () => {
  const rows = randomRows(3000, 16);
  const index = await build(rows, { rows: 'file', file: nextFile(), graph: { degree: 16, effort: 48 } });
  expect((await index.search(rows[0]!, 1, { effort: 16 })).exact).toBe(false);
  const hits = await index.search(rows[0]!, 1500, { effort: 1600 });
  // Where there is no room, all rows are scanned instead.
  expect(hits).toMatchObject({ length: 1500, exact: false });
});
