/**
 * Hits are those of a float64 brute force, for components of any magnitude and indexes of any shape.
 */
import fc from 'fast-check';
import { type Metric, VectorIndex } from 'simdex';
import { describe, expect, test } from 'vitest';
import { expectBest, rank } from './reference.js';
import { build, componentsOfAnyMagnitude, positions, randomRows, seededRandom } from './support.js';

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];
/** With 25 dims a segment then holds a little over a thousand rows. */
const SMALL_SEGMENT = 2 ** 22;

describe.each(metrics)('by %s', (metric) => {
  test.each([33, 65])('components of any magnitude, %i dims', async (dims) => {
    const random = seededRandom(5);
    const kinds = [...componentsOfAnyMagnitude(random), () => (random() < 0.1 ? 1000 : random())];
    const row = (i: number) => Float32Array.from({ length: dims }, kinds[i % kinds.length]!);
    const rows = positions(1000).map(row);
    const index = await build(rows, { metric });
    const queries = positions(20).map((i) => (i % 2 === 0 ? rows[i * 3]! : row(i)));
    const hits = await index.searchBatch(queries, 8);
    for (const [i, query] of queries.entries()) {
      const ranking = rank(rows, positions(1000), query, metric);
      expectBest(hits[i]!, ranking, 8);
      const one = await index.search(query, 8);
      expect(one.ids).toEqual(hits[i]!.ids);
      expect(one.scores).toEqual(hits[i]!.scores);
    }
  });

  test('any shape, against brute force', async () => {
    const shape = fc.record({
      seed: fc.integer(),
      count: fc.integer({ min: 1, max: 400 }),
      dims: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1100 })),
      k: fc.integer({ min: 1, max: 500 }),
      queryCount: fc.integer({ min: 1, max: 9 }),
      threadCount: fc.integer({ min: 1, max: 4 }),
      scan: fc.constantFrom('int8' as const, 'float32' as const),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ seed, count, dims, k, queryCount, threadCount, scan }) => {
        const rows = randomRows(count, dims, seed);
        const queries = randomRows(queryCount, dims, seed + 1);
        const index = await VectorIndex.buildInSegments(rows, { metric, threadCount, scan }, SMALL_SEGMENT);
        try {
          const hits = await index.searchBatch(queries, k);
          for (const [i, query] of queries.entries()) {
            expectBest(hits[i]!, rank(rows, positions(count), query, metric), k);
          }
        } finally {
          await index.dispose();
        }
      }),
      { numRuns: 15 },
    );
  });
});
