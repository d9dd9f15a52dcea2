/**
 * Leaving out candidates that cannot be among the k nearest: the k best of the others are the k best of all, by a float64 oracle,
 * whatever the rows; and most are left out where rows are ordinary.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readNearest } from '../../src/kernel/graph/graph-nearest.js';
import { runsOf } from '../seed.js';
import { BACKENDS, createGraph, type GraphBench, normalRows, rowsOf, seeded } from './graph-bench.js';

const METRICS = ['cosine', 'dot', 'euclidean'] as const;

function nearest(graph: GraphBench, k: number, mayCount?: (row: number) => boolean): number[] {
  return readNearest(graph.memory.buffer, graph.layout, graph.space, graph.scratches[0]!, k, mayCount);
}

const scores = (graph: GraphBench, query: ArrayLike<number>, rows: readonly number[], k: number) =>
  graph.best(query, rows, k).map((row) => graph.score(query, row));

describe.each(BACKENDS)('%s', (backend) => {
  test.each(METRICS)('the best of what is left are the best of all candidates by %s', async (metric) => {
    const component = fc.oneof(
      fc.constantFrom(0, 1, -1, 1e-30, 1e-44),
      ...(metric === 'euclidean' ? [fc.constantFrom(3e38, -3e38, 1e20)] : []),
      fc.float({ min: -1, max: 1, noNaN: true }),
    );
    const input = fc.record({
      dims: fc.constantFrom(1, 2, 7, 64, 70, 130),
      seed: fc.nat(),
      // Far from the origin, rows differ by little.
      offset: fc.constantFrom(0, 1, 1000),
      some: fc.array(component, { minLength: 8, maxLength: 40 }),
      count: fc.integer({ min: 1, max: 120 }),
      k: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ dims, seed, offset, some, count, k }) => {
        const random = seeded(seed);
        const pick = () => some[Math.floor(random() * some.length)]! + offset;
        const rows = Float32Array.from({ length: count * dims }, pick);
        if (metric === 'cosine') for (let at = 0; at < rows.length; at += dims) rows[at] = 1 + Math.floor(random() * 3);
        const graph = (await createGraph(backend, rows, { dims, metric, degree: 8, effort: 16 })).insertAll();
        const queries = [graph.row(Math.floor(count / 2)), Float32Array.from({ length: dims }, pick).fill(2, 0, 1)];
        for (const query of queries) {
          const all = graph.walk(query, 60);
          const left = nearest(graph, k);
          expect(all).toEqual(expect.arrayContaining(left));
          expect(scores(graph, query, left, k)).toEqual(scores(graph, query, all, k));
          const counts = (row: number) => row % 3 !== 0;
          const some = nearest(graph, k, counts);
          expect(some.every(counts)).toBe(true);
          expect(scores(graph, query, some, k)).toEqual(scores(graph, query, all.filter(counts), k));
        }
      }),
      runsOf(backend === 'simd' ? 120 : 40),
    );
  });

  test('leaves out most candidates, and what may not be a hit', async () => {
    for (const dims of [10, 100]) {
      const graph = (await createGraph(backend, normalRows(3, 600, dims), { dims })).insertAll();
      for (const query of rowsOf(normalRows(4, 5, dims), dims)) {
        expect(graph.walk(query, 100)).toHaveLength(100);
        const left = nearest(graph, 10);
        expect(left.length).toBeGreaterThanOrEqual(10);
        expect(left.length).toBeLessThan(50);
        const passes = (row: number) => row % 2 === 0;
        const all = graph.walk(query, 100, passes, 200);
        const some = nearest(graph, 10);
        expect(some.every(passes)).toBe(true);
        expect(scores(graph, query, some, 10)).toEqual(scores(graph, query, all, 10));
      }
    }
  });
});
