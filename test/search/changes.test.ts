/**
 * Adding, replacing and removing rows: an index is always what a list of rows would be, and a search sees the rows of the
 * moment it was called.
 */
import fc from 'fast-check';
import { SearchFilter, VectorIndex } from 'simdex';
import { describe, expect, test } from 'vitest';
import { expectBest, rank } from './reference.js';
import { build, positions, randomRows } from './support.js';

const DIMS = 6;

describe('ids', () => {
  test('are positions by default, go on where rows are added, and are never given twice', async () => {
    const index = await build(randomRows(3, DIMS));
    expect([index.has(0), index.has(2), index.has(3), index.has(-1), index.has('0'), index.has(0.5)]).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(await index.remove([2])).toBe(1);
    await index.add(randomRows(2, DIMS));
    expect([0, 1, 2, 3, 4, 5].map((id) => index.has(id))).toEqual([true, true, false, true, true, false]);
    expect(index.size).toBe(4);
  });

  test('may be strings, typed arrays, or any integers', async () => {
    const strings = await build(randomRows(2, DIMS), { ids: ['a', ''] });
    expect(strings.has('')).toBe(true);
    await expect(strings.add(randomRows(1, DIMS))).rejects.toThrow(
      'ids must be given: those of this index are strings',
    );
    await expect(strings.add(randomRows(1, DIMS), { ids: [1] })).rejects.toThrow('ids[0] must be a string');
    await strings.add(randomRows(1, DIMS), { ids: ['b'] });
    expect(strings.size).toBe(3);

    const numbers = await build(randomRows(3, DIMS), { ids: Int32Array.of(-5, 70, 3) });
    await numbers.add(randomRows(1, DIMS));
    expect([-5, 70, 3, 71].every((id) => numbers.has(id))).toBe(true);
    await expect(numbers.add(randomRows(2, DIMS), { ids: [1, 70] })).rejects.toThrow('ids[1], 70, is in the index');
    expect(numbers.has(1)).toBe(false);
    expect(numbers.size).toBe(4);
  });

  test('are what the first rows of an empty index have', async () => {
    const index = await build([]);
    expect(index.dims).toBe(0);
    expect(await index.search([1, 2], 3)).toEqual({
      ids: [],
      scores: new Float32Array(),
      length: 0,
      exact: true,
      rowsScored: 0,
    });
    expect(
      await index.searchBatch(
        [
          [1, 2],
          [3, 4],
        ],
        3,
      ),
    ).toHaveLength(2);
    await index.add(randomRows(2, DIMS), { ids: ['x', 'y'] });
    expect(index.dims).toBe(DIMS);
    expect(index.has('x')).toBe(true);
    await index.add([]);
    expect(index.size).toBe(2);
  });
});

describe('a change that fails leaves the index as it was', () => {
  test.each([
    [
      'a vector that is not finite',
      [
        [1, 1, 1, 1, 1, 1],
        [1, Number.NaN, 1, 1, 1, 1],
      ],
      [100, 101],
      'NonFinite',
    ],
    ['other dims', [[1, 2]], [100], 'InvalidConfiguration'],
    ['an id given twice', randomRows(2, DIMS), [100, 100], 'InvalidConfiguration'],
    ['a wrong number of ids', randomRows(2, DIMS), [100], 'InvalidConfiguration'],
  ])('%s', async (_, vectors, ids, code) => {
    const index = await build(randomRows(50, DIMS));
    const before = index.toBytes();
    await expect(index.add(vectors, { ids })).rejects.toMatchObject({ code });
    await expect(index.upsert(vectors, { ids })).rejects.toMatchObject({ code });
    expect(index.toBytes()).toEqual(before);
    await index.add(randomRows(1, DIMS, 9));
    expect(index.has(50)).toBe(true);
  });

  test('upsert without ids, remove without a list, a misspelt option', async () => {
    const index = await build(randomRows(5, DIMS));
    await expect(index.upsert(randomRows(1, DIMS), {} as never)).rejects.toMatchObject({
      code: 'InvalidConfiguration',
    });
    await expect(index.remove(3 as never)).rejects.toMatchObject({ code: 'InvalidConfiguration' });
    await expect(index.add(randomRows(1, DIMS), { id: [7] } as never)).rejects.toThrow('options.id');
    expect(index.size).toBe(5);
  });
});

