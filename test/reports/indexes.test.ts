/**
 * Misuse and unlucky input from public reports of vector stores: usearch, hnswlib, Chroma, LanceDB, pgvector, Qdrant. Each gave a wrong
 * answer, a crash or an error that helps nobody in the library that is named.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, IndexingError, type IndexingErrorCode, SearchFilter, VectorIndex } from 'simdex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../indexing/support.js';

const random = seededRandom(20_260);
const rows = (count: number, dims: number) =>
  Array.from({ length: count }, () => Float32Array.from({ length: dims }, () => random() - 0.5));

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = new Engine({ threads: 2 });
  folder = await mkdtemp(join(tmpdir(), 'simdex-reports-'));
});
afterAll(async () => {
  await engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function refused(work: Promise<unknown>, code: IndexingErrorCode, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(IndexingError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
}

describe('what is asked for', () => {
  test('usearch: more hits than rows gives keys that were never added', async () => {
    await using index = await VectorIndex.build(rows(5, 8), { engine });
    for (const k of [5, 6, 1000]) {
      const hits = await index.search(rows(1, 8)[0]!, k);
      expect(hits.length).toBe(5);
      expect([...hits.ids].sort()).toEqual([0, 1, 2, 3, 4]);
      expect(hits.scores).toHaveLength(5);
    }
  });

  test('usearch: a search of an empty index', async () => {
    await using index = await VectorIndex.build([], { engine, dims: 8 });
    expect((await index.search(rows(1, 8)[0]!, 3)).length).toBe(0);
    expect(await index.searchBatch(rows(2, 8), 3)).toHaveLength(2);
  });

  test('LanceDB: a query of other dims names both', async () => {
    await using index = await VectorIndex.build(rows(2, 2), { engine });
    await refused(index.search([0.1, 0.3, 0.4], 20), 'InvalidConfiguration', /2 components.*got 3/);
  });

  test('Chroma: a row of other dims names both, and nothing is added', async () => {
    await using index = await VectorIndex.build(rows(2, 3), { engine });
    await refused(
      index.add([rows(1, 3)[0]!, rows(1, 4)[0]!], { ids: [7, 8] }),
      'InvalidConfiguration',
      /3 components.*got 4/,
    );
    expect(index.size).toBe(2);
  });

  test('Chroma: rows without components', async () => {
    await refused(VectorIndex.build([[], []], { engine }), 'EmptyVector', /vectors\[0\]/);
    await using index = await VectorIndex.build(rows(1, 2), { engine });
    await refused(index.add([[]], { ids: [9] }), 'EmptyVector', /vectors\[0\]/);
  });

  test('Chroma: no rows at all are nothing to do', async () => {
    await using empty = await VectorIndex.build([], { engine });
    expect(empty.size).toBe(0);
    await empty.add([[3, 4]], { ids: [0] });
    expect(empty.dims).toBe(2);
    await using index = await VectorIndex.build(rows(1, 2), { engine });
    await index.add([], { ids: [] });
    expect(await index.remove([])).toBe(0);
    expect(await index.searchBatch([], 3)).toEqual([]);
    expect(index.size).toBe(1);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10', null, undefined])(
    'pgvector: %s hits',
    async (k) => {
      await using index = await VectorIndex.build(rows(2, 2), { engine });
      await refused(index.search([1, 2], k as number), 'InvalidConfiguration', /k must be/);
    },
  );

  test('Qdrant: a query of zeros has no direction, and one with NaN no order', async () => {
    await using index = await VectorIndex.build(rows(2, 2), { engine });
    await refused(index.search([0, 0], 1), 'ZeroMagnitude', /query/);
    await refused(index.search([Number.NaN, 1], 1), 'InvalidConfiguration', /query/);
    await refused(index.search([null, 1] as unknown as number[], 1), 'InvalidConfiguration', /number/);
  });

  test('Chroma: text in place of numbers is not converted', async () => {
    await refused(
      VectorIndex.build([['1', '2']] as unknown as number[][], { engine }),
      'InvalidConfiguration',
      /number/,
    );
  });
});

describe('ids', () => {
  test('usearch: a key that is there aborts the process; here the index stays as it was', async () => {
    const [first, second] = rows(2, 4);
    await using index = await VectorIndex.build([first!, second!], { engine, ids: ['a', 'b'] });
    await refused(index.add(rows(2, 4), { ids: ['c', 'a'] }), 'InvalidConfiguration', /"a"/);
    expect([...index.ids()]).toEqual(['a', 'b']);
    expect((await index.search(first!, 1)).ids).toEqual(['a']);
  });

  test('Chroma: the same id twice in one call names it', async () => {
    await refused(VectorIndex.build(rows(3, 2), { engine, ids: ['a', 'b', 'a'] }), 'InvalidConfiguration', /"a"/);
  });

  test('Chroma: fewer ids than rows, and more', async () => {
    for (const ids of [['a'], ['a', 'b', 'c']])
      await refused(VectorIndex.build(rows(2, 2), { engine, ids }), 'InvalidConfiguration', /ids\.length must be 2/);
  });

  test('usearch: a key added again after it was removed is found once, at its new place', async () => {
    await using index = await VectorIndex.build(
      [
        [1, 0],
        [0, 1],
      ],
      { engine, ids: [1, 2] },
    );
    await index.remove([1]);
    await index.add([[0, -1]], { ids: [1] });
    expect((await index.search([0, -1], 3)).ids).toEqual([1, 2]);
    expect((await index.search([1, 0], 3)).ids.filter((id) => id === 1)).toHaveLength(1);
  });

  test('usearch: keys beyond 2^53 lose digits; here they are refused', async () => {
    await refused(VectorIndex.build(rows(1, 2), { engine, ids: [2 ** 53] }), 'InvalidConfiguration', /safe integer/);
    await refused(
      VectorIndex.build(rows(1, 2), { engine, ids: [1n] as unknown as number[] }),
      'InvalidConfiguration',
      /safe integer/,
    );
  });

  test.each(['', ' ', '__proto__', 'constructor', 'a\u0000b', '😀', 'x'.repeat(10_000)])(
    'Chroma: the id %j',
    async (id) => {
      await using index = await VectorIndex.build(
        [
          [1, 0],
          [0, 1],
        ],
        { engine, ids: [id, 'other'] },
      );
      await using loaded = await VectorIndex.load<string>(index.toBytes(), { engine });
      expect((await loaded.search([1, 0], 1)).ids).toEqual([id]);
      expect(await loaded.remove([id])).toBe(1);
    },
  );

  test('usearch: keys of an index end, and are those that were added', async () => {
    const ids = Array.from({ length: 1000 }, (_, i) => 3 * i + 1);
    await using index = await VectorIndex.build(rows(1000, 4), { engine, ids });
    expect([...index.ids()]).toEqual(ids);
  });
});

describe('filters', () => {
  test('LanceDB, pgvector: a filter that few rows pass still gives all that do', async () => {
    const vectors = rows(1200, 8);
    for (const graph of [false, true]) {
      await using index = await VectorIndex.build<number>(vectors, { engine, ...(graph && { graph }) });
      for (const k of [1, 3, 10]) {
        const hits = await index.search(vectors[0]!, k, { filter: (id) => id % 400 === 7 });
        expect(hits.ids).toHaveLength(Math.min(k, 3));
        expect(hits.ids.every((id) => id % 400 === 7)).toBe(true);
      }
    }
  });

  test('a filter that no row passes', async () => {
    await using index = await VectorIndex.build(rows(100, 4), { engine });
    expect((await index.search(rows(1, 4)[0]!, 5, { filter: () => false })).length).toBe(0);
  });

  test('a filter that throws fails its own search, and no other', async () => {
    await using index = await VectorIndex.build(rows(100, 4), { engine });
    const fault = new Error('of the caller');
    const failing = index.search(rows(1, 4)[0]!, 5, {
      filter: () => {
        throw fault;
      },
    });
    const others = index.searchBatch(rows(3, 4), 5);
    await expect(failing).rejects.toBe(fault);
    expect((await others).map(({ length }) => length)).toEqual([5, 5, 5]);
  });

  test('a filter that is kept sees rows that come later', async () => {
    await using index = await VectorIndex.build<number>(rows(10, 4), { engine });
    const filter = new SearchFilter<number>((id) => id >= 10);
    expect((await index.search(rows(1, 4)[0]!, 5, { filter })).length).toBe(0);
    await index.add(rows(2, 4), { ids: [10, 11] });
    expect([...(await index.search(rows(1, 4)[0]!, 5, { filter })).ids].sort()).toEqual([10, 11]);
  });
});

describe('files', () => {
  test('usearch: a search after load fails', async () => {
    const vectors = rows(200, 8);
    const path = join(folder, 'saved.safetensors');
    await using index = await VectorIndex.build(vectors, { engine });
    await index.save(path);
    for (const where of ['memory', 'file'] as const) {
      await using loaded = await VectorIndex.load(path, { engine, rows: where });
      const expected = await index.search(vectors[3]!, 7);
      expect(await loaded.search(vectors[3]!, 7)).toMatchObject({ ids: expected.ids, scores: expected.scores });
    }
  });

  test('usearch: nothing can be added to an index that was loaded', async () => {
    await using index = await VectorIndex.build(rows(20, 8), { engine });
    await using loaded = await VectorIndex.load<number>(index.toBytes(), { engine });
    const [added] = rows(1, 8);
    await loaded.add([added!], { ids: [99] });
    expect((await loaded.search(added!, 1)).ids).toEqual([99]);
    expect(loaded.size).toBe(21);
  });

  test.each(['', 'not an index', '{}'])('usearch: a file of %j is named, and the process goes on', async (content) => {
    const path = join(folder, 'foreign.safetensors');
    await writeFile(path, content);
    await refused(VectorIndex.load(path, { engine }), 'MalformedFile', /foreign\.safetensors/);
  });

  test('hnswlib: every cut of a saved index is refused', async () => {
    await using index = await VectorIndex.build(rows(10, 4), { engine, ids: [...'abcdefghij'] });
    const bytes = index.toBytes();
    for (let length = 0; length < bytes.length; length += 97)
      await refused(
        VectorIndex.load(bytes.slice(0, length), { engine }),
        'MalformedFile',
        /truncated|bytes|another kind/,
      );
  });

  test('Chroma: a save to a folder that is not there says so and leaves nothing', async () => {
    await using index = await VectorIndex.build(rows(2, 2), { engine });
    await refused(index.save(join(folder, 'none/x.safetensors')), 'FileAccess', /none/);
    await refused(VectorIndex.load(join(folder, 'none.safetensors'), { engine }), 'FileAccess', /none\.safetensors/);
  });

  test('hnswlib: a save over the file that the index was loaded from', async () => {
    const path = join(folder, 'again.safetensors');
    await using index = await VectorIndex.build(rows(10, 4), { engine });
    await index.save(path);
    await using loaded = await VectorIndex.load<number>(path, { engine, rows: 'file' });
    await loaded.add(rows(1, 4), { ids: [10] });
    await loaded.save(path);
    await using again = await VectorIndex.load(path, { engine });
    expect(again.size).toBe(11);
    expect((await readFile(path)).length).toBeGreaterThan(0);
  });
});

describe('rows', () => {
  test('hnswlib: many equal rows are all found', async () => {
    const [one] = rows(1, 8);
    await using index = await VectorIndex.build(
      Array.from({ length: 300 }, () => one!),
      { engine, graph: true },
    );
    expect(new Set((await index.search(one!, 300, { exact: true })).ids).size).toBe(300);
    expect(new Set((await index.search(one!, 50)).ids).size).toBe(50);
  });

  test('LanceDB: a null vector is named, and none is added', async () => {
    await using index = await VectorIndex.build(rows(1, 2), { engine });
    await refused(
      index.add([[1, 2], null as unknown as number[]], { ids: [5, 6] }),
      'InvalidConfiguration',
      /vectors\[1\]/,
    );
    expect(index.size).toBe(1);
  });

  test('hnswlib: NaN in a row spoils later searches; here it is refused', async () => {
    await using index = await VectorIndex.build(rows(3, 2), { engine });
    await refused(index.upsert([[Number.NaN, 1]], { ids: [0] }), 'NonFinite', /vectors\[0\]/);
    expect((await index.search([1, 0], 3)).length).toBe(3);
  });

  test('hnswlib: distances of squared lengths; here they are lengths', async () => {
    await using index = await VectorIndex.build([[10, 20]], { engine, metric: 'euclidean' });
    expect((await index.search([13, 24], 1)).scores[0]).toBeCloseTo(5, 6);
  });

  test('the array that was given can be changed afterwards', async () => {
    const row = Float32Array.of(1, 0);
    await using index = await VectorIndex.build([row, [0, 1]], { engine });
    row.set([0, 1]);
    expect((await index.search([1, 0], 1)).scores[0]).toBeCloseTo(1, 6);
  });

  test('a change and searches at a time: each search sees all of it or nothing', async () => {
    await using index = await VectorIndex.build(rows(1000, 8), { engine });
    const ids = Array.from({ length: 1000 }, (_, i) => 1000 + i);
    const [query] = rows(1, 8);
    const change = index.add(rows(1000, 8), { ids });
    const sizes = await Promise.all(Array.from({ length: 20 }, async () => (await index.search(query!, 2000)).length));
    await change;
    for (const size of sizes) expect([1000, 2000]).toContain(size);
    expect((await index.search(query!, 2000)).length).toBe(2000);
  });
});
