/**
 * Beside searching for a vector: rows by their ids, queries by id, hits from an offset on and down to a threshold, and what a filter may
 * answer.
 */
import { Engine, type Metric, SearchFilter, VectorIndex } from 'simdex';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectBest, rank } from './reference.js';
import { build, load, positions, randomRows, told } from './support.js';

const DIMS = 24;
const rows = randomRows(3000, DIMS);
const [query] = randomRows(1, DIMS, 2);
const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];

describe('get', () => {
  test('gives a copy of the row as it is kept, and the magnitude of the vector as it was given', async () => {
    const cosine = await build([[3, 4]], { ids: ['a'] });
    const kept = await cosine.get('a');
    expect(kept).toEqual({ vector: Float32Array.of(Math.fround(0.6), Math.fround(0.8)), magnitude: 5 });
    kept!.vector.fill(9);
    expect((await cosine.get('a'))!.vector[0]).toBeCloseTo(0.6);
    const dot = await build([[3, 4]], { metric: 'dot' });
    expect(await dot.get(0)).toEqual({ vector: Float32Array.of(3, 4), magnitude: 5 });
    const given: ArrayBuffer = (await dot.get(0))!.vector.buffer;
    expect(given.byteLength).toBe(8);
  });

  test('gives undefined for an id that is not there, not there any more, or not there yet', async () => {
    const index = await build(rows.slice(0, 5));
    await index.remove([2]);
    expect(await index.get(2)).toBeUndefined();
    expect(await index.get(5)).toBeUndefined();
    await index.add(rows.slice(5, 6));
    expect((await index.get(5))!.vector.length).toBe(DIMS);
    expect(await (await VectorIndex.build<number>([])).get(0)).toBeUndefined();
  });
});

describe('ids', () => {
  test('come in the order of the rows, and those of the moment', async () => {
    const index = await build(rows.slice(0, 6), { ids: ['f', 'e', 'd', 'c', 'b', 'a'] });
    const before = index.ids();
    expect(before.next()).toEqual({ done: false, value: 'f' });
    await index.upsert(rows.slice(0, 1), { ids: ['e'] });
    await index.remove(['c']);
    expect([...before]).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect([...index.ids()]).toEqual(['f', 'd', 'b', 'a', 'e']);
  });

  test('of an index without rows are none', async () => {
    expect([...(await build([])).ids()]).toEqual([]);
    expect([...(await build([], { dims: 3 })).ids()]).toEqual([]);
  });

  test('that UTF-8 cannot hold, or numbers cannot, are refused where they come in', async () => {
    const index = await build(rows.slice(0, 2), { ids: ['a', 'b'] });
    for (const id of ['\ud800', 'x\udc00y', 'a\udc00\ud800']) {
      await expect(index.add(rows.slice(0, 1), { ids: [id] })).rejects.toThrow(
        /ids\[0\] must be .* half of a surrogate pair/,
      );
    }
    await index.add(rows.slice(0, 1), { ids: ['\ud83d\ude00'] });
    expect(index.has('\ud83d\ude00')).toBe(true);
    await expect(VectorIndex.build(rows.slice(0, 1), { ids: [2 ** 53] })).rejects.toThrow('safe integer');
    const last = await build(rows.slice(0, 1), { ids: [Number.MAX_SAFE_INTEGER] });
    await expect(last.add(rows.slice(0, 1))).rejects.toThrow('ids must be given: there is no number above');
    expect(last.size).toBe(1);
  });

  test('of either kind come to an index that was emptied', async () => {
    const index = await build<string | number>(rows.slice(0, 3));
    await index.remove([0, 1, 2]);
    await index.add(rows.slice(0, 2), { ids: ['x', 'y'] });
    expect([...index.ids()]).toEqual(['x', 'y']);
    await expect(index.add(rows.slice(0, 1), { ids: [7] })).rejects.toThrow('ids[0] must be a string');
    await index.remove(['x', 'y']);
    await index.add(rows.slice(0, 1));
    // A number is never given twice.
    expect([...index.ids()]).toEqual([3]);
    expect([...(await load(index.toBytes())).ids()]).toEqual([3]);
  });

  test('in any order, many of them, are found', async () => {
    const ids = positions(3000).map((i) => (i * 7919) % 3001);
    const index = await build(rows, { ids, metric: 'dot' });
    for (const i of [0, 1, 1234, 2999]) expect((await index.get(ids[i]!))!.vector).toEqual(rows[i]);
    await expect(index.add(rows.slice(0, 2), { ids: [5000, ids[77]!] })).rejects.toThrow(
      `ids[1], ${ids[77]}, is in the index`,
    );
    await expect(
      index.add(rows.slice(0, 700), { ids: positions(700).map((i) => (i === 699 ? 4000 : 4000 + i)) }),
    ).rejects.toThrow('ids[699], 4000, is given twice');
    expect(index.size).toBe(3000);
    expect(index.has(4000)).toBe(false);
  });
});

