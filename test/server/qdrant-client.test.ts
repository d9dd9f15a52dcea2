/**
 * The flows that the documentation of @qdrant/js-client-rest shows, by that client over a socket.
 */
import { QdrantClient } from '@qdrant/js-client-rest';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Serving, serve } from './serving.js';

let serving: Serving;
let client: QdrantClient;

const uuid = 'c0e09a3b-8d5a-4c0e-9a0b-7f0f5b0f5b0f';
const points = [
  { id: 1, vector: [0.05, 0.61, 0.76, 0.74], payload: { city: 'Berlin', count: 10, tags: ['a', 'b'] } },
  { id: 2, vector: [0.19, 0.81, 0.75, 0.11], payload: { city: 'London', count: 20 } },
  { id: 3, vector: [0.36, 0.55, 0.47, 0.94], payload: { city: 'Moscow', count: null } },
  { id: 4, vector: [0.18, 0.01, 0.85, 0.8], payload: { city: 'London', count: 40 } },
  { id: 5, vector: [0.24, 0.18, 0.22, 0.44], payload: { city: 'Berlin', nested: { deep: [1, 2] } } },
  { id: uuid, vector: [0.35, 0.08, 0.11, 0.44], payload: {} },
];

beforeAll(async () => {
  serving = await serve();
  client = new QdrantClient({ url: serving.url });
});
afterAll(async () => {
  await serving[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await client.recreateCollection('c', { vectors: { size: 4, distance: 'Dot' } });
  await client.upsert('c', { wait: true, points });
});

const idsOf = (found: readonly { readonly id: string | number }[]) => found.map(({ id }) => id);

test('the client asks for the version and warns of nothing', async () => {
  const warn = vi.spyOn(console, 'warn');
  const fresh = new QdrantClient({ url: serving.url, checkCompatibility: true });
  await fresh.getCollections();
  expect(await fresh.versionInfo()).toMatchObject({ version: '1.18.0' });
  // The client looks at the version behind the caller's back.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(warn).not.toHaveBeenCalled();
});

test('collections are listed, described, updated, looked for and deleted', async () => {
  expect(await client.getCollections()).toEqual({ collections: [{ name: 'c' }] });
  const hnsw = { m: 8, ef_construct: 200 };
  await client.createCollection('d', { vectors: { size: 2, distance: 'Euclid', on_disk: true }, hnsw_config: hnsw });
  const info = await client.getCollection('d');
  expect(info).toMatchObject({ status: 'green', points_count: 0, optimizer_status: 'ok' });
  expect(info.config.params.vectors).toEqual({ size: 2, distance: 'Euclid', on_disk: false });
  expect(info.config.hnsw_config).toMatchObject(hnsw);
  expect(await client.updateCollection('d', { hnsw_config: { m: 24 } })).toBe(true);
  expect((await client.getCollection('d')).config.hnsw_config).toMatchObject({ m: 24, ef_construct: 200 });
  expect(await client.collectionExists('d')).toEqual({ exists: true });
  expect(await client.deleteCollection('d')).toBe(true);
  expect(await client.collectionExists('d')).toEqual({ exists: false });
  expect(await client.deleteCollection('d')).toBe(false);
});

test('search gives the best points with scores, payloads and vectors', async () => {
  const found = await client.search('c', { vector: [0.2, 0.1, 0.9, 0.7], limit: 3, with_vector: true });
  expect(idsOf(found)).toEqual([4, 1, 3]);
  const score = 0.18 * 0.2 + 0.01 * 0.1 + 0.85 * 0.9 + 0.8 * 0.7;
  expect(found[0]).toMatchObject({ payload: { city: 'London', count: 40 }, version: 0 });
  expect(found[0]!.score).toBeCloseTo(score, 5);
  expect(found[0]!.vector).toEqual([...Float32Array.of(0.18, 0.01, 0.85, 0.8)]);
  const vector = [0.2, 0.1, 0.9, 0.7];
  const bare = await client.search('c', { vector, limit: 1, with_payload: false });
  expect(bare[0]).not.toHaveProperty('payload');
  const some = await client.search('c', { vector, limit: 1, with_payload: ['city'] });
  expect(some[0]!.payload).toEqual({ city: 'London' });
  const others = await client.search('c', { vector, limit: 1, with_payload: { exclude: ['city'] } });
  expect(others[0]!.payload).toEqual({ count: 40 });
});

test('offset and score_threshold leave hits out', async () => {
  const vector = [0.2, 0.1, 0.9, 0.7];
  const all = await client.search('c', { vector, limit: 10 });
  expect(idsOf(await client.search('c', { vector, limit: 2, offset: 2 }))).toEqual(idsOf(all).slice(2, 4));
  const score_threshold = all[2]!.score;
  expect(idsOf(await client.search('c', { vector, limit: 10, score_threshold }))).toEqual(idsOf(all).slice(0, 3));
});

test('search with a filter finds what passes', async () => {
  const london = { must: [{ key: 'city', match: { value: 'London' } }] };
  const vector = [0.2, 0.1, 0.9, 0.7];
  expect(idsOf(await client.search('c', { vector, limit: 5, filter: london }))).toEqual([4, 2]);
  const exact = { exact: true };
  expect(idsOf(await client.search('c', { vector, limit: 5, filter: london, params: exact }))).toEqual([4, 2]);
  expect(idsOf(await client.search('c', { vector, limit: 1, params: { hnsw_ef: 16 } }))).toEqual([4]);
});

test('searches in a batch are answered in their order', async () => {
  const searches = [
    { vector: [1, 0, 0, 0], limit: 1 },
    { vector: [0, 1, 0, 0], limit: 1, filter: { must_not: [{ has_id: [2] }] } },
  ];
  expect((await client.searchBatch('c', { searches })).map(idsOf)).toEqual([[3], [1]]);
});

test('query takes a vector, an id, and many at a time', async () => {
  const by = { limit: 2, with_payload: true };
  const nearest = await client.query('c', { query: [0.2, 0.1, 0.9, 0.7], ...by });
  expect(idsOf(nearest.points)).toEqual([4, 1]);
  expect(nearest.points[0]!.payload).toEqual({ city: 'London', count: 40 });
  // The point itself is no hit.
  const others = await client.query('c', { query: 4, limit: 10 });
  expect(idsOf(others.points)).toHaveLength(5);
  expect(idsOf(others.points)).not.toContain(4);
  const second = await client.query('c', { query: uuid, limit: 1, offset: 1 });
  expect(idsOf(second.points)).toEqual([idsOf((await client.query('c', { query: uuid, limit: 5 })).points)[1]]);
  const batch = await client.queryBatch('c', {
    searches: [
      { query: 4, limit: 1 },
      { query: { nearest: [0, 1, 0, 0] }, limit: 1 },
    ],
  });
  expect(batch.map(({ points }) => idsOf(points))).toEqual([[1], [2]]);
});

test('maximal marginal relevance takes hits that are unlike each other', async () => {
  await client.recreateCollection('m', { vectors: { size: 2, distance: 'Cosine' } });
  const vectors = [
    [1, 0],
    [1, 0.01],
    [1, 0.02],
    [0.6, 0.8],
  ];
  await client.upsert('m', { batch: { ids: [1, 2, 3, 4], vectors } });
  const query = (diversity: number) =>
    client.query('m', { query: { nearest: [1, 0], mmr: { diversity, candidates_limit: 4 } }, limit: 2 });
  expect(idsOf((await query(0)).points)).toEqual([1, 2]);
  expect(idsOf((await query(0.9)).points)).toEqual([1, 4]);
});

test('scroll goes through all points in the order of their ids', async () => {
  const seen: (string | number)[] = [];
  let offset: string | number | undefined;
  for (let pages = 0; pages < 10; pages++) {
    const page = await client.scroll('c', { limit: 2, ...(offset !== undefined && { offset }) });
    seen.push(...idsOf(page.points));
    const next = page.next_page_offset;
    if (next === null || next === undefined) break;
    offset = next as string | number;
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, uuid]);
  const filter = { should: [{ key: 'city', match: { value: 'Berlin' } }] };
  const berlin = await client.scroll('c', { filter, limit: 5, with_vector: true, with_payload: false });
  expect(idsOf(berlin.points)).toEqual([1, 5]);
  expect(berlin.points[0]).not.toHaveProperty('payload');
  expect(berlin.points[0]!.vector).toHaveLength(4);
  expect(berlin.next_page_offset).toBeNull();
});