/** The same index as a list, in order. */
class Model {
  rows: { id: number; row: Float32Array }[] = [];
  add(id: number, row: Float32Array) {
    this.rows.push({ id, row });
  }
  remove(id: number) {
    const before = this.rows.length;
    this.rows = this.rows.filter((each) => each.id !== id);
    return before - this.rows.length;
  }
}

/** Rows of 65 components have an int8 copy. */
test.each([DIMS, 65])(
  'any sequence of changes of rows of %i components gives the index that a list gives, also after it was cleared up and saved',
  async (dims) => {
    const change = fc.record({
      kind: fc.constantFrom('add', 'upsert', 'remove', 'remove many'),
      ids: fc.uniqueArray(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 60 }),
      seed: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 4, maxLength: 14 }), fc.boolean(), async (changes, explicit) => {
        const first = randomRows(600, dims, 77);
        const model = new Model();
        for (const [i, row] of first.entries()) model.add(explicit ? 1000 + i : i, row);
        const index = await VectorIndex.buildInSegments(
          first,
          { threadCount: 1, metric: 'euclidean', ...(explicit && { ids: model.rows.map(({ id }) => id) }) },
          3 * 2 ** 20,
        );
        try {
          for (const { kind, ids, seed } of changes) {
            if (kind === 'remove') {
              let removed = 0;
              for (const id of ids) removed += model.remove(id);
              expect(await index.remove([...ids, ...ids, -3])).toBe(removed);
            } else if (kind === 'remove many') {
              const many = model.rows.map(({ id }) => id).filter((id) => (id + seed) % 4 !== 0);
              for (const id of many) model.remove(id);
              expect(await index.remove(many)).toBe(many.length);
            } else {
              const wanted = kind === 'upsert' ? ids : ids.filter((id) => !model.rows.some((each) => each.id === id));
              const rows = randomRows(wanted.length, dims, seed);
              for (const [i, id] of wanted.entries()) {
                model.remove(id);
                model.add(id, rows[i]!);
              }
              await index[kind](rows, { ids: wanted });
            }
            expect(index.size).toBe(model.rows.length);
          }
          await expectSame(index, model, dims);
          const loaded = await VectorIndex.load(index.toBytes(), { threadCount: 1 });
          await expectSame(loaded, model, dims);
          await loaded.dispose();
        } finally {
          await index.dispose();
        }
      }),
      { numRuns: 25 },
    );
  },
);

async function expectSame(index: VectorIndex, model: Model, dims: number): Promise<void> {
  const ids = model.rows.map(({ id }) => id);
  const rows = model.rows.map(({ row }) => row);
  for (const id of positions(1700)) if (index.has(id) !== ids.includes(id)) expect.fail(`has(${id})`);
  for (const query of randomRows(3, dims, 5)) {
    expectBest(await index.search(query, 40), rank(rows, ids, query, 'euclidean'), 40);
  }
}

test('cleared up, an index with ten rows is as small as one built of ten', async () => {
  const rows = randomRows(5000, DIMS);
  const index = await build(rows);
  await index.remove(positions(4990));
  const ten = await build(rows.slice(4990), { ids: positions(10).map((i) => 4990 + i) });
  expect(index.toBytes()).toEqual(ten.toBytes());
  expect((await index.search(rows[4995]!, 1)).ids).toEqual([4995]);
  await index.add(rows.slice(0, 1));
  expect(index.has(5000)).toBe(true);
});

