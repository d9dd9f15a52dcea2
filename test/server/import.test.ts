/**
 * Bulk imports: bodies in the formats that are read from front to back, streamed, with what is stored told also when they fail.
 */

import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { QdrantClient } from '@qdrant/js-client-rest';
import { writeVectors } from 'simdex';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Serving, serve } from './serving.js';

const DIMS = 8;
let serving: Serving;
let client: QdrantClient;

beforeAll(async () => {
  serving = await serve();
  client = new QdrantClient({ url: serving.url });
});
afterAll(() => serving[Symbol.asyncDispose]());
beforeEach(async () => {
  await client.recreateCollection('c', { vectors: { size: DIMS, distance: 'Cosine' } });
});

async function send(body: BodyInit, query: string) {
  const answer = await fetch(`${serving.url}/collections/c/points/import?${query}`, { method: 'PUT', body });
  return { status: answer.status, body: (await answer.json()) as { result: unknown; status: { error: string } } };
}

function rows(count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count * DIMS }, (_, i) => Math.sin(i + 1));
}

test.each(['npy', 'fvecs', 'fbin', 'csv'] as const)('a body of .%s is stored, with numbers as ids', async (format) => {
  const file = join(serving.data, `rows.${format}`);
  const data = rows(5000);
  await writeVectors(file, [{ data, dims: DIMS }]);
  const answer = await send(readFileSync(file), `format=${format}`);
  expect(answer).toMatchObject({ status: 200, body: { result: { imported: 5000, rejected: 0 }, status: 'ok' } });
  const [point] = await client.retrieve('c', { ids: [4321], with_vector: true });
  const row = data.subarray(4321 * DIMS, 4322 * DIMS);
  const length = Math.hypot(...row);
  expect(point!.vector).toEqual([...row].map((component) => expect.closeTo(component / length, 5)));
  // The next rows get the next numbers, or those that are asked for.
  await send(readFileSync(file), `format=${format}`);
  expect((await client.count('c')).count).toBe(10_000);
  await send(readFileSync(file), `format=${format}&first_id=1000000`);
  expect((await client.retrieve('c', { ids: [1_004_999, 10_000] })).map(({ id }) => id)).toEqual([1_004_999]);
});

test('lines of JSON have ids, payloads and rejected rows', async () => {
  const one = [1, 0, 0, 0, 0, 0, 0, 0];
  const uuid = '5c56c793-69f3-4fbf-87e6-c4bf54c28c26';
  const lines = [
    { id: 7, vector: one, payload: { city: 'Berlin' } },
    { id: uuid, vector: one },
    one,
    { vector: null },
    { vector: [null, 0, 0, 0, 0, 0, 0, 1] },
    { vector: [0, 0, 0, 0, 0, 0, 0, 0] },
    { vector: one, payload: { last: true } },
  ].map((line) => JSON.stringify(line));
  const answer = await send(`${lines.join('\n')}\n`, 'format=jsonl&first_id=100');
  expect(answer.body.result).toEqual({ imported: 4, rejected: 3 });
  const { points } = await client.scroll('c', { limit: 10 });
  expect(points.map(({ id, payload }) => [id, payload])).toEqual([
    [7, { city: 'Berlin' }],
    [102, {}],
    [106, { last: true }],
    [uuid, {}],
  ]);
});

test('column and header say where the vectors are', async () => {
  const vector = [1, 2, 3, 4, 5, 6, 7, 8];
  const lines = [{ id: 3, vector: 'none', embedding: vector, payload: { a: 1 } }, { embedding: vector }];
  const body = lines.map((line) => JSON.stringify(line)).join('\n');
  expect((await send(body, 'format=jsonl&column=embedding&first_id=7')).body.result).toEqual({
    imported: 2,
    rejected: 0,
  });
  const { points } = await client.scroll('c', { with_vector: false });
  expect(points.map(({ id, payload }) => [id, payload])).toEqual([
    [3, { a: 1 }],
    [8, {}],
  ]);
  const named = `a,b\n1,"[${vector}]"\n2,"[${vector}]"\n`;
  expect((await send(named, 'format=csv&column=b')).body.result).toEqual({ imported: 2, rejected: 0 });
  // A first line of numbers, as names or as a row.
  const numbers = `${vector}\n${vector}\n`;
  expect((await send(numbers, 'format=csv&header=true')).body.result).toEqual({ imported: 1, rejected: 0 });
  expect((await send(numbers, 'format=csv&header=false')).body.result).toEqual({ imported: 2, rejected: 0 });
});

test('rows that are there already are replaced, rows that are no vectors are left out, and numbers stay those of the rows', async () => {
  const file = join(serving.data, 'again.npy');
  const data = rows(1000);
  await writeVectors(file, [{ data, dims: DIMS }]);
  await client.upsert('c', {
    wait: true,
    points: [{ id: 500, vector: Array.from(data.subarray(0, DIMS)), payload: { kept: false } }],
  });
  expect((await send(readFileSync(file), 'format=npy&first_id=0')).body.result).toEqual({
    imported: 1000,
    rejected: 0,
  });
  expect((await client.count('c')).count).toBe(1000);
  expect(await client.retrieve('c', { ids: [500] })).toEqual([{ id: 500, payload: {} }]);
  const [hit] = await client.search('c', { vector: Array.from(data.subarray(500 * DIMS, 501 * DIMS)), limit: 1 });
  expect(hit!.id).toBe(500);
  data[7 * DIMS + 3] = Number.NaN;
  data.fill(0, 9 * DIMS, 10 * DIMS);
  await writeVectors(file, [{ data, dims: DIMS }]);
  expect((await send(readFileSync(file), 'format=npy')).body.result).toEqual({ imported: 998, rejected: 2 });
  const found = await client.retrieve('c', { ids: [1006, 1007, 1008, 1009, 1010, 1999, 2000] });
  expect(found.map(({ id }) => id)).toEqual([1006, 1008, 1010, 1999]);
});