test('points are read by their ids, and counted', async () => {
  const found = await client.retrieve('c', { ids: [uuid, 99, 3] });
  expect(idsOf(found)).toEqual([uuid, 3]);
  expect(found[1]!.payload).toEqual({ city: 'Moscow', count: null });
  expect(await client.count('c')).toEqual({ count: 6 });
  expect(await client.count('c', { filter: { must: [{ key: 'count', range: { gte: 20 } }] } })).toEqual({ count: 2 });
});

test('points are replaced and deleted, by ids and by a filter', async () => {
  await client.upsert('c', {
    wait: true,
    batch: {
      ids: [1, 6],
      vectors: [
        [9, 0, 0, 0],
        [8, 0, 0, 0],
      ],
      payloads: [{ n: 1 }, null],
    },
  });
  const [first, second] = await client.search('c', { vector: [1, 0, 0, 0], limit: 2 });
  expect(first).toMatchObject({ id: 1, payload: { n: 1 }, score: 9 });
  expect(second).toMatchObject({ id: 6, payload: {}, score: 8 });
  expect(await client.delete('c', { wait: true, points: [1, 99] })).toMatchObject({ status: 'completed' });
  await client.delete('c', { wait: true, filter: { must: [{ key: 'city', match: { any: ['London', 'Moscow'] } }] } });
  expect(idsOf((await client.scroll('c')).points)).toEqual([5, 6, uuid]);
});