describe('a query by id', () => {
  test.each(metrics)('is the row of that id, by %s', async (metric) => {
    const index = await build(rows, { metric, ids: positions(3000).map((i) => `row ${i}`) });
    const { vector } = (await index.get('row 17'))!;
    const hits = await index.search({ id: 'row 17' }, 6);
    expect(told(hits)).toEqual(told(await index.search(vector, 6)));
    if (metric !== 'dot') expect(hits.ids[0]).toBe('row 17');
  });

  test('that is not there, or is misspelt, is refused', async () => {
    const index = await build(rows.slice(0, 5));
    const wrong = { code: 'InvalidConfiguration' };
    await expect(index.search({ id: 5 }, 1)).rejects.toMatchObject({
      ...wrong,
      message: expect.stringContaining('query.id'),
    });
    await expect(index.search({ id: 1, vector: [1] } as never, 1)).rejects.toMatchObject(wrong);
    await expect((await build([])).search({ id: 5 }, 1)).rejects.toMatchObject(wrong);
    await expect(index.search({} as never, 1)).rejects.toMatchObject(wrong);
  });
});

describe.each(metrics)('by %s', (metric) => {
  const ranking = rank(rows, positions(3000), query!, metric);

  test.each([
    ['at once', 1],
    ['on threads', 40],
  ])('an offset passes over the best hits, %s', async (_, times) => {
    const index = await build(rows, { metric });
    const queries = Array.from({ length: times }, () => query!);
    for (const [offset, k] of [
      [0, 5],
      [7, 5],
      [2990, 50],
      [3000, 1],
      [4000, 2],
    ] as const) {
      for (const hits of await index.searchBatch(queries, k, { offset })) expectBest(hits, ranking.slice(offset), k);
    }
  });

  test.each([
    ['at once', 1],
    ['on threads', 40],
  ])('a threshold is the worst score that counts, %s', async (_, times) => {
    const index = await build(rows, { metric });
    const queries = Array.from({ length: times }, () => query!);
    const [all] = await index.searchBatch(queries, 3000);
    for (const count of [1, 12, 2999]) {
      // A score that was told lets its own row through.
      const threshold = all!.scores[count - 1]!;
      const within = [...all!.scores].filter((score) =>
        metric === 'euclidean' ? score <= threshold : score >= threshold,
      );
      for (const k of [3, 3000]) {
        for (const hits of await index.searchBatch(queries, k, { threshold })) {
          expect(hits.ids).toEqual(all!.ids.slice(0, Math.min(k, within.length)));
        }
      }
      const [behind] = await index.searchBatch(queries, 3000, { threshold, offset: 1 });
      expect(behind!.ids).toEqual(all!.ids.slice(1, within.length));
    }
    const none = metric === 'euclidean' ? -1 : 1e9;
    expect((await index.search(query!, 5, { threshold: none })).length).toBe(0);
    const any = metric === 'euclidean' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    expect(told(await index.search(query!, 5, { threshold: any }))).toEqual(told(await index.search(query!, 5)));
  });

  test('hits say that they are exact, and how many rows got a score', async () => {
    const index = await build(rows, { metric });
    const hits = await index.search(query!, 10);
    expect(hits.exact).toBe(true);
    expect(hits.rowsScored).toBeGreaterThanOrEqual(10);
    expect(hits.rowsScored).toBeLessThan(3000);
    expect((await index.search(query!, 3000)).rowsScored).toBe(3000);
  });
});

