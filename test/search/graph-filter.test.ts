/**
 * Filtered searches through a graph: the filter is asked about as few rows as will do, and k rows are found whenever k rows pass.
 */
import { SearchFilter, VectorIndex } from 'simdex';
import { afterAll, describe, expect, test } from 'vitest';
import { clusteredRows } from './graph-support.js';
import { build, positions, told } from './support.js';

const DIMS = 16;
const COUNT = 6000;
const all = clusteredRows(COUNT + 40, DIMS, 60);
const rows = all.slice(0, COUNT);
const queries = all.slice(COUNT);

/** For tests that change nothing. */
const unchanged = VectorIndex.build<number>(rows, { threadCount: 2, graph: true });
afterAll(async () => (await unchanged).dispose());

/** One of so many ids, whatever the cluster. */
const isOneOf = (every: number) => (id: number) => (Math.imul(id, 2654435761) >>> 8) % every === 0;

function asking(accepts: (id: number) => boolean) {
  const asked: number[] = [];
  const filter = (id: number) => {
    asked.push(id);
    return accepts(id);
  };
  return { asked, filter };
}

describe('a filtered search', () => {
  test('asks only about rows that it meets, as long as enough pass', async () => {
    const index = await unchanged;
    for (const every of [2, 5]) {
      let found = 0;
      for (const query of queries) {
        const { asked, filter } = asking(isOneOf(every));
        const hits = await index.search(query, 10, { filter });
        expect(asked.length).toBeLessThan(COUNT / 3);
        expect(new Set(asked).size).toBe(asked.length);
        expect(hits.exact).toBe(false);
        expect(hits.length).toBe(10);
        expect(hits.ids.every(isOneOf(every))).toBe(true);
        const exact = await index.search(query, 10, { filter: isOneOf(every), exact: true });
        found += hits.ids.filter((id) => exact.ids.includes(id)).length;
      }
      expect(found / (10 * queries.length)).toBeGreaterThan(0.93);
    }
  });

  test.each([
    ['few', (id: number) => id % 700 === 3],
    ['as many as are wanted', (id: number) => id % 600 === 3],
    ['one', (id: number) => id === 77],
    ['none', () => false],
    ['those far away', (id: number) => id % 60 === 59],
  ])('where %s pass gives all that a scan gives', async (_, accepts) => {
    const index = await unchanged;
    const passing = positions(COUNT).filter(accepts).length;
    for (const filter of [accepts, new SearchFilter<number>(accepts)]) {
      const hits = await index.search(queries[0]!, 10, { filter });
      expect(hits.length).toBe(Math.min(10, passing));
      expect(hits.ids.every(accepts)).toBe(true);
      if (hits.exact) expect(told(hits)).toEqual(told(await index.search(queries[0]!, 10, { filter, exact: true })));
    }
  });

  test('with a SearchFilter asks about each row once, whatever is searched for', async () => {
    const index = await build<number>(rows, { graph: true });
    const { asked, filter: predicate } = asking(isOneOf(3));
    const filter = new SearchFilter<number>(predicate);
    await index.search(queries[0]!, 5, { filter });
    const after = asked.length;
    await index.search(queries[0]!, 5, { filter });
    expect(asked.length).toBe(after);
    for (const query of queries) await index.search(query, 5, { filter });
    await index.searchBatch(queries, 5, { filter, exact: true });
    await index.add(queries);
    await index.searchBatch(queries, 5, { filter });
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('as a batch, with offset and threshold, is as one by one', async () => {
    const index = await unchanged;
    const filter = isOneOf(2);
    const options = { filter, effort: 100 };
    const batch = await index.searchBatch(queries, 8, options);
    for (const [i, query] of queries.entries()) {
      const alone = await index.search(query, 8, options);
      expect(told(batch[i]!)).toEqual(told(alone));
      const rest = await index.search(query, 5, { ...options, offset: 3 });
      expect(rest.ids).toEqual(alone.ids.slice(3));
      const near = await index.search(query, 8, { ...options, threshold: alone.scores[4]! });
      expect(near.ids).toEqual(alone.ids.slice(0, 5));
    }
  });

  test('rejects with what the filter throws, and for answers that are no booleans', async () => {
    const index = await unchanged;
    const throwing = () => {
      throw new Error('of the filter');
    };
    await expect(index.search(queries[0]!, 3, { filter: throwing })).rejects.toThrow('of the filter');
    const promising = (() => Promise.resolve(true)) as unknown as (id: number) => boolean;
    await expect(index.search(queries[0]!, 3, { filter: promising })).rejects.toMatchObject({
      code: 'InvalidConfiguration',
    });
    expect((await index.search(queries[0]!, 3)).length).toBe(3);
  });
});