test('payloads are set, overwritten, cut and cleared', async () => {
  const payload = async (id: number | string) => (await client.retrieve('c', { ids: [id] }))[0]!.payload;
  await client.setPayload('c', { payload: { count: 11, more: true }, points: [1] });
  expect(await payload(1)).toEqual({ city: 'Berlin', count: 11, tags: ['a', 'b'], more: true });
  await client.setPayload('c', { payload: { x: 1 }, key: 'nested.other', points: [5] });
  expect(await payload(5)).toEqual({ city: 'Berlin', nested: { deep: [1, 2], other: { x: 1 } } });
  await client.setPayload('c', {
    payload: { seen: 1 },
    filter: { must: [{ key: 'city', match: { value: 'London' } }] },
  });
  expect((await client.count('c', { filter: { must: [{ key: 'seen', match: { value: 1 } }] } })).count).toBe(2);
  await client.deletePayload('c', { keys: ['tags', 'nested.deep'], points: [1, 5] });
  expect(await payload(1)).toEqual({ city: 'Berlin', count: 11, more: true });
  expect(await payload(5)).toEqual({ city: 'Berlin', nested: { other: { x: 1 } } });
  await client.overwritePayload('c', { payload: { only: 'this' }, points: [2] });
  expect(await payload(2)).toEqual({ only: 'this' });
  await client.clearPayload('c', { points: [2, uuid] });
  expect(await payload(2)).toEqual({});
});

test('operations in a batch are done one after the other', async () => {
  const done = await client.batchUpdate('c', {
    operations: [
      { upsert: { points: [{ id: 7, vector: [1, 1, 1, 1], payload: { n: 7 } }] } },
      { set_payload: { payload: { m: 1 }, filter: { must: [{ key: 'n', match: { value: 7 } }] } } },
      { delete_payload: { keys: ['n'], points: [7] } },
      { overwrite_payload: { payload: { o: 1 }, points: [1] } },
      { clear_payload: { points: [2] } },
      { delete: { points: [3] } },
    ],
  });
  expect(done).toHaveLength(6);
  const found = await client.retrieve('c', { ids: [7, 1, 2, 3] });
  expect(found.map(({ payload }) => payload)).toEqual([{ m: 1 }, { o: 1 }, {}]);
});

test('payload indexes are made, told and let go of', async () => {
  await client.createPayloadIndex('c', { field_name: 'city', field_schema: 'keyword', wait: true });
  await client.createPayloadIndex('c', { field_name: 'count', field_schema: { type: 'integer' }, wait: true });
  expect((await client.getCollection('c')).payload_schema).toEqual({
    city: { data_type: 'keyword', points: 5 },
    count: { data_type: 'integer', points: 3 },
  });
  await client.deletePayloadIndex('c', 'city');
  expect(Object.keys((await client.getCollection('c')).payload_schema)).toEqual(['count']);
});

test('what is refused is an error of the client with its status and a sentence', async () => {
  const refused = async (call: Promise<unknown>) => {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown as { status: number; data: { status: { error: string } } },
    );
    return { status: error?.status, sentence: error?.data.status.error };
  };
  expect(await refused(client.getCollection('none'))).toEqual({
    status: 404,
    sentence: "Not found: Collection `none` doesn't exist!",
  });
  expect(await refused(client.createCollection('c', { vectors: { size: 4, distance: 'Dot' } }))).toMatchObject({
    status: 409,
  });
  expect(await refused(client.createCollection('x', { vectors: { size: 4, distance: 'Manhattan' } }))).toEqual({
    status: 400,
    sentence: 'Wrong input: body/vectors/distance must be one of ["Cosine","Dot","Euclid"]',
  });
  const named = client.createCollection('x', { vectors: { text: { size: 4, distance: 'Dot' } } });
  expect(await refused(named)).toMatchObject({
    status: 400,
    sentence: expect.stringContaining('"text", which is not served'),
  });
  expect(await refused(client.upsert('c', { points: [{ id: 1, vector: [1, 2] }] }))).toEqual({
    status: 400,
    sentence: 'Wrong input: Vector dimension error: expected dim: 4, got 2 for point 1',
  });
  expect(await refused(client.upsert('c', { points: [{ id: 'no uuid', vector: [1, 2, 3, 4] }] }))).toMatchObject({
    status: 400,
  });
  expect(await refused(client.upsert('c', { points: [{ id: 2 ** 53, vector: [1, 2, 3, 4] }] }))).toEqual({
    status: 400,
    sentence: '9007199254740992 is no id of a point: expected an unsigned integer up to 9007199254740991, or a UUID',
  });
  expect(await refused(client.setPayload('c', { payload: {}, points: [99] }))).toMatchObject({ status: 404 });
  expect(await refused(client.query('c', { query: 99 }))).toMatchObject({ status: 404 });
  expect(await refused(client.recommend('c', { positive: [1] }))).toEqual({
    status: 404,
    sentence: 'POST /collections/c/points/recommend is not served here',
  });
  expect(await refused(client.updateCollectionAliases({ actions: [] }))).toMatchObject({ status: 404 });
  const geo = { must: [{ key: 'g', geo_radius: { center: { lat: 1, lon: 1 }, radius: 1 } }] };
  expect(await refused(client.count('c', { filter: geo }))).toEqual({
    status: 400,
    sentence: 'filter.must[0].geo_radius is not served here: match, range, is_empty and is_null are',
  });
});
