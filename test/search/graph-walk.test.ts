/**
 * Every row of a graph can be reached from an entry point: a walk over the lists of saved indexes (graph-reach.ts).
 */
import type { VectorIndex } from 'simdex';
import { afterEach, expect, test, vi } from 'vitest';
import { failAtRandom, failNowhere, failures, faultyWorker } from '../indexing/fault.js';
import { entryRows, reachedRows } from './graph-reach.js';
import { clusteredRows, foundThemselves, graphIsUpToDate } from './graph-support.js';
import { build, load, positions } from './support.js';

afterEach(failNowhere);

function expectAllReached(index: VectorIndex): void {
  expect([...reachedRows(index.toBytes())].sort((a, b) => a - b)).toEqual(positions(index.size));
}

/** Lists are mended behind the caller's back, some time after rows went. */
async function expectAllReachedSoon(index: VectorIndex): Promise<void> {
  await graphIsUpToDate(index);
  await vi.waitFor(() => expectAllReached(index), { timeout: 60_000, interval: 50 });
}

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

test('after rows came and went, and after a load', async () => {
  const index = await build(rows.slice(0, 2000), { graph: shape });
  await index.add(rows.slice(2000));
  await expectAllReachedSoon(index);
  await index.remove(positions(1200));
  await expectAllReachedSoon(index);
  const loaded = await load(index.toBytes());
  await loaded.add(rows.slice(0, 300), { ids: positions(300) });
  await expectAllReachedSoon(loaded);
});

test('where threads died while rows were put in and lists were mended', async () => {
  let deaths = 0;
  for (let seed = 1; seed <= 3; seed++) {
    const index = await build(rows.slice(0, 2000), { graph: shape, worker: faultyWorker });
    failAtRandom('process.exit', 30, seed, 6);
    await index.remove(positions(900));
    await index.add(rows.slice(2000));
    await graphIsUpToDate(index);
    deaths += failures(6);
    failNowhere();
    await expectAllReachedSoon(index);
  }
  expect(deaths).toBeGreaterThan(0);
});

test('where threads died while the records of a loaded graph were made', async () => {
  // Of so many components that there are several units of records.
  const wide = clusteredRows(1500, 600, 20);
  const bytes = (await build(wide, { graph: shape })).toBytes();
  const queries = wide.filter((_, i) => i % 5 === 0);
  let deaths = 0;
  // Until a thread died at records: at first it may be at rows.
  for (let seed = 1; deaths === 0 && seed <= 20; seed++) {
    const warnings: string[] = [];
    failAtRandom('process.exit', 150, seed, 1);
    const logger = { info: () => undefined, warn: (message: string) => warnings.push(message) };
    const loaded = await load(bytes, { worker: faultyWorker, logger });
    failNowhere();
    deaths += warnings.filter((message) => message.includes('died while it worked on the graph')).length;
    expect(loaded.graph).toMatchObject({ rows: wide.length, pending: 0 });
    expect(await foundThemselves(loaded, queries)).toBeGreaterThan(0.98 * queries.length);
  }
  expect(deaths).toBeGreaterThan(0);
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
