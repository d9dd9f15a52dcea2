/**
 * An index with a graph: searches through it find most of the true hits with exact scores, scans of the same index answer as before, and rows that
 * come and go are seen at once.
 */
import { type Metric, VectorIndex } from 'simdex';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { failAtBatch, failAtRandom, failNowhere, failures, faultyWorker } from '../indexing/fault.js';
import { clusteredRows, foundThemselves, graphIsUpToDate } from './graph-support.js';
import { expectBest, rank } from './reference.js';
import { build, positions, randomRows, told } from './support.js';

const DIMS = 24;
const all = clusteredRows(3200, DIMS, 60);
const rows = all.slice(0, 3000);
const queries = all.slice(3000);

afterEach(failNowhere);

/** For tests that change nothing. */
const unchanged = VectorIndex.build(rows, { threadCount: 2, graph: true });
afterAll(async () => (await unchanged).dispose());

describe.each<Metric>(['cosine', 'dot', 'euclidean'])('by %s, a graph', (metric) => {
  test('finds most of the true hits, and exact searches answer with the same bits as without it', async () => {
    const plain = await build(rows, { metric });
    const index = await build(rows, { metric, graph: { degree: 16, effort: 64 } });
    expect(index.graph).toMatchObject({ degree: 16, effort: 64, rows: 3000, pending: 0 });
    expect(index.graph!.bytes).toBeGreaterThan(3000 * 4 * 17);
    expect(plain.graph).toBeUndefined();
    const expected = await plain.searchBatch(queries, 10);
    expect((await index.searchBatch(queries, 10, { exact: true })).map(told)).toEqual(expected.map(told));
    const found = await index.searchBatch(queries, 10);
    for (const [i, hits] of found.entries()) {
      expect(hits.exact).toBe(false);
      expect(hits.rowsScored).toBeLessThan(3000);
      // Whatever is found has its exact score.
      const scores = new Map(rank(rows, positions(3000), queries[i]!, metric).map(({ id, score }) => [id, score]));
      for (const [at, id] of hits.ids.entries()) expect(hits.scores[at]).toBeCloseTo(scores.get(id)!, 4);
    }
    expect(await index.measureRecall(queries, 10)).toBeGreaterThan(0.94);
    expect(await index.measureRecall(queries, 10, { recall: 0.99 })).toBeGreaterThan(0.98);
    expect(await index.measureRecall(queries, 10, { effort: 800 })).toBeGreaterThan(0.99);
  });
});