test.each([
  ['threshold', Number.NaN],
  ['threshold', '1'],
  ['offset', -1],
  ['offset', 0.5],
  ['offset', '2'],
])('%s of %s is refused', async (name, value) => {
  const index = await build(rows.slice(0, 5));
  await expect(index.search(query!, 1, { [name]: value })).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringContaining(name),
  });
});

describe('a filter', () => {
  test.each([
    ['a promise', async () => false],
    ['nothing', () => undefined],
    ['a number', () => 1],
  ])('that answers with %s is refused', async (_, filter) => {
    const index = await build(rows.slice(0, 50));
    const refused = {
      code: 'InvalidConfiguration',
      message: expect.stringContaining('filter(0) must be true or false'),
    };
    await expect(index.search(query!, 3, { filter: filter as never })).rejects.toMatchObject(refused);
    await expect(index.searchBatch([query!], 3, { filter: new SearchFilter(filter as never) })).rejects.toMatchObject(
      refused,
    );
  });

  test('that is shared shows each search the rows of its call, though one asks while the other does', async () => {
    const index = await build(rows, { metric: 'dot' });
    const filter = new SearchFilter(() => true);
    const queries = randomRows(60, DIMS, 5);
    const ids = positions(3000);
    const best = rank(rows, ids, queries[0]!, 'dot')[0]!.id as number;
    const before = index.searchBatch(queries, 3, { filter });
    await index.remove([best]);
    const after = index.searchBatch(queries, 3, { filter });
    expect((await after)[0]!.ids).not.toContain(best);
    expect((await before)[0]!.ids[0]).toBe(best);
  });

  test('that is used again keeps its answers when rows are cleared away', async () => {
    const index = await build(rows);
    const asked: unknown[] = [];
    const filter = new SearchFilter((id) => {
      asked.push(id);
      return Number(id) % 2 === 0;
    });
    await index.search(query!, 3, { filter });
    await index.remove(positions(2900));
    const even = positions(3000).filter((id) => id >= 2900 && id % 2 === 0);
    for (let round = 0; round < 20; round++) {
      const { ids } = await index.search(query!, 3000, { filter });
      expect([...ids].sort((a, b) => Number(a) - Number(b))).toEqual(even);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(asked.length).toBe(3000);
  });
});

describe('dims', () => {
  test('make an index that waits for its first vector know how long it is', async () => {
    const index = await build([], { dims: 3 });
    expect([index.dims, index.size]).toEqual([3, 0]);
    await expect(index.search([1, 2], 1)).rejects.toThrow('query must have 3 components');
    expect((await index.search([1, 2, 3], 1)).length).toBe(0);
    await expect(index.add([[1, 2]])).rejects.toMatchObject({ code: 'InvalidConfiguration', vectorIndex: 0 });
    await index.add([[1, 2, 2]]);
    expect((await index.search([1, 2, 3], 1)).length).toBe(1);
    expect((await load((await build([], { dims: 3 })).toBytes())).dims).toBe(3);
  });

  test('are those of every vector', async () => {
    await expect(VectorIndex.build([[1, 2]], { dims: 3 })).rejects.toMatchObject({ code: 'InvalidConfiguration' });
    for (const dims of [0, 1.5, '3']) {
      await expect(VectorIndex.build([], { dims: dims as never })).rejects.toThrow('dims must be a positive integer');
    }
  });
});

describe('an engine', () => {
  test('is shared by indexes, which leave it as it is', async () => {
    await using engine = new Engine({ threads: 2 });
    const first = await VectorIndex.build(rows, { engine });
    const second = await VectorIndex.load(first.toBytes(), { engine, threadCount: 1 });
    expect([first.backend!.threads, second.backend!.threads]).toEqual([2, 1]);
    const queries = randomRows(40, DIMS, 3);
    const expected = (await first.searchBatch(queries, 4)).map(told);
    await first.dispose();
    expect((await second.searchBatch(queries, 4)).map(told)).toEqual(expected);
    await second.dispose();
    await engine.ready();
  });

  test('that was disposed takes its indexes along', async () => {
    const engine = new Engine({ threads: 2 });
    const index = await VectorIndex.build(rows, { engine });
    onTestFinished(() => index.dispose());
    await engine.dispose();
    await expect(index.search(query!, 1)).rejects.toThrow('the engine was disposed');
    await expect(index.add(rows.slice(0, 1))).rejects.toThrow('the engine was disposed');
    await expect(VectorIndex.build(rows, { engine })).rejects.toThrow('the engine was disposed');
  });

  test.each([
    ['maxMemoryBytes', 1e9],
    ['kernel', 'simd'],
    ['worker', 'worker.js'],
    ['wasm', new ArrayBuffer(8)],
    ['threadCount', 3],
  ])('is not given together with %s', async (name, value) => {
    await using engine = new Engine({ threads: 2 });
    await expect(VectorIndex.build(rows, { engine, [name]: value })).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining(name),
    });
  });

  test('that is none is refused', async () => {
    await expect(VectorIndex.build(rows, { engine: {} as never })).rejects.toThrow('engine must be an Engine');
  });

  test('of its own is what an index has that bounds its memory', async () => {
    await expect(VectorIndex.build(rows, { maxMemoryBytes: 100_000 })).rejects.toMatchObject({
      code: 'InsufficientMemory',
    });
    const index = await build(rows, { maxMemoryBytes: 50_000_000 });
    await index.ready();
    expect((await index.search(query!, 2)).length).toBe(2);
  });

  test('has its memory back when an index is disposed', async () => {
    await using engine = new Engine({ threads: 1, maxMemoryBytes: 16_000_000 });
    for (let round = 0; round < 20; round++) {
      const index = await VectorIndex.build(rows, { engine });
      await index.dispose();
    }
  });
});

