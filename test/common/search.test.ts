/**
 * Searches: the same hits everywhere, on threads where those share memory, on the calling thread elsewhere.
 */
import { type Metric, RealTimeMonitor, VectorIndex } from 'simdex';
import { expect, onTestFinished, test } from 'vitest';
import { endOf, rejectionOf } from '../indexing/support.js';
import { clusteredRows, graphIsUpToDate } from '../search/graph-support.js';
import { expectBest, rank } from '../search/reference.js';
import { positions, randomRows, told } from '../search/support.js';
import { createIndex, environment, turn } from './environment.js';

const DIMS = 96;
const rows = randomRows(6000, DIMS);
const queries = randomRows(24, DIMS, 2);
const rankings = queries.map((query) => rank(rows, positions(rows.length), query, 'cosine'));

test.each<Metric>(['cosine', 'dot', 'euclidean'])('hits by %s are those of a float64 brute force', async (metric) => {
  const index = await createIndex(rows, { metric });
  const hits = await index.searchBatch(queries, 7);
  for (const [i, query] of queries.entries()) {
    expectBest(hits[i]!, rank(rows, positions(rows.length), query, metric), 7);
  }
  const [query] = queries;
  expectBest(await index.search(query!, 3000), rank(rows, positions(rows.length), query!, metric), 3000);
});

test('what searches is what this environment has; what is missing is told once', async () => {
  const heard: string[] = [];
  const logger = { info: () => undefined, warn: (message: string) => heard.push(message) };
  const index = await createIndex(rows, { logger });
  for (let round = 0; round < 2; round++) {
    await index.searchBatch(queries, 3);
    await index.add(randomRows(2000, DIMS, 3 + round));
  }
  const { kernel, shared } = environment.backend;
  expect(index.backend).toEqual({ kernel, shared, threads: shared ? 2 : 1 });
  const timesTold = (words: string) => heard.filter((message) => message.includes(words)).length;
  expect(timesTold('in slices')).toBe(shared ? 0 : 1);
  expect(timesTold('JavaScript kernel')).toBe(kernel === 'javascript' && environment.kernel === 'auto' ? 1 : 0);
  expect(new Set(heard).size).toBe(heard.length);
});

test('rows of a Blob that stay there, and rows in less than float32: the same hits, before and after changes', async () => {
  const memory = await createIndex(rows);
  const file = new Blob([memory.toBytes()]);
  const index = await VectorIndex.load(file, { rows: 'file', threadCount: 2, kernel: environment.kernel });
  onTestFinished(() => index.dispose());
  expect(index.memory.rows + index.memory.codes).toBeLessThan(memory.memory.rows / 2);
  const more = randomRows(10, DIMS, 7);
  for (let round = 0; round < 2; round++) {
    const expected = await memory.searchBatch(queries, 7);
    expect((await index.searchBatch(queries, 7)).map(told)).toEqual(expected.map(told));
    expect(told(await index.search({ id: 5 }, 3))).toEqual(told(await memory.search({ id: 5 }, 3)));
    for (const each of [memory, index]) {
      await each.remove([1, 2, 3]);
      await each.add(more, { ids: more.map((_, i) => 10_000 * (round + 1) + i) });
    }
  }
});

test('rows as float16 and int8, with the kernel of this environment', async () => {
  for (const precision of ['float16', 'int8'] as const) {
    const index = await createIndex(rows, { precision });
    const kept = await Promise.all(positions(rows.length).map(async (id) => (await index.get(id))!.vector));
    const hits = await index.searchBatch(queries.slice(0, 4), 7);
    for (const [i, query] of queries.slice(0, 4).entries()) {
      expectBest(hits[i]!, rank(kept, positions(rows.length), query, 'cosine'), 7);
    }
    const again = await VectorIndex.load(index.toBytes(), { kernel: environment.kernel });
    onTestFinished(() => again.dispose());
    expect(told(await again.search(queries[0]!, 7))).toEqual(told(hits[0]!));
  }
});

test('filters and changes: a search sees the rows of its call', async () => {
  const index = await createIndex(rows);
  const isEven = (id: unknown) => Number(id) % 2 === 0;
  const before = index.searchBatch(queries, 5, { filter: isEven });
  const removal = index.remove(positions(3000));
  const addition = index.add(queries, { ids: queries.map((_, i) => 10_000 + i) });
  const even = positions(3000).map((i) => 2 * i);
  for (const [i, hits] of (await before).entries()) {
    const ranking = rank(
      even.map((id) => rows[id]!),
      even,
      queries[i]!,
      'cosine',
    );
    expectBest(hits, ranking, 5);
  }
  expect(await removal).toBe(3000);
  await addition;
  const after = await index.searchBatch(queries, 1);
  expect(after.map(({ ids }) => ids[0])).toEqual(queries.map((_, i) => 10_000 + i));
  const filtered = await index.search(queries[0]!, 4000, { filter: (id) => Number(id) < 10_000 });
  expect([...filtered.ids].sort((a, b) => Number(a) - Number(b))).toEqual(positions(3000).map((i) => 3000 + i));
});

