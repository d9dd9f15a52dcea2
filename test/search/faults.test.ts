/**
 * Searches that are stopped, run at once, or lose their threads: each gives its hits or its own error, and the index stays
 * usable.
 */
import { VectorIndex } from 'simdex';
import { afterEach, describe, expect, test } from 'vitest';
import { type Fault, failAtBatch, failNowhere, failures, faultyWorker, held, release } from '../indexing/fault.js';
import { expectBest, rank } from './reference.js';
import { build, positions, randomRows, told } from './support.js';

const DIMS = 96;
const rows = randomRows(6000, DIMS);
const queries = randomRows(24, DIMS, 2);
const rankings = queries.map((query) => rank(rows, positions(rows.length), query, 'cosine'));

afterEach(failNowhere);

test('a thread that dies while an index is built is replaced, and the index is right', async () => {
  failAtBatch('process.exit', 1);
  const index = await build(rows, { worker: faultyWorker });
  expect(failures(1)).toBe(1);
  expectBest(await index.search(queries[0]!, 5), rankings[0]!, 5);
});

describe('a thread that dies during a search', () => {
  test.each(['process.exit', 'throw', 'stack overflow'] as const)(
    'by %s is replaced, and the hits are right',
    async (fault) => {
      const warnings: string[] = [];
      const logger = { info: () => undefined, warn: (message: string) => warnings.push(message) };
      const index = await build(rows, { worker: faultyWorker, logger });
      failAtBatch(fault, 3);
      const hits = await index.searchBatch(queries, 5);
      expect(failures(1)).toBe(1);
      expect(warnings).toEqual([expect.stringMatching(/^Thread [01] died during a search and is replaced \(.+\)$/)]);
      for (const [i, each] of hits.entries()) expectBest(each, rankings[i]!, 5);
      expect((await index.searchBatch(queries, 5)).length).toBe(queries.length);
      expect(index.monitor.getStats().totalQueries).toBe(2 * queries.length);
    },
  );

  test.each(['process.exit', 'throw'] as Fault[])(
    'again and again by %s is told, and the index stays usable',
    async (fault) => {
      const index = await build(rows, { worker: faultyWorker });
      failAtBatch(fault, 1, 1000);
      await expect(index.searchBatch(queries, 5)).rejects.toMatchObject({
        code: 'ThreadPanic',
        message: expect.stringMatching(/^Thread [01] panicked during search: /),
      });
      failNowhere();
      expectBest((await index.searchBatch(queries, 5))[0]!, rankings[0]!, 5);
      expect(index.monitor.getStats().totalQueries).toBe(queries.length);
    },
  );

  test('does not harm searches that wait behind it', async () => {
    const index = await build(rows, { worker: faultyWorker });
    failAtBatch('process.exit', 2);
    const all = await Promise.all(Array.from({ length: 6 }, () => index.searchBatch(queries, 5)));
    for (const hits of all) expect(hits.map(told)).toEqual(all[0]!.map(told));
    expectBest(all[0]![9]!, rankings[9]!, 5);
  });
});

describe('a signal', () => {
  test('that is aborted already, is aborted while it waits, and while it is searched, rejects with its reason', async () => {
    const index = await build(rows, { worker: faultyWorker });
    await expect(index.search(queries[0]!, 1, { signal: AbortSignal.abort('before') })).rejects.toBe('before');
    failAtBatch('held', 1);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = index.searchBatch(queries, 5, { signal: running.signal });
    const second = index.searchBatch(queries, 5, { signal: waiting.signal });
    const third = index.searchBatch(queries, 5);
    await held();
    waiting.abort('waiting');
    await expect(second).rejects.toBe('waiting');
    running.abort('running');
    await expect(first).rejects.toBe('running');
    release();
    expectBest((await third)[0]!, rankings[0]!, 5);
    expect(index.monitor.getStats().totalQueries).toBe(queries.length);
  });

  test('of a filter that asks about many rows', async () => {
    const index = await build(rows);
    const controller = new AbortController();
    const filter = (id: unknown) => {
      if (id === 2000) controller.abort('enough');
      for (const until = performance.now() + 0.02; performance.now() < until; );
      return true;
    };
    await expect(index.search(queries[0]!, 1, { filter, signal: controller.signal })).rejects.toBe('enough');
  });
});

describe('dispose', () => {
  test('rejects searches under way and waiting, and changes', async () => {
    const index = await VectorIndex.build(rows, { threadCount: 2 });
    const calls = [
      index.searchBatch(queries, 5),
      index.searchBatch(queries, 5),
      index.add(randomRows(10, DIMS)),
      index.remove([1]),
    ];
    const settled = Promise.allSettled(calls);
    await index.dispose();
    for (const each of (await settled).slice(0, 2)) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'Disposed' } });
    }
    for (const each of (await settled).slice(2)) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'Disposed' });
    }
  });
});

test('searches at once, small and large, each give their own hits', async () => {
  const index = await build(rows);
  const small = await build(rows.slice(0, 200));
  const asked = Array.from({ length: 60 }, (_, i) => {
    const q = i % queries.length;
    if (i % 3 === 0) return index.searchBatch(queries, 4).then((hits) => expectBest(hits[q]!, rankings[q]!, 4));
    if (i % 3 === 1) return index.search(queries[q]!, 9).then((hits) => expectBest(hits, rankings[q]!, 9));
    const ranking = rank(rows.slice(0, 200), positions(200), queries[q]!, 'cosine');
    return small.search(queries[q]!, 3).then((hits) => expectBest(hits, ranking, 3));
  });
  await Promise.all(asked);
});

describe('the monitor', () => {
  test('records every query, a batch as many as it has', async () => {
    const index = await build(rows.slice(0, 100));
    for (let i = 0; i < 5; i++) await index.search(queries[i]!, 1);
    await index.searchBatch(queries, 1);
    const stats = index.monitor.getStats();
    expect(stats.totalQueries).toBe(5 + queries.length);
    expect(stats.totalIndexes).toBe(0);
    expect(stats.maxQueryTimeMs).toBeGreaterThan(0);
    expect(stats.minQueryTimeMs).toBeLessThanOrEqual(stats.avgQueryTimeMs);
  });
});

test('progress is told after every portion, with the total where it is known', async () => {
  const told: unknown[] = [];
  await build(rows.slice(0, 10), { onProgress: (progress) => told.push(progress) });
  expect(told).toEqual([{ processed: 10, total: 10 }]);
  async function* chunks() {
    yield rows.slice(0, 4);
    yield [];
    yield { data: rows[4]!, dims: DIMS };
  }
  const streamed: unknown[] = [];
  const index = await build(chunks(), {
    onProgress: (progress) => streamed.push(progress),
    ids: ['a', 'b', 'c', 'd', 'e'],
  });
  expect(streamed).toEqual([
    { processed: 4, total: undefined },
    { processed: 5, total: undefined },
  ]);
  expect((await index.search(rows[4]!, 1)).ids).toEqual(['e']);
});
