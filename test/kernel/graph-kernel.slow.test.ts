/**
 * One suite over all backends of the graph kernel: the same graph, bit for bit, from the same insertions; sound lists; every row
 * within reach; near neighbours found, by a float64 scan as the oracle.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_ENTRIES, WIDTH } from '../../src/kernel/graph/graph-layout.js';
import { releaseRows } from '../../src/kernel/graph/graph-upkeep.js';
import { runsOf } from '../seed.js';
import {
  BACKENDS,
  clusteredRows,
  createGraph,
  type GraphBench,
  type GraphOptions,
  normalRows,
  rowsOf,
  seeded,
} from './graph-bench.js';

const METRICS = ['cosine', 'dot', 'euclidean'] as const;

describe('the three backends', () => {
  test.each([1, 2, 5, 16, 63, 64, 65, 100, 130])(
    'build the same graph from the same rows of %i components',
    async (dims) => {
      for (const metric of METRICS) {
        const rows = clusteredRows(dims, 80, dims, 12, 0.3);
        // Some rows twice.
        rows.copyWithin(20 * dims, 0, 10 * dims);
        const options: GraphOptions = { dims, metric, degree: 8, effort: 24, alpha: 1.1 };
        const graphs = await Promise.all(BACKENDS.map((backend) => createGraph(backend, rows, options)));
        const [first, ...others] = graphs.map((graph) => graph.insertAll());
        const bits = (graph: GraphBench) => graph.words.subarray(graph.layout.base / 4, graph.layout.end / 4);
        for (const other of others) {
          const at = bits(other).findIndex((word, i) => word !== bits(first!)[i]);
          expect(at, `${metric}: first word that differs`).toBe(-1);
        }
        for (const query of rowsOf(normalRows(7, 10, dims), dims)) {
          const found = graphs.map((graph) => graph.walk(query, 20));
          expect(found[1]).toEqual(found[0]);
          expect(found[2]).toEqual(found[0]);
        }
        first!.expectSound();
        first!.expectReachable();
      }
    },
  );

  test('mend the same lists the same way', async () => {
    const rows = clusteredRows(3, 200, 70, 9, 0.4);
    const graphs = await Promise.all(
      BACKENDS.map((backend) => createGraph(backend, rows, { dims: 70, degree: 8, effort: 24 })),
    );
    for (const graph of graphs) graph.insertAll().remove((row) => row % 3 !== 1);
    const lists = graphs.map((graph) => Array.from({ length: 200 }, (_, row) => graph.neighbours(row)));
    expect(lists[1]).toEqual(lists[0]);
    expect(lists[2]).toEqual(lists[0]);
  });
});

// The three build the same graph, so that one says enough where time is short.
describe.each(BACKENDS)('%s', (backend) => {
  const count = backend === 'javascript' ? 300 : 2000;

  test.each(METRICS)('finds near neighbours by %s', async (metric) => {
    for (const dims of [1, 2, 8, 40, 63, 64, 100]) {
      const rows = clusteredRows(dims, count + 30, dims, 50, 0.5);
      const graph = (await createGraph(backend, rows.subarray(0, count * dims), { dims, metric })).insertAll();
      graph.expectSound();
      graph.expectReachable();
      const queries = rowsOf(rows.subarray(count * dims), dims);
      expect(graph.recall(queries, 10, 200), `${dims} components`).toBeGreaterThan(0.95);
    }
  });

  test.each(['cosine', 'euclidean'] as const)('finds stored rows by %s', async (metric) => {
    for (const dims of [1, 3, 64, 100]) {
      const rows = clusteredRows(dims, count, dims, 30, 0.05);
      const graph = (await createGraph(backend, rows, { dims, metric })).insertAll();
      let found = 0;
      for (let i = 0; i < 100; i++) {
        const query = graph.row((i * 37) % count);
        const [best] = graph.best(query, graph.walk(query, 100), 1);
        if (Math.abs(graph.score(query, best!) - graph.score(query, (i * 37) % count)) < 1e-6) found++;
      }
      expect(found, `${dims} components`).toBeGreaterThanOrEqual(98);
    }
  });

  test('keeps every row within reach, and lists sound, whatever the rows, after every insertion', async () => {
    const component = fc.oneof(
      fc.constantFrom(0, 1, -1, 1e-30, 3e38, -3e38, 1e-44),
      fc.float({ min: -1, max: 1, noNaN: true }),
    );
    const input = fc.record({
      dims: fc.constantFrom(1, 2, 7, 64, 70),
      metric: fc.constantFrom(...METRICS),
      alpha: fc.constantFrom(1, 1.2),
      seed: fc.nat(),
      some: fc.array(component, { minLength: 8, maxLength: 40 }),
      count: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ dims, metric, alpha, seed, some, count }) => {
        const random = seeded(seed);
        const rows = Float32Array.from({ length: count * dims }, () => some[Math.floor(random() * some.length)]!);
        // Cosine rows are unit rows, so none is zero.
        if (metric === 'cosine') for (let at = 0; at < rows.length; at += dims) rows[at] = 1 + Math.floor(random() * 3);
        const graph = await createGraph(backend, rows, { dims, metric, alpha, degree: 8, effort: 16 });
        for (let row = 0; row < count; row++) {
          graph.insert(row);
          graph.expectReachable(Array(row + 1).keys());
        }
        graph.expectSound();
        // Once more is harmless.
        for (let row = 0; row < count; row += 3) graph.insert(row);
        graph.expectSound();
        graph.expectReachable();
      }),
      runsOf(backend === 'javascript' ? 60 : 120),
    );
  });

  test('works in slices: the same graph and the same candidates, however small the budget', async () => {
    const rows = normalRows(5, 300, 66);
    const [whole, sliced] = await Promise.all([1, 2].map(() => createGraph(backend, rows, { dims: 66, degree: 8 })));
    for (let row = 0; row < 300; row++) {
      whole!.insert(row);
      sliced!.insert(row, 1 + (row % 40));
    }
    for (let row = 0; row < 300; row++) expect(sliced!.neighbours(row)).toEqual(whole!.neighbours(row));
    const query = normalRows(6, 1, 66);
    expect(sliced!.walk(query, 50, undefined, 50, 1)).toEqual(whole!.walk(query, 50));
  });

  test('a larger budget does more, a smaller one less', async () => {
    const graph = (await createGraph(backend, normalRows(5, 300, 66), { dims: 66 })).insertAll();
    graph.walk(graph.row(7), 50);
    const { scored } = graph;
    const { base } = graph.scratches[0]!;
    graph.kernel.begin(graph.layout.base, base, 50, 50, 0);
    expect(graph.kernel.search(graph.layout.base, base, 20)).toBe(1);
    expect(graph.scored).toBeLessThanOrEqual(20 + WIDTH * graph.layout.degree + MAX_ENTRIES);
    expect(graph.scored).toBeLessThan(scored);
  });

  test('gives only rows that the filter lets pass, and meets the others on its way', async () => {
    const rows = normalRows(11, count, 20);
    const graph = (await createGraph(backend, rows, { dims: 20 })).insertAll();
    const passes = (row: number) => row % 5 === 2;
    const all = Array.from({ length: count }, (_, i) => i).filter(passes);
    let found = 0;
    for (const query of rowsOf(normalRows(12, 20, 20), 20)) {
      const hits = graph.walk(query, 64, passes, 500);
      expect(hits.every(passes)).toBe(true);
      expect(hits.length).toBeLessThanOrEqual(64);
      const exact = new Set(graph.best(query, all, 10));
      found += graph.best(query, hits, 10).filter((row) => exact.has(row)).length;
    }
    expect(found / 200).toBeGreaterThan(0.9);
    expect(graph.walk(graph.row(0), 64, () => false, 500)).toEqual([]);
  });

  test('effort bounds the candidates, and limit those that are no hits', async () => {
    const graph = (await createGraph(backend, normalRows(11, 500, 20), { dims: 20 })).insertAll();
    expect(graph.walk(graph.row(3), 17)).toHaveLength(17);
    const scored = (limit: number) => {
      graph.walk(graph.row(3), 16, (row) => row % 20 === 0, limit);
      return graph.scored;
    };
    expect(scored(300)).toBeGreaterThan(scored(16));
  });

  test('a graph of one row, and one of none', async () => {
    const graph = await createGraph(backend, normalRows(1, 2, 5), { dims: 5 });
    expect(graph.walk(graph.row(0), 10)).toEqual([]);
    graph.insert(1);
    expect(graph.entries).toEqual([1]);
    expect(graph.walk(graph.row(0), 10)).toEqual([1]);
    graph.insert(1);
    expect(graph.neighbours(1)).toEqual([]);
  });

  test('equal rows take work in proportion to their number, and can all be reached', async () => {
    const equal = backend === 'javascript' ? 500 : 100_000;
    const rows = new Float32Array((equal + 100) * 64).fill(1);
    rows.set(normalRows(4, 100, 64), equal * 64);
    const graph = await createGraph(backend, rows, { dims: 64, metric: 'euclidean' });
    graph.insert(0);
    let most = 0;
    for (let row = 1; row < equal + 100; row++) {
      graph.insert(row);
      most = Math.max(most, graph.scored);
    }
    // A walk meets as many equal rows as it may keep, and their neighbours.
    expect(most).toBeLessThan(2000);
    graph.expectSound();
    graph.expectReachable();
    for (let row = equal; row < equal + 100; row++) {
      expect(graph.best(graph.row(row), graph.walk(graph.row(row), 64), 1)).toEqual([row]);
    }
    expect(graph.score(graph.row(5), graph.walk(graph.row(5), 64)[0]!)).toBeCloseTo(0);
  });

  test('rows put in in sorted order, and clusters one after another', async () => {
    const line = Float32Array.from({ length: count * 2 }, (_, i) => (i % 2 ? 0 : i));
    const sorted = (await createGraph(backend, line, { dims: 2, metric: 'euclidean' })).insertAll();
    sorted.expectReachable();
    expect(
      sorted.recall(
        rowsOf(line.subarray(0, 400), 2).filter((_, i) => i % 10 === 0),
        5,
        100,
      ),
    ).toBeGreaterThan(0.97);

    const dims = 64;
    const clusters = clusteredRows(8, count, dims, 20, 0.02);
    const graph = await createGraph(backend, clusters, { dims });
    graph.insertAll(Array.from({ length: count }, (_, i) => i).sort((a, b) => (a % 20) - (b % 20) || a - b));
    graph.expectSound();
    graph.expectReachable();
    expect(
      graph.recall(
        rowsOf(graph.rows, dims).filter((_, i) => i % 50 === 0),
        10,
        100,
      ),
    ).toBeGreaterThan(0.95);
  });

  test('takes rows out of all lists, and the others are found and reached as before', async () => {
    for (const [dims, isThere] of [
      [20, (row: number) => row % 4 !== 0],
      [64, (row: number) => row % 10 === 0],
    ] as const) {
      const rows = clusteredRows(21, count, dims, 15, 0.5);
      rows.copyWithin(100 * dims, 0, 50 * dims);
      const graph = (await createGraph(backend, rows, { dims })).insertAll();
      graph.remove(isThere);
      graph.expectSound();
      for (let row = 0; row < count; row++) expect(graph.neighbours(row).every(isThere)).toBe(true);
      const there = Array.from({ length: count }, (_, i) => i).filter(isThere);
      graph.repair(isThere);
      graph.expectReachable(there);
      const queries = rowsOf(normalRows(99, 30, dims), dims);
      expect(graph.recall(queries, 10, 150, isThere)).toBeGreaterThan(0.93);
      // And in again.
      for (let row = 0; row < count; row++) if (!isThere(row)) graph.insert(row);
      graph.expectSound();
      graph.expectReachable();
      expect(graph.recall(queries, 10, 150)).toBeGreaterThan(0.93);
    }
  });

  test('all rows removed and added again', async () => {
    const rows = normalRows(31, 400, 24);
    const graph = (await createGraph(backend, rows, { dims: 24 })).insertAll();
    const before = Array.from({ length: 400 }, (_, row) => graph.neighbours(row));
    graph.remove(() => false);
    expect(graph.walk(graph.row(0), 10)).toEqual([]);
    graph.insertAll();
    expect(Array.from({ length: 400 }, (_, row) => graph.neighbours(row))).toEqual(before);
  });

  test('a walk ends, and gives rows that exist, each once, whatever the lists hold', async () => {
    const rows = normalRows(41, 200, 66);
    const graph = (await createGraph(backend, rows, { dims: 66, degree: 8 })).insertAll();
    const lists = graph.words.subarray(graph.layout.lists / 4, graph.layout.lists / 4 + 200 * 9);
    const before = lists.slice();
    const word = fc.oneof(
      fc.constantFrom(0, 0xff, 0xffffffff, 0x80000000, 0x1ff00, 1 << 17),
      fc.nat({ max: 250 }),
      fc.nat(),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: lists.length - 1 }), word), { minLength: 1, maxLength: 400 }),
        (damage) => {
          lists.set(before);
          for (const [at, value] of damage) lists[at] = value;
          const found = graph.walk(graph.row(9), 60);
          expect(found.every((row) => row < 200)).toBe(true);
          expect(new Set(found).size).toBe(found.length);
        },
      ),
      runsOf(300),
    );
    lists.fill(0xffffffff);
    expect(graph.walk(graph.row(9), 60)).toEqual(graph.entries);
  });

  test('waits for no row for ever: says which call to repeat', async () => {
    const graph = await createGraph(backend, normalRows(51, 60, 10), { dims: 10, degree: 8 });
    graph.insertAll(Array(50).keys());
    // All rows are held by a thread that is dead.
    for (let row = 0; row < 60; row++) graph.words[graph.layout.lists / 4 + row * 9]! |= 7 << 8;
    expect(() => graph.insert(55)).toThrow('nobody gives back');
    expect(releaseRows(graph.memory.buffer, graph.layout, 6)).toBe(0);
    expect(releaseRows(graph.memory.buffer, graph.layout, 7)).toBe(60);
    graph.insertAll(Array(60).keys());
    graph.expectSound();
    graph.expectReachable();
  });

  test('65,536 components, by every metric', async () => {
    const dims = 65_536;
    const rows = clusteredRows(71, 24, dims, 4, 0.3);
    for (const metric of METRICS) {
      const graph = (await createGraph(backend, rows, { dims, metric, degree: 8, effort: 16 })).insertAll();
      graph.expectSound();
      graph.expectReachable();
      const query = graph.row(5);
      const all = Array.from({ length: 24 }, (_, i) => i);
      expect(graph.best(query, graph.walk(query, 12), 3)).toEqual(graph.best(query, all, 3));
    }
  });

  test('works in memory that is not shared', async () => {
    const graph = (await createGraph(backend, normalRows(61, 200, 70), { dims: 70, shared: false })).insertAll();
    graph.expectReachable();
    expect(graph.recall(rowsOf(normalRows(62, 10, 70), 70), 5, 100)).toBeGreaterThan(0.95);
  });
});