test('a signal that is aborted before, while a search waits, and while it is searched', async () => {
  const index = await createIndex(rows);
  expect(await rejectionOf(index.searchBatch(queries, 1, { signal: AbortSignal.abort('before') }))).toBe('before');
  for (let turns = 0; turns < 4; turns++) {
    const [running, waiting] = [new AbortController(), new AbortController()];
    const all = [
      endOf(index.searchBatch(queries, 5, { signal: running.signal })),
      endOf(index.searchBatch(queries, 5, { signal: waiting.signal })),
    ];
    const last = index.searchBatch(queries, 5);
    waiting.abort('waiting');
    for (let i = 0; i < turns; i++) await turn();
    running.abort('running');
    // A search may be done before its signal is aborted.
    expect(['running', 'done']).toContain(await all[0]);
    expect(await all[1]).toBe('waiting');
    for (const [i, hits] of (await last).entries()) expectBest(hits, rankings[i]!, 5);
  }
});

test('the calling thread has its turns while a search lasts', async () => {
  const index = await createIndex(rows);
  await index.searchBatch(queries, 1);
  let searching = true;
  let turns = 0;
  const search = index.searchBatch(randomRows(1000, DIMS, 5), 10).finally(() => {
    searching = false;
  });
  while (searching) {
    await turn();
    turns++;
  }
  expect((await search).length).toBe(1000);
  expect(turns).toBeGreaterThan(3);
});

test.each([0, 1, 3])('dispose %d turns into a search ends it', async (turns) => {
  const index = await createIndex(rows);
  const searches = [queries, queries].map((batch) => endOf(index.searchBatch(batch, 5)));
  for (let i = 0; i < turns; i++) await turn();
  await index.dispose();
  const disposed = { code: 'Disposed', message: expect.stringContaining('the index was disposed') };
  for (const search of searches) {
    const end = await search;
    if (end !== 'done') expect(end).toMatchObject(disposed);
  }
  await expect(index.search(queries[0]!, 1)).rejects.toMatchObject(disposed);
});

test('what was saved and loaded has the same hits', async () => {
  const index = await createIndex(rows, { ids: positions(rows.length).map((i) => `row ${i}`) });
  const heard: string[] = [];
  const logger = { info: () => undefined, warn: (message: string) => heard.push(message) };
  const loaded = await VectorIndex.load(index.toBytes(), { threadCount: 2, kernel: environment.kernel, logger });
  const { kernel } = environment.backend;
  const fallen = kernel === 'javascript' && environment.kernel === 'auto';
  expect(heard.filter((message) => message.startsWith('The JavaScript kernel is used')).length).toBe(fallen ? 1 : 0);
  expect((await loaded.searchBatch(queries, 9)).map(told)).toEqual((await index.searchBatch(queries, 9)).map(told));
  await loaded.dispose();
});

test('the building of a graph is told while it lasts, and reported', async () => {
  const rows = clusteredRows(1200, 16, 20);
  const index = await createIndex(rows);
  const realTime = new RealTimeMonitor(index.monitor);
  const told: number[] = [];
  realTime.on('progress', ({ processed }) => told.push(processed));
  realTime.start();
  const report = await index.buildGraph({ degree: 12, effort: 40, realTime });
  realTime.stop();
  expect(told.at(-1)).toBe(1200);
  expect(report).toMatchObject({ totalVectors: 1200, graph: { rows: 1200, degree: 12, effort: 40, k: 10 } });
  expect(report.backend.kernel).toBe(environment.backend.kernel);
  expect(report.toHtml()).toContain('id="graph"');
  expect(index.monitor.getStats().totalIndexes).toBe(1200);
});

test('a graph finds most of the true hits, takes rows in, and is loaded as it was saved', async () => {
  const some = clusteredRows(1300, 70, 30);
  const [first, later, asked] = [some.slice(0, 1000), some.slice(1000, 1200), some.slice(1200)];
  const index = await createIndex(first, { graph: { degree: 12, effort: 40 } });
  const expectFound = async (index: VectorIndex, count: number) => {
    const hits = await index.searchBatch(asked, 5);
    let found = 0;
    for (const [i, query] of asked.entries()) {
      const best = rank(some.slice(0, count), positions(count), query, 'cosine').slice(0, 5);
      found += hits[i]!.ids.filter((id) => best.some((each) => each.id === id)).length;
    }
    expect(found / (5 * asked.length)).toBeGreaterThan(0.93);
    expect(hits.some(({ exact }) => exact)).toBe(false);
  };
  await expectFound(index, 1000);
  expect((await index.search(asked[0]!, 3, { exact: true })).exact).toBe(true);
  await index.add(later);
  expect((await index.search(later[7]!, 1)).ids).toEqual([1007]);
  await graphIsUpToDate(index);
  await expectFound(index, 1200);
  const bytes = index.toBytes();
  const again = await VectorIndex.load(bytes, { threadCount: 2, kernel: environment.kernel });
  onTestFinished(() => again.dispose());
  expect(again.graph).toMatchObject({ degree: 12, effort: 40, rows: 1200, pending: 0 });
  await expectFound(again, 1200);
});