describe('a source that waits', () => {
  test('for ever, is left at once when the call is aborted, and told', async () => {
    let returned = false;
    const source: AsyncIterable<Float32Array[]> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: async () => {
          returned = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const controller = new AbortController();
    const building = VectorIndex.build(source, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort('enough');
    await expect(building).rejects.toBe('enough');
    expect(returned).toBe(true);
  });

  test('and then fails, makes the call fail with what it threw', async () => {
    async function* source() {
      yield rows.slice(0, 10);
      throw new Error('the disk is gone');
    }
    await expect(VectorIndex.build(source())).rejects.toThrow('the disk is gone');
  });
});

test('the chunks of a stream may have ids of their own; those of the options come first', async () => {
  async function* chunks() {
    yield { data: new Float32Array([1, 0, 0, 1]), dims: 2, ids: ['a', 'b'] };
    yield { data: new Float32Array([3, 4]), dims: 2, ids: ['c'] };
  }
  await using index = await VectorIndex.build(chunks());
  expect([...index.ids()]).toEqual(['a', 'b', 'c']);
  await using other = await VectorIndex.build(chunks(), { ids: [7, 8, 9] });
  expect([...other.ids()]).toEqual([7, 8, 9]);
});

test.each([
  [['a'], undefined, 'the first 1 vectors have ids, the next ones no ids'],
  [undefined, ['a'], 'the first 1 vectors have no ids, the next ones ids'],
  [['a'], ['b', 'c'], 'ids.length must be 1'],
  [['a'], ['a'], 'is given twice'],
])('chunks with the ids %j and %j are refused', async (first, second, said) => {
  async function* chunks() {
    for (const ids of [first, second]) yield { data: new Float32Array([1, 0]), dims: 2, ids };
  }
  await expect(VectorIndex.build(chunks())).rejects.toThrow(said);
});
