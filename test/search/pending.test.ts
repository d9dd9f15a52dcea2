/**
 * Changes of an index that wait for their turn can be seen in `engine.pending`, so that a server can refuse in time.
 */
import { Engine } from 'simdex';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { failAtBatch, failNowhere, faultyWorker, held, release } from '../indexing/fault.js';
import { build, positions, randomRows } from './support.js';

afterEach(failNowhere);

const DIMS = 96;
const rows = randomRows(6000, DIMS);

async function holdChange() {
  const engine = new Engine({ threads: 2, worker: faultyWorker });
  onTestFinished(() => engine.dispose());
  const index = await build(rows, { engine });
  failAtBatch('held', 0);
  const first = index.add(rows);
  await held();
  return { engine, index, first };
}

test('large and small ones are counted with their rows, until they begin', async () => {
  const { engine, index, first } = await holdChange();
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  const later = [index.add(rows.slice(0, 3000)), index.upsert(rows.slice(0, 2), { ids: [1, 2] }), index.remove([5])];
  expect(engine.pending).toEqual({ calls: 3, rows: 3003 });
  release();
  await Promise.all([first, ...later]);
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  expect(index.size).toBe(14_999);
});

test('those that never begin are counted no longer', async () => {
  const { engine, index, first } = await holdChange();
  const calls = Promise.allSettled([first, index.remove(positions(2000)), index.add(rows.slice(0, 1))]);
  expect(engine.pending).toEqual({ calls: 2, rows: 2001 });
  const disposed = index.dispose();
  release();
  await disposed;
  for (const each of await calls) expect(each).toMatchObject({ status: 'rejected', reason: { code: 'Disposed' } });
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
});