test('imports wait for nobody: more than 16 at a time are refused, with the time to come again', async () => {
  const { hostname, port } = new URL(serving.url);
  const path = '/collections/c/points/import?format=jsonl&first_id=0';
  // Some may be refused themselves, while one that asks is under way.
  const open = Array.from({ length: 20 }, () => {
    const upload = request({ hostname, port, path, method: 'PUT' });
    upload.on('error', () => undefined);
    upload.write('[1,2,3,4,5,6,7,8]\n');
    return upload;
  });
  const ask = () => fetch(`${serving.url}${path}`, { method: 'PUT', body: '[1,2,3,4,5,6,7,8]\n' });
  const statusOf = async () => (await ask()).status;
  await expect.poll(statusOf, { timeout: 20_000 }).toBe(429);
  const refused = await ask();
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(((await refused.json()) as { status: { error: string } }).status.error).toMatch(/^16 imports are under way/);
  for (const upload of open) upload.destroy();
  await expect.poll(statusOf, { timeout: 20_000 }).toBe(200);
});

test('what is stored before a body goes wrong stays, and is told', async () => {
  const good = Array.from({ length: 60_000 }, () => '[1,2,3,4,5,6,7,8]').join('\n');
  const answer = await send(`${good}\n{"id":"no uuid","vector":[1,2,3,4,5,6,7,8]}\n`, 'format=jsonl');
  expect(answer.status).toBe(400);
  expect(answer.body.status.error).toMatch(/^"no uuid" is no id of a point/);
  // Whole blocks of 16,384 rows.
  expect(answer.body.result).toEqual({ imported: 49_152, rejected: 0 });
  expect((await client.count('c')).count).toBe(49_152);
});

test.each([
  ['format=parquet', '', /parquet is not read from front to back/],
  ['format=nonsense', '', /format must be one of npy, /],
  ['format=npy', 'no npy', /Malformed file of vectors/],
  ['format=jsonl', '[1,2]', /expected dim: 8, got 2 for row 0/],
  ['format=jsonl', '{"vector":[1', /line 1: expected JSON/],
  ['format=jsonl&first_id=9007199254740993', '[1]', /first_id must be at most/],
  ['first_id=1', '', /must have required property 'format'/],
  ['format=npy&chunk=5', '', /querystring has "chunk", which is not served here/],
  ['format=npy&column=a', '', /column "a" was given, but \.npy has none/],
  ['format=npy&header=true', '', /header "true" was given, but \.npy has none/],
  ['format=csv&header=yes', '', /querystring\/header must be one of \["true","false"\]/],
  ['format=jsonl&column=', '', /querystring\/column must NOT have fewer than 1 characters/],
  ['format=jsonl&column=a', '{"vector":[1]}', /line 1: expected an array of numbers, or an object with the key "a"/],
])('%s with the body %j is refused in words', async (query, body, sentence) => {
  const answer = await send(body, query);
  expect(answer.status).toBe(400);
  expect(answer.body.status.error).toMatch(sentence);
  expect((await client.count('c')).count).toBe(0);
});

test('a client that goes away in the middle leaves whole blocks, and the server goes on', async () => {
  const { hostname, port } = new URL(serving.url);
  const path = '/collections/c/points/import?format=jsonl';
  const upload = request({ hostname, port, path, method: 'PUT' });
  upload.on('error', () => undefined);
  const line = `${JSON.stringify([1, 2, 3, 4, 5, 6, 7, 8])}\n`;
  await new Promise<void>((resolve) => upload.write(line.repeat(60_000), () => resolve()));
  await expect.poll(async () => (await client.count('c')).count, { timeout: 20_000 }).toBe(49_152);
  upload.destroy();
  await client.upsert('c', { wait: true, points: [{ id: 500_000, vector: [1, 1, 1, 1, 1, 1, 1, 1] }] });
  expect((await client.count('c')).count).toBe(49_153);
});

test('two imports at a time give no number twice', async () => {
  const { hostname, port } = new URL(serving.url);
  const upload = request({ hostname, port, path: '/collections/c/points/import?format=jsonl', method: 'PUT' });
  const ended = new Promise<number | undefined>((resolve) =>
    upload.on('response', (response) => resolve(response.resume().statusCode)),
  );
  const line = `${JSON.stringify([1, 2, 3, 4, 5, 6, 7, 8])}\n`;
  await new Promise<void>((resolve) => upload.write(line.repeat(40_000), () => resolve()));
  await expect.poll(async () => (await client.count('c')).count, { timeout: 20_000 }).toBe(16_384);
  const refused = await send(line.repeat(10), 'format=jsonl');
  expect(refused).toMatchObject({ status: 409, body: { result: { imported: 0, rejected: 0 } } });
  expect(refused.body.status.error).toMatch(/Another import gives numbers/);
  expect((await send(line.repeat(10), 'format=jsonl&first_id=1000000')).status).toBe(200);
  upload.end();
  expect(await ended).toBe(200);
  expect((await client.count('c')).count).toBe(40_010);
  // The next one goes on behind the largest.
  expect((await send(line, 'format=jsonl')).body.result).toEqual({ imported: 1, rejected: 0 });
  expect(await client.retrieve('c', { ids: [1_000_010] })).toHaveLength(1);
});
