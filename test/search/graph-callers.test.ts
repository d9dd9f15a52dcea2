/**
 * Many callers of a graph at the same time: half of them are answered while the threads have the others, and each has what it
 * asked for.
 */
import { Engine, type SearchOptions, VectorIndex } from 'simdex';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { failAtBatch, failNowhere, faultyWorker, held, release } from '../indexing/fault.js';
import { clusteredRows } from './graph-support.js';
import { build, load, randomRows, told } from './support.js';

const DIMS = 24;
const all = clusteredRows(2064, DIMS, 60);
const rows = all.slice(0, 2000);
const queries = all.slice(2000);
const EFFORT = 300;

afterEach(failNowhere);

const builder = await VectorIndex.build(rows, { threadCount: 2, graph: true });
const saved = builder.toBytes();
await builder.dispose();

async function createIndex() {
  const engine = new Engine({ threads: 2, worker: faultyWorker });
  onTestFinished(() => engine.dispose());
  const index = await load(saved, { engine });
  // The first search waits for what it makes ready, and others join it meanwhile.
  await index.searchBatch(queries, 1, { effort: EFFORT });
  return { engine, index };
}

test('half of them wait while the threads have the others', async () => {
  const { engine, index } = await createIndex();
  const expected = (await index.searchBatch(queries, 10, { effort: EFFORT })).map(told);
  failAtBatch('held', 0);
  const calls = queries.map((query) => index.search(query, 10, { effort: EFFORT }));
  await held();
  expect(engine.pending).toEqual({ calls: 32, rows: 32 });
  release();
  expect((await Promise.all(calls)).map(told)).toEqual(expected);
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
});

test('a few are not worth it', async () => {
  const { engine, index } = await createIndex();
  failAtBatch('held', 0);
  const calls = queries.slice(0, 12).map((query) => index.search(query, 10, { effort: EFFORT }));
  await held();
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
  release();
  await Promise.all(calls);
});

test('a few do not wait for other work of the threads', async () => {
  const { engine, index } = await createIndex();
  const few = queries.slice(0, 12);
  const expected = (await index.searchBatch(few, 10, { effort: EFFORT })).map(told);
  const many = randomRows(6000, 96);
  const other = await build(many, { engine });
  failAtBatch('held', 0);
  const adding = other.add(many);
  await held();
  const found = await Promise.all(few.map((query) => index.search(query, 10, { effort: EFFORT })));
  expect(found.map(told)).toEqual(expected);
  release();
  await adding;
});

test('the threads have the next ones before the first hear of their hits', async () => {
  const { engine, index } = await createIndex();
  failAtBatch('held', 0);
  const first = index.searchBatch(queries.slice(0, 16), 10, { effort: EFFORT });
  const second = index.searchBatch(queries, 10, { effort: EFFORT });
  const pendingThen = first.then(() => engine.pending);
  await held();
  // Preparing 64 queries may take a turn, and the thread that is held does not wait for that.
  await expect.poll(() => engine.pending).toEqual({ calls: 1, rows: 64 });
  release();
  expect(await pendingThen).toEqual({ calls: 0, rows: 0 });
  await second;
});

test('each has its own hits, threshold, offset, effort and signal, again and again', async () => {
  const { index } = await createIndex();
  const best = (await index.search(queries[0]!, 3, { effort: EFFORT })).scores[2]!;
  const asked: [number, SearchOptions][] = queries.map((_, i) => [
    i % 5 === 0 ? 3 : 10,
    {
      effort: i % 7 === 0 ? 200 : EFFORT,
      ...(i % 4 === 0 && { offset: 2 }),
      ...(i % 6 === 0 && { threshold: best }),
      ...(i % 3 === 0 && { signal: new AbortController().signal }),
    },
  ]);
  const expected: unknown[] = [];
  for (const [i, [k, options]] of asked.entries()) expected.push(told(await index.search(queries[i]!, k, options)));
  await Promise.all(
    asked.map(async ([k, options], i) => {
      for (let round = 0; round < 5; round++) {
        expect(told(await index.search(queries[i]!, k, options))).toEqual(expected[i]);
      }
    }),
  );
});

test('those that are aborted reject at once, whether they wait or are under way, and the others are answered', async () => {
  const { engine, index } = await createIndex();
  const expected = (await index.searchBatch(queries, 10, { effort: EFFORT })).map(told);
  const controllers = queries.map(() => new AbortController());
  failAtBatch('held', 0);
  const calls = queries.map((query, i) => {
    const isAborted = i % 2 === 0;
    return index.search(query, 10, { effort: EFFORT, ...(isAborted && { signal: controllers[i]!.signal }) });
  });
  await held();
  for (const [i, controller] of controllers.entries()) controller.abort(`no ${i}`);
  for (let i = 0; i < calls.length; i += 2) await expect(calls[i]).rejects.toBe(`no ${i}`);
  release();
  for (let i = 1; i < calls.length; i += 2) expect(told(await calls[i]!)).toEqual(expected[i]);
  expect(engine.pending).toEqual({ calls: 0, rows: 0 });
});

test('of an index or an engine that is disposed all reject, and nothing is counted any more', async () => {
  for (const end of ['index', 'engine'] as const) {
    const made = await createIndex();
    failAtBatch('held', 0);
    const calls = queries.map((query) => made.index.search(query, 10, { effort: EFFORT }));
    const settled = Promise.allSettled(calls);
    await held();
    const disposed = made[end].dispose();
    release();
    await disposed;
    for (const each of await settled) expect(each).toMatchObject({ status: 'rejected', reason: { code: 'Disposed' } });
    expect(made.engine.pending).toEqual({ calls: 0, rows: 0 });
    failNowhere();
  }
});
