/**
 * Every row of a graph can be reached from an entry point, where threads died, and where rows came and went.
 */

import { afterEach, expect, test } from 'vitest';
import { failAtRandom, failNowhere, failures, faultyWorker } from '../indexing/fault.js';
import { expectAllReachedSoon } from './graph-reach.js';
import { clusteredRows, foundThemselves, graphIsUpToDate } from './graph-support.js';
import { build, load, positions } from './support.js';

afterEach(failNowhere);

const rows = clusteredRows(3000, 20, 40);
const shape = { degree: 12, effort: 48 };

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
