/**
 * The graph of a collection: built behind the requests once there are enough points, kept beside the store, and used again after a restart, a kill too.
 */
import { setTimeout as later } from 'node:timers/promises';
import { QdrantClient } from '@qdrant/js-client-rest';
import { expect, test } from 'vitest';
import { serve } from './serving.js';

const DIMS = 16;
const COUNT = 10_500;

/** Points that fill the space, so that a hasty walk misses some. */
const vectorOf = (seed: number) =>
  Array.from({ length: DIMS }, (_, i) =>
    Math.fround((Math.sin((seed + 1) * 12.9898 + (i + 1) * 78.233) * 43758.5453) % 1),
  );

test('a graph is built, searched with hnsw_ef, kept over a restart with rows that came and went, and let go of', async () => {
  let serving = await serve({ threads: 2 });
  let client = new QdrantClient({ url: serving.url });
  const info = () => client.getCollection('c');
  const isWhole = { timeout: 60_000, interval: 50 };
  const inGraph = async (count: number) =>
    expect
      .poll(async () => [(await info()).status, (await info()).indexed_vectors_count], isWhole)
      .toEqual(['green', count]);
  try {
    const vectors = { size: DIMS, distance: 'Euclid' } as const;
    await client.createCollection('c', { vectors, hnsw_config: { m: 6, ef_construct: 32 } });
    const lines = Array.from({ length: COUNT }, (_, i) => JSON.stringify(vectorOf(i))).join('\n');
    await fetch(`${serving.url}/collections/c/points/import?format=jsonl`, { method: 'PUT', body: lines });
    // It is not green before the graph, which is begun some time after the import, has all rows.
    let seen = await info();
    for (; seen.status !== 'green'; seen = await info()) await later(20);
    expect(seen.indexed_vectors_count).toBe(COUNT);
    const queries = Array.from({ length: 200 }, (_, i) => vectorOf(100 * i + 0.5));
    const found = async (params: object) => {
      const searches = queries.map((vector) => ({ vector, limit: 5, params }));
      const url = `${serving.url}/collections/c/points/search/batch?debug=true`;
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ searches }), headers });
      const { result, simdex } = (await answer.json()) as { result: { id: number }[][]; simdex: { exact: boolean }[] };
      return { ids: result.map((hits) => hits.map(({ id }) => id)), isExact: simdex.every(({ exact }) => exact) };
    };
    const exact = await found({ exact: true });
    const right = ({ ids }: typeof exact) =>
      ids.flatMap((some, i) => some.filter((id) => exact.ids[i]!.includes(id))).length;
    expect(exact.isExact).toBe(true);
    const [little, much] = [await found({ hnsw_ef: 1 }), await found({ hnsw_ef: 512 })];
    expect(little.isExact || much.isExact).toBe(false);
    expect(right(much)).toBeGreaterThan(0.9 * 5 * queries.length);
    expect(right(little)).toBeLessThan(right(much));

    // Rows that come and go after the graph was saved.
    serving = await serving.restart();
    client = new QdrantClient({ url: serving.url });
    expect(await info()).toMatchObject({ status: 'green', indexed_vectors_count: COUNT });
    const gone = Array.from({ length: 500 }, (_, i) => 10 * i);
    await client.delete('c', { wait: true, points: gone });
    const moved = Array.from({ length: 100 }, (_, i) => ({ id: 10 * i + 1, vector: vectorOf(COUNT + i) }));
    await client.upsert('c', { wait: true, points: moved });
    serving = await serving.restart();
    client = new QdrantClient({ url: serving.url });
    expect((await info()).indexed_vectors_count).toBeGreaterThan(0.9 * COUNT);
    await inGraph(COUNT - 500);
    for (const id of [1, 501, 7, 10_499]) {
      const vector = id % 10 === 1 && id < 1000 ? vectorOf(COUNT + (id - 1) / 10) : vectorOf(id);
      const [hit] = await client.search('c', { vector, limit: 1, params: { hnsw_ef: 128 } });
      expect(hit).toMatchObject({ id, score: 0 });
    }
    const all = await client.search('c', { vector: vectorOf(0), limit: 50, params: { hnsw_ef: 256 } });
    expect(all.filter(({ id }) => gone.includes(id as number))).toEqual([]);

    await client.updateCollection('c', { hnsw_config: { m: 0 } });
    await inGraph(0);
  } finally {
    await serving[Symbol.asyncDispose]();
  }
});
