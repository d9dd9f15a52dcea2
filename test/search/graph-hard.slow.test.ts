/**
 * Rows that are hard for a graph: whatever they are like, a search for a stored row finds one with its score, and scans answer as ever.
 * Threads are killed at any moment of a build.
 */
import { type Metric, VectorIndex } from 'simdex';
import { describe, expect, test } from 'vitest';
import { watchThreads } from '../engine/threads.js';
import { killDuring } from '../indexing/killing.js';
import { clusteredRows, foundThemselves, graphIsUpToDate } from './graph-support.js';
import { build, positions, randomRows, seededRandom, told } from './support.js';

const threads = watchThreads();

const sortedRows = (count: number, dims: number) =>
  randomRows(count, dims, 3).sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
const byCluster = (count: number, dims: number) => {
  const rows = clusteredRows(count, dims, 25);
  return positions(count).map(
    (i) => rows[(i * 25) % count === 0 ? i : ((i * 25) % count) + Math.floor((i * 25) / count)]!,
  );
};

const HARD: [string, Float32Array[]][] = [
  ['one row', randomRows(1, 8)],
  ['two equal rows', [...randomRows(1, 8), ...randomRows(1, 8)]],
  ['equal rows', Array.from({ length: 3000 }, () => Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8))],
  ['rows twice', [...randomRows(900, 12), ...randomRows(900, 12)]],
  ['one component', randomRows(1500, 1).map((row) => row.map((x) => x + 2))],
  ['two components', randomRows(1500, 2)],
  ['many components', randomRows(20, 65_536)],
  ['rows in sorted order', sortedRows(1500, 16)],
  ['cluster by cluster', byCluster(1500, 20)],
  ['lengths far apart', randomRows(800, 16).map((row, i) => row.map((x) => x * 2 ** ((i % 40) - 20)))],
];

// Where time is short, the last ones.
describe.each<Metric>(['cosine', 'euclidean'])('by %s', (metric) => {
  test.each(HARD)('%s are found', async (_, rows) => {
    const index = await build(rows, { metric, graph: true });
    expect(index.graph).toMatchObject({ rows: rows.length, pending: 0 });
    expect(await foundThemselves(index, rows)).toBeGreaterThanOrEqual(0.98 * rows.length);
    const plain = await build(rows, { metric });
    const some = rows.slice(0, 20);
    const exact = (await index.searchBatch(some, 7, { exact: true })).map(told);
    expect(exact).toEqual((await plain.searchBatch(some, 7)).map(told));
  });
});

test('threads that are killed at any moment of a build lose nothing', async () => {
  const rows = clusteredRows(2500, 32, 40);
  const random = seededRandom(11);
  let killedBuilds = 0;
  for (let round = 0; round < 3; round++) {
    const index = await VectorIndex.build(rows, { threadCount: 3, maxMemoryBytes: 2 ** 30 });
    await index.ready();
    const building = index.buildGraph({ degree: 10, effort: 40 });
    await killDuring(threads, building, random, 6);
    const outcome = await building.then(
      () => 'built',
      (error) => error.code,
    );
    expect(['built', 'ThreadPanic']).toContain(outcome);
    if (outcome === 'built') {
      killedBuilds++;
      expect(index.graph).toMatchObject({ rows: 2500, pending: 0 });
      expect(await foundThemselves(index, rows)).toBeGreaterThan(2450);
      // Upkeep goes on after it, and heals.
      const adding = index.add(clusteredRows(600, 32, 40, 2));
      await killDuring(threads, adding, random, 2);
      await adding;
      await graphIsUpToDate(index);
      expect(index.graph!.rows).toBe(3100);
    } else {
      expect(index.graph).toBeUndefined();
    }
    await index.dispose();
  }
  expect(killedBuilds).toBeGreaterThan(0);
});
