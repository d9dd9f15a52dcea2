/**
 * Hits are those of a float64 brute force, whatever the metric, the kernel, the threads, the segments, and the rows.
 */
import type { Metric } from 'simdex';
import { describe, expect, test } from 'vitest';
import { expectBest, rank } from './reference.js';
import { build, positions, randomRows, seededRandom, told } from './support.js';

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];
/** Below 64 dims all scans are in float32, and so are those of the last two kernels. */
const runs = [
  ['simd', 'int8', 67],
  ['simd', 'float32', 67],
  ['simd', 'int8', 37],
  ['scalar', 'int8', 67],
  ['javascript', 'int8', 67],
] as const;

describe.each(metrics)('by %s', (metric) => {
  test.each(runs)('one query on the calling thread, %s kernel, %s scan, %i dims', async (kernel, scan, dims) => {
    const rows = randomRows(700, dims);
    const index = await build(rows, { metric, kernel, scan });
    for (const query of randomRows(5, dims, 2)) {
      expectBest(await index.search(query, 10), rank(rows, positions(700), query, metric), 10);
    }
  });

  test.each(runs)('many queries on all threads, %s kernel, %s scan, %i dims', async (kernel, scan, dims) => {
    const rows = randomRows(1500, dims);
    const index = await build(rows, { metric, kernel, scan });
    const queries = randomRows(43, dims, 2);
    const hits = await index.searchBatch(queries, 7);
    expect(hits.length).toBe(43);
    for (const [i, query] of queries.entries()) {
      expectBest(hits[i]!, rank(rows, positions(1500), query, metric), 7);
    }
  });

  test('several segments, and one query on all threads', async () => {
    const dims = 600;
    const rows = randomRows(2500, dims);
    const index = await build(rows, { metric }, 2 ** 22);
    const [query] = randomRows(1, dims, 2);
    expectBest(await index.search(query!, 12), rank(rows, positions(2500), query!, metric), 12);
  });

  test('ties go to the earlier row, on all threads and in all segments', async () => {
    const [a, b] = randomRows(2, 300);
    const rows = positions(6000).map((i) => (i % 3 === 0 ? a! : b!));
    const index = await build(rows, { metric }, 2 ** 22);
    const best = rank([a!, b!], [0, 1], a!, metric)[0]!.id === 0 ? 0 : 1;
    const expected = positions(6000).filter((i) => (i % 3 === 0 ? 0 : 1) === best);
    const { ids } = await index.search(a!, 1000);
    expect(ids).toEqual(expected.slice(0, 1000));
    const batch = await index.searchBatch([a!, a!, a!, a!, a!], 50);
    for (const hits of batch) expect(hits.ids).toEqual(expected.slice(0, 50));
  });

  test('rows that differ in their last bits only', async () => {
    const [base] = randomRows(1, 200);
    const bits = (row: Float32Array) => new Int32Array(row.buffer);
    const rows = positions(800).map((i) => {
      const row = base!.slice();
      bits(row)[i % 200]! += Math.floor(i / 200) - 2;
      return row;
    });
    const index = await build(rows, { metric });
    expectBest(await index.search(base!, 30), rank(rows, positions(800), base!, metric), 30);
  });

  test('rows that a byte cannot tell apart, far from the origin, some of them twice, some not accepted', async () => {
    const dims = 80;
    const random = seededRandom(8);
    const rows = positions(3000).map(() => Float32Array.from({ length: dims }, () => 1000 + random()));
    for (let i = 0; i < 300; i++) rows[2999 - i] = rows[i]!;
    const index = await build(rows, { metric });
    const accepted = positions(3000).filter((id) => id % 3 > 0);
    for (const query of [rows[4]!, randomRows(1, dims, 4)[0]!]) {
      expectBest(await index.search(query, 20), rank(rows, positions(3000), query, metric), 20);
      const some = rank(
        accepted.map((id) => rows[id]!),
        accepted,
        query,
        metric,
      );
      expectBest(await index.search(query, 20, { filter: (id) => Number(id) % 3 > 0 }), some, 20);
    }
  });
});

test('the same hits, bit by bit, on any number of threads', async () => {
  const rows = randomRows(4000, 50);
  const queries = randomRows(30, 50, 2);
  const found = [];
  for (const threadCount of [1, 2, 5]) {
    const index = await build(rows, { threadCount });
    found.push((await index.searchBatch(queries, 25)).map(told));
  }
  expect(found[1]).toEqual(found[0]);
  expect(found[2]).toEqual(found[0]);
});

test('a row finds itself, with a similarity of exactly 1', async () => {
  const rows = randomRows(500, 64);
  const index = await build(rows);
  const hits = await index.searchBatch(rows, 1);
  expect(hits.map(({ ids }) => ids[0])).toEqual(positions(500));
  // Unit rows are rounded: their similarity to themselves as given is 1 within float32.
  for (const { scores } of hits) expect(scores[0]).toBeCloseTo(1, 6);
  expect(Math.max(...hits.map(({ scores }) => scores[0]!))).toBeLessThanOrEqual(1);
});

test('zero vectors are vectors, but not by cosine', async () => {
  const rows = [new Float32Array([1, 0]), new Float32Array(2), new Float32Array([-1, 0])];
  const dot = await build(rows, { metric: 'dot' });
  expect(told(await dot.search([2, 0], 3))).toEqual({ ids: [0, 1, 2], scores: Float32Array.of(2, 0, -2), length: 3 });
  expect(told(await dot.search([0, 0], 3))).toEqual({ ids: [0, 1, 2], scores: new Float32Array(3), length: 3 });
  const euclidean = await build(rows, { metric: 'euclidean' });
  expect(told(await euclidean.search([0, 0], 2))).toEqual({ ids: [1, 0], scores: Float32Array.of(0, 1), length: 2 });
});
