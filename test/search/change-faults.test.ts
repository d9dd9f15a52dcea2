/**
 * Changes that lose their threads, their memory or their caller: each is done as a whole or leaves the index as it was, and what comes after it
 * is right.
 */
import { VectorIndex } from 'simdex';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Fault, failAtBatch, failNowhere, failures, faultyWorker, held, release } from '../indexing/fault.js';
import { expectBest, rank } from './reference.js';
import { build, load, positions, randomRows } from './support.js';

const DIMS = 96;
const rows = randomRows(6000, DIMS);
const [query] = randomRows(1, DIMS, 2);
const all = [...rows, ...rows.map((row) => row.map((x) => x + 1))];

afterEach(failNowhere);

function expectRows(index: VectorIndex, kept: readonly Float32Array[], ids: readonly number[]): Promise<void> {
  return index.search(query!, 20).then((hits) => expectBest(hits, rank(kept, ids, query!, 'cosine'), 20));
}

describe.each<Fault>(['process.exit', 'throw', 'stack overflow'])('by %s, a thread that dies', (fault) => {
  test.each([0, 1, 5])('at unit %i of vectors that come in is replaced, and they are right', async (unit) => {
    const index = await build(rows, { worker: faultyWorker });
    failAtBatch(fault, unit);
    await index.add(all.slice(6000));
    expect(failures(1)).toBe(1);
    await expectRows(index, all, positions(12_000));
  });

  test('at the same rows twice makes the change fail, and nothing has changed', async () => {
    const index = await build(rows, { worker: faultyWorker });
    const before = index.toBytes();
    failAtBatch(fault, 2, 2);
    await expect(index.upsert(all.slice(6000), { ids: positions(6000) })).rejects.toMatchObject({
      code: 'ThreadPanic',
    });
    failNowhere();
    expect(Buffer.compare(index.toBytes(), before)).toBe(0);
    await index.upsert(all.slice(6000), { ids: positions(6000) });
    await expectRows(index, all.slice(6000), positions(6000));
  });
});

test('a thread that dies while a file is loaded, or dead rows are cleared away, is replaced', async () => {
  const bytes = (await build(rows)).toBytes();
  failAtBatch('process.exit', 1);
  const index = await load(bytes, { worker: faultyWorker });
  expect(failures(1)).toBe(1);
  await expectRows(index, rows, positions(6000));
  failAtBatch('process.exit', 0);
  await index.remove(positions(4000));
  for (let turn = 0; failures(1) === 0 && turn < 1000; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(failures(1)).toBe(1);
  await expectRows(
    index,
    rows.slice(4000),
    positions(2000).map((i) => 4000 + i),
  );
  expect([...index.ids()]).toEqual(positions(2000).map((i) => 4000 + i));
});

test('where dead rows cannot be cleared away, they stay dead, and the index goes on', async () => {
  const index = await build(rows, { worker: faultyWorker });
  failAtBatch('process.exit', 0, 1000);
  await index.remove(positions(5000));
  await new Promise((resolve) => setTimeout(resolve, 300));
  failNowhere();
  const kept = positions(1000).map((i) => 5000 + i);
  expect([...index.ids()]).toEqual(kept);
  await expectRows(index, rows.slice(5000), kept);
  await index.upsert(rows.slice(0, 10), { ids: kept.slice(0, 10) });
  expect([...index.ids()]).toEqual([...kept.slice(10), ...kept.slice(0, 10)]);
});

test('vectors from shared memory come in as others do', async () => {
  const data = new Float32Array(new SharedArrayBuffer(4 * DIMS * 6001), 4 * DIMS);
  for (const [i, row] of rows.entries()) data.set(row, i * DIMS);
  const index = await build({ data, dims: DIMS }, { worker: faultyWorker });
  await expectRows(index, rows, positions(6000));
  failAtBatch('process.exit', 1);
  await index.upsert({ data, dims: DIMS }, { ids: positions(6000) });
  expect(failures(1)).toBe(1);
  await expectRows(index, rows, positions(6000));
  data[17 * DIMS + 3] = Number.NaN;
  await expect(index.add({ data, dims: DIMS })).rejects.toMatchObject({ code: 'NonFinite', vectorIndex: 17 });
  expect(index.size).toBe(6000);
});

test('the lowest vector at fault is told, whatever is wrong with it', async () => {
  const index = await build(rows);
  const wrong = rows.slice(0, 2000).map((row) => row.slice());
  wrong[1500] = new Float32Array(3);
  wrong[700]![2] = Number.POSITIVE_INFINITY;
  await expect(index.add(wrong)).rejects.toMatchObject({ code: 'NonFinite', vectorIndex: 700 });
  wrong[600] = [...wrong[600]!.subarray(1), '1'] as never;
  await expect(index.add(wrong)).rejects.toMatchObject({ code: 'InvalidConfiguration', vectorIndex: 600 });
  wrong[500] = new Float32Array(DIMS);
  await expect(index.add(wrong)).rejects.toMatchObject({ code: 'ZeroMagnitude', vectorIndex: 500 });
  wrong[400] = new Float32Array(0);
  await expect(index.add(wrong)).rejects.toMatchObject({ code: 'EmptyVector', vectorIndex: 400 });
  expect(index.size).toBe(6000);
});

test('dispose ends a change under way and those that wait', async () => {
  const index = await VectorIndex.build(rows, { threadCount: 2, worker: faultyWorker });
  failAtBatch('held', 0);
  const changes = [index.add(all.slice(6000)), index.remove([1]), index.upsert(rows.slice(0, 1), { ids: [3] })];
  const settled = Promise.allSettled(changes);
  await held();
  const disposed = index.dispose();
  release();
  await disposed;
  for (const each of await settled) expect(each).toMatchObject({ status: 'rejected', reason: { code: 'Disposed' } });
});

test('calls that wait behind a large change take effect in their order', async () => {
  const index = await build(rows, { worker: faultyWorker });
  failAtBatch('held', 0);
  const large = index.add(all.slice(6000));
  const later = [
    index.upsert(rows.slice(0, 1), { ids: [7000] }),
    index.remove([7000, 5]),
    index.add(rows.slice(1, 2), { ids: [7000] }),
    index.remove([12_345]),
    index.add(rows.slice(1, 2), { ids: [7000] }).catch((error) => error.code),
  ];
  await held();
  expect([index.size, index.has(5), index.has(7000)]).toEqual([6000, true, false]);
  release();
  await large;
  expect(await Promise.all(later)).toEqual([undefined, 2, undefined, 0, 'InvalidConfiguration']);
  expect(index.size).toBe(11_999);
  expect([...index.ids()].at(-1)).toBe(7000);
});

test('a loop of little changes and searches leaves turns to others', async () => {
  const index = await build(rows.slice(0, 100));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  onTestFinished(() => clearInterval(timer));
  const loops = Array.from({ length: 8 }, async (_, caller) => {
    for (let round = 0; ticks < 3 && round < 50_000; round++) {
      await index.upsert(rows.slice(caller, caller + 1), { ids: [caller] });
      await index.search(query!, 3);
    }
  });
  await Promise.all(loops);
  expect(ticks).toBeGreaterThanOrEqual(3);
});
