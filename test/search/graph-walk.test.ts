/**
 * Every row of a graph can be reached from an entry point: a walk over the lists of saved indexes (graph-reach.ts).
 */
import { expect, test } from 'vitest';
import { entryRows, expectAllReached, reachedRows } from './graph-reach.js';
import { clusteredRows, foundThemselves } from './graph-support.js';
import { build, load } from './support.js';

const rows = clusteredRows(3000, 20, 40);
const shape = { degree: 12, effort: 48 };

test('after a build, of one part and of several', async () => {
  expectAllReached(await build(rows, { graph: shape }));
  expectAllReached(await build(rows, { graph: { degree: 128, effort: 32 }, metric: 'dot' }, 2 ** 21));
  expectAllReached(await build(rows.slice(0, 1), { graph: shape }));
});

test('of equal rows', async () => {
  const equal = Array.from({ length: 2000 }, () => rows[0]!);
  expectAllReached(await build(equal, { graph: shape }));
});

test('saved after its entry points went, before its lists are mended: others are entry points', async () => {
  const index = await build(rows, { graph: shape });
  const entries = entryRows(index.toBytes());
  expect(entries.length).toBeGreaterThan(0);
  // Ids are positions as long as no row went.
  await index.remove(entries);
  // Rows that are led to by rows that went alone are put in again when the graph is loaded.
  expect(reachedRows(index.toBytes()).size).toBeGreaterThan(0.98 * index.size);
  const loaded = await load(index.toBytes());
  const queries = rows.filter((_, i) => !entries.includes(i) && i % 30 === 0);
  expect(await foundThemselves(loaded, queries)).toBeGreaterThan(0.95 * queries.length);
});