describe('a search sees the rows that were there when it was called', () => {
  const COUNT = 9000;
  const WIDE = 64;
  const base = randomRows(COUNT, WIDE);
  const queries = randomRows(32, WIDE, 3);

  test('whatever is added, replaced and removed meanwhile', async () => {
    const index = await build(base, { metric: 'dot' });
    const state = new Map(base.map((row, id) => [id, row]));
    const expected: { hits: Promise<unknown>; rows: Float32Array[]; ids: number[] }[] = [];
    const changes: Promise<unknown>[] = [];
    for (let round = 0; round < 6; round++) {
      // What was asked for before is waited for: the state at the time of the call is then known.
      await Promise.all(changes.splice(0));
      const rows = [...state.values()];
      const ids = [...state.keys()];
      const asked = () => expected.push({ hits: index.searchBatch(queries, 5), rows, ids });
      asked();
      asked();
      const fresh = randomRows(600, WIDE, 100 + round).map((row) => row.map((x) => 10 * x));
      const added = positions(600).map((i) => COUNT + round * 600 + i);
      const replaced = positions(50).map((i) => round * 100 + i);
      const removed = positions(200).map((i) => 5000 + round * 200 + i);
      changes.push(index.add(fresh, { ids: added }));
      changes.push(index.upsert(fresh.slice(0, 50), { ids: replaced }));
      changes.push(index.remove(removed));
      // Still of the state before: the first change is too large to be done at once, and the others come after it.
      asked();
      for (const [i, id] of added.entries()) state.set(id, fresh[i]!);
      for (const [i, id] of replaced.entries()) {
        state.delete(id);
        state.set(id, fresh[i]!);
      }
      for (const id of removed) state.delete(id);
    }
    await Promise.all(changes);
    for (const { hits, rows, ids } of expected) {
      const found = (await hits) as Awaited<ReturnType<VectorIndex['searchBatch']>>;
      for (const i of [0, 31]) expectBest(found[i]!, rank(rows, ids, queries[i]!, 'dot'), 5);
    }
  });

  test('a search while the index is cleared up', async () => {
    const index = await build(base);
    const ids = base.map((_, id) => id);
    const before = index.searchBatch(queries, 4);
    const removed = index.remove(positions(8000));
    const during = Array.from({ length: 5 }, () => index.searchBatch(queries, 4));
    expect(await removed).toBe(8000);
    const after = await index.searchBatch(queries, 4);
    const all = [before, ...during];
    for (const hits of all) expectBest((await hits)[7]!, rank(base, ids, queries[7]!, 'cosine'), 4);
    expectBest(after[7]!, rank(base.slice(8000), ids.slice(8000), queries[7]!, 'cosine'), 4);
  });
});

describe('filters', () => {
  const rows = randomRows(9000, 40);
  const queries = randomRows(20, 40, 2);

  test.each([
    ['every other', (id: unknown) => Number(id) % 2 === 0],
    ['one in a thousand', (id: unknown) => Number(id) % 1000 === 7],
    ['the last one', (id: unknown) => id === 8999],
    ['none', () => false],
  ])('a predicate that accepts %s', async (_, filter) => {
    const index = await build(rows, {}, 2 ** 22);
    const ids = positions(9000).filter(filter);
    const accepted = ids.map((id) => rows[id]!);
    const batch = await index.searchBatch(queries, 12, { filter });
    for (const [i, query] of queries.entries()) {
      const ranking = rank(accepted, ids, query, 'cosine');
      expectBest(batch[i]!, ranking, 12);
      if (i < 3) expectBest(await index.search(query, 12, { filter }), ranking, 12);
    }
  });

  test('a reusable one asks about every row once, also about rows added later, and never about removed ones', async () => {
    const index = await build(rows.slice(0, 500));
    const asked: unknown[] = [];
    const filter = new SearchFilter((id) => {
      asked.push(id);
      return Number(id) % 2 === 1;
    });
    await index.search(queries[0]!, 3, { filter });
    expect(asked).toEqual(positions(500));
    await index.search(queries[1]!, 3, { filter });
    expect(asked.length).toBe(500);
    await index.add(rows.slice(500, 700));
    await index.remove([600, 601, 1]);
    const { ids } = await index.search(queries[2]!, 700, { filter });
    expect(asked.length).toBe(698);
    const expected = positions(700).filter((id) => id % 2 === 1 && id !== 601 && id !== 1);
    expect([...ids].sort((a, b) => Number(a) - Number(b))).toEqual(expected);
  });

  test('what a predicate throws is what the search rejects with', async () => {
    const index = await build(rows.slice(0, 10));
    const filter = () => {
      throw new Error('mine');
    };
    await expect(index.search(queries[0]!, 1, { filter })).rejects.toThrow('mine');
    expect(index.monitor.getStats().totalQueries).toBe(0);
  });
});