describe('a search', () => {
  test('by recall or effort takes as many candidates as that needs, and scans where it is told to', async () => {
    const index = await build(randomRows(3000, DIMS), { graph: true });
    const recall = (options: object) => index.measureRecall(queries, 5, options);
    expect((await index.search(queries[0]!, 5, { effort: 20 })).rowsScored).toBeLessThanOrEqual(20);
    expect(await recall({ effort: 300 })).toBeGreaterThan(await recall({ effort: 5 }));
    expect(await recall({ recall: 0.99 })).toBeGreaterThan(await recall({ recall: 0.3 }));
    for (const options of [{ exact: true }, { recall: 1 }, { effort: 5000 }, { exact: true, effort: 20 }]) {
      expect((await index.search(queries[0]!, 5, options)).exact).toBe(true);
    }
    expect((await index.search(queries[0]!, 101)).exact).toBe(true);
    expect((await index.search(queries[0]!, 101, { effort: 200 })).exact).toBe(false);
  });

  test('one by one, many at once and as a batch gives the same hits', async () => {
    const index = await unchanged;
    const before = index.monitor.getStats().totalQueries;
    const batch = (await index.searchBatch(queries, 10, { effort: 60 })).map(told);
    const together = await Promise.all(queries.map((query) => index.search(query, 10, { effort: 60 })));
    expect(together.map(told)).toEqual(batch);
    for (const [i, query] of queries.entries()) {
      expect(told(await index.search(query, 10, { effort: 60 }))).toEqual(batch[i]);
    }
    expect(index.monitor.getStats().totalQueries - before).toBe(3 * queries.length);
  });

  test('knows threshold, offset and the id of a row', async () => {
    const index = await unchanged;
    const all = await index.search(queries[3]!, 20, { effort: 200 });
    const rest = await index.search(queries[3]!, 15, { effort: 200, offset: 5 });
    expect(rest.ids).toEqual(all.ids.slice(5));
    const near = await index.search(queries[3]!, 20, { effort: 200, threshold: all.scores[7]! });
    expect(near.ids).toEqual(all.ids.slice(0, 8));
    expect((await index.search({ id: 17 }, 1)).ids).toEqual([17]);
  });

  test('that is aborted rejects with the reason of its signal', async () => {
    const index = await unchanged;
    await expect(index.search(queries[0]!, 1, { signal: AbortSignal.abort('before') })).rejects.toBe('before');
    const controller = new AbortController();
    const calls = [
      index.search(queries[0]!, 1, { signal: controller.signal }),
      index.searchBatch(queries, 1, { signal: controller.signal }),
      index.searchBatch(queries, 3),
    ] as const;
    controller.abort('meanwhile');
    await expect(calls[0]).rejects.toBe('meanwhile');
    await expect(calls[1]).rejects.toBe('meanwhile');
    expect((await calls[2]).length).toBe(queries.length);
  });

  test.each([
    [{ recall: 0 }, /recall must be a number above 0, up to 1, got 0/],
    [{ recall: 1.1 }, /recall/],
    [{ recall: '1' }, /recall/],
    [{ effort: 4 }, /effort must be an integer, at least k \(5\), got 4/],
    [{ effort: 10.5 }, /effort/],
    [{ exact: 1 }, /exact must be true or false/],
  ])('with %o is refused, with a graph and without', async (options, message) => {
    for (const graph of [true, false]) {
      const index = await build(rows.slice(0, 50), { graph });
      const call = index.search(queries[0]!, 5, options as object);
      await expect(call).rejects.toMatchObject({
        code: 'InvalidConfiguration',
        message: expect.stringMatching(message),
      });
    }
  });
});

describe('buildGraph', () => {
  test('tells how far it is, and what was measured', async () => {
    const index = await build(rows);
    const told: { processed: number; total: number }[] = [];
    await index.buildGraph({ degree: 12, onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toEqual({ processed: 3000, total: 3000 });
    const { totalIndexes, minIndexTimeMs, maxIndexTimeMs } = index.monitor.getStats();
    expect(totalIndexes).toBe(3000);
    expect(minIndexTimeMs).toBeGreaterThan(0);
    expect(maxIndexTimeMs).toBeLessThan(10_000);
    expect(told.map(({ processed }) => processed)).toEqual(
      told.map(({ processed }) => processed).sort((a, b) => a - b),
    );
    const { calibration } = index.graph!;
    for (const k of [1, 10, 100]) {
      const points = calibration.filter((point) => point.k === k);
      expect(points.length).toBeGreaterThan(2);
      for (const [i, { effort, recall, meanMs }] of points.entries()) {
        expect(effort).toBeGreaterThan(points[i - 1]?.effort ?? k - 1);
        expect(recall).toBeGreaterThan(0.2);
        expect(recall).toBeLessThanOrEqual(1);
        expect(meanMs).toBeGreaterThan(0);
      }
      expect(points.at(-1)!.recall).toBeGreaterThan(0.99);
    }
  });

  test('as a part of build tells how many rows are in the graph', async () => {
    const told: { processed: number; inGraph?: number | undefined }[] = [];
    await build(rows, { graph: { degree: 8, effort: 30 }, onProgress: (progress) => told.push(progress) });
    expect(told[0]).toEqual({ processed: 3000, total: 3000 });
    expect(told.at(-1)).toEqual({ processed: 3000, total: 3000, inGraph: 3000 });
  });

  test('that is aborted, or whose listener throws, leaves the index as it was', async () => {
    const index = await build(rows);
    const controller = new AbortController();
    const building = index.buildGraph({ signal: controller.signal, effort: 500 });
    setTimeout(() => controller.abort('enough'), 30);
    await expect(building).rejects.toBe('enough');
    expect(index.graph).toBeUndefined();
    const failing = index.buildGraph({
      onProgress: () => {
        throw new Error('of the listener');
      },
    });
    await expect(failing).rejects.toThrow('of the listener');
    expect((await index.search(queries[0]!, 3)).exact).toBe(true);
    await index.buildGraph();
    expect(index.graph!.rows).toBe(3000);
  });

  test('goes on with the graph there is until the new one is built, and dropGraph lets it go', async () => {
    const index = await build(rows, { graph: { degree: 8 } });
    const building = index.buildGraph({ degree: 20 });
    expect(index.graph!.degree).toBe(8);
    const before = index.searchBatch(queries, 5);
    await building;
    expect(index.graph!.degree).toBe(20);
    expect((await before).every(({ exact }) => !exact)).toBe(true);
    const during = index.searchBatch(queries, 5);
    await index.dropGraph();
    expect((await during).length).toBe(queries.length);
    expect(index.graph).toBeUndefined();
    expect((await index.search(queries[0]!, 5)).exact).toBe(true);
  });

  test.each([
    [{ degree: 7 }, /degree must be an integer from 8 to 128, got 7/],
    [{ degree: 129 }, /degree/],
    [{ effort: 15 }, /effort must be an integer from 16 to 2048, got 15/],
    [{ effort: 2049 }, /effort/],
    [{ depth: 3 }, /depth/],
  ])('with %o is refused, of build as well', async (options, message) => {
    const index = await build(rows.slice(0, 10));
    const error = { code: 'InvalidConfiguration', message: expect.stringMatching(message) };
    await expect(index.buildGraph(options as object)).rejects.toMatchObject(error);
    await expect(VectorIndex.build(rows.slice(0, 10), { graph: options as object })).rejects.toMatchObject(error);
  });

  test('of an index that is disposed, or while it is, rejects', async () => {
    const index = await VectorIndex.build(rows, { threadCount: 2 });
    const building = expect(index.buildGraph()).rejects.toMatchObject({ code: 'Disposed' });
    await index.dispose();
    await building;
    await expect(index.buildGraph()).rejects.toMatchObject({ code: 'Disposed' });
    await expect(index.dropGraph()).rejects.toMatchObject({ code: 'Disposed' });
  });

  test('makes several parts where one memory does not hold all rows', async () => {
    const index = await build(rows, { metric: 'euclidean', graph: { degree: 128, effort: 32 } }, 2 ** 21);
    expect(index.graph).toMatchObject({ rows: 3000, pending: 0 });
    expect(await index.measureRecall(queries, 10, { recall: 0.95 })).toBeGreaterThan(0.94);
    expect(await foundThemselves(index, rows.slice(0, 200))).toBeGreaterThan(195);
  });
});

describe('rows that come', () => {
  test('are found at once, and are in the graph soon', async () => {
    const index = await build(rows.slice(0, 2000), { graph: true });
    await index.add(rows.slice(2000, 2400));
    expect(index.graph!.pending).toBe(400);
    const hits = await index.searchBatch(rows.slice(2000, 2400), 1);
    expect(hits.map(({ ids }) => ids[0])).toEqual(positions(400).map((i) => 2000 + i));
    expect(hits[0]!.exact).toBe(false);
    await graphIsUpToDate(index);
    expect(await foundThemselves(index, rows.slice(2000, 2400))).toBeGreaterThan(390);
    // Now in a graph that has grown.
    await index.add(rows.slice(2400));
    await graphIsUpToDate(index);
    expect(index.graph!.rows).toBe(3000);
    expect(await index.measureRecall(queries, 10, { recall: 0.95 })).toBeGreaterThan(0.94);
  });

  test('to an index that had none and no dims', async () => {
    const index = await build([], { graph: { degree: 9 } });
    expect(index.graph).toMatchObject({ degree: 9, rows: 0, pending: 0 });
    await index.add(rows.slice(0, 1));
    expect((await index.search(rows[0]!, 1)).ids).toEqual([0]);
    await index.add(rows.slice(1, 600));
    await graphIsUpToDate(index);
    expect(index.graph).toMatchObject({ degree: 9, rows: 600 });
    expect(await foundThemselves(index, rows.slice(0, 600))).toBeGreaterThan(590);
  });
});

describe('rows that go', () => {
  test('are never hits, and their neighbours are found after lists were mended', async () => {
    const index = await build(rows, { graph: { degree: 12 } });
    const ids = positions(3000).filter((id) => id % 3 !== 0);
    const left = rows.filter((_, id) => id % 3 === 0);
    await index.remove(ids);
    const check = async () => {
      const hits = await index.searchBatch(queries, 10, { effort: 100 });
      expect(hits.every((each) => each.length === 10 && each.ids.every((id) => Number(id) % 3 === 0))).toBe(true);
      expect(await foundThemselves(index, left)).toBeGreaterThan(980);
    };
    await check();
    await graphIsUpToDate(index);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await check();
    expect(await index.measureRecall(queries, 10, { effort: 200 })).toBeGreaterThan(0.97);
  });

  test('all of them, and come back', async () => {
    const index = await build(rows.slice(0, 1500), { graph: true });
    for (let round = 0; round < 3; round++) {
      await index.remove([...index.ids()]);
      expect((await index.search(queries[0]!, 5)).length).toBe(0);
      await index.add(rows.slice(0, 1500));
      await graphIsUpToDate(index);
      expect(await foundThemselves(index, rows.slice(0, 1500))).toBeGreaterThan(1470);
    }
  });

  test('by upsert are replaced', async () => {
    const index = await build(rows, { graph: true });
    const fresh = randomRows(200, DIMS, 9);
    await index.upsert(fresh, { ids: positions(200) });
    const hits = await index.searchBatch(fresh, 1);
    expect(hits.map(({ ids }) => ids[0])).toEqual(positions(200));
    await graphIsUpToDate(index);
    expect(await foundThemselves(index, fresh)).toBeGreaterThan(195);
  });
});

describe('a thread that dies', () => {
  test.each(['process.exit', 'throw'] as const)('by %s while a graph is built: the build goes on', async (fault) => {
    const warnings: string[] = [];
    const logger = { info: () => undefined, warn: (message: string) => warnings.push(message) };
    const index = await build(rows, { worker: faultyWorker, logger });
    failAtBatch(fault, 5);
    await index.buildGraph({ degree: 12 });
    expect(failures(1)).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/^Thread [01] died while it worked on the graph and is replaced/)]);
    expect(index.graph).toMatchObject({ rows: 3000, pending: 0 });
    expect(await foundThemselves(index, rows)).toBeGreaterThan(2940);
  });

  test('again and again at the same rows: the build is given up, and the index stays', async () => {
    const index = await build(rows, { worker: faultyWorker });
    failAtBatch('process.exit', 3, 1000);
    await expect(index.buildGraph()).rejects.toMatchObject({ code: 'ThreadPanic' });
    failNowhere();
    expect(index.graph).toBeUndefined();
    expectBest(await index.search(queries[0]!, 5), rank(rows, positions(3000), queries[0]!, 'cosine'), 5);
  });

  test('during a search: the hits are right', async () => {
    const index = await build(rows, { worker: faultyWorker, graph: true });
    const expected = (await index.searchBatch(queries, 5, { effort: 50 })).map(told);
    failAtBatch('process.exit', 2);
    expect((await index.searchBatch(queries, 5, { effort: 50 })).map(told)).toEqual(expected);
    expect(failures(1)).toBe(1);
  });

  test('while rows are put in or lists are mended: nothing is lost', async () => {
    const index = await build(rows.slice(0, 2000), { worker: faultyWorker, graph: { degree: 12 } });
    failAtRandom('process.exit', 60, 3, 6);
    await index.add(rows.slice(2000));
    await index.remove(positions(900));
    await graphIsUpToDate(index);
    await new Promise((resolve) => setTimeout(resolve, 300));
    failNowhere();
    await index.add(rows.slice(0, 10));
    await graphIsUpToDate(index);
    expect(await foundThemselves(index, rows.slice(900))).toBeGreaterThan(2050);
  });
});
