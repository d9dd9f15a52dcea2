/**
 * Snapshots: made, listed, downloaded, deleted, and restored on an empty server, where everything is compared.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { QdrantClient } from '@qdrant/js-client-rest';
import { VectorIndex } from 'simdex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Serving, serve } from './serving.js';

const DIMS = 8;
let serving: Serving;
let client: QdrantClient;

beforeAll(async () => {
  serving = await serve();
  client = new QdrantClient({ url: serving.url });
});
afterAll(() => serving[Symbol.asyncDispose]());

const vectorOf = (seed: number) => Array.from({ length: DIMS }, (_, i) => Math.fround(Math.sin(seed * DIMS + i + 1)));
const uuidOf = (seed: number) => `00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`;

async function fill(name: string, ids: readonly (number | string)[]) {
  await client.recreateCollection(name, { vectors: { size: DIMS, distance: 'Cosine' }, hnsw_config: { m: 12 } });
  await client.createPayloadIndex(name, { field_name: 'group', field_schema: 'integer' });
  const points = ids.map((id, i) => ({
    id,
    vector: vectorOf(i),
    ...(i % 3 > 0 && { payload: { group: i % 5, text: `Grüße ${i} "<&>`, deep: { a: [i, null] } } }),
  }));
  await client.upsert(name, { wait: true, points });
}

async function all(of: QdrantClient, name: string) {
  const { points } = await of.scroll(name, { limit: 10_000, with_vector: true });
  return points;
}

async function makeSnapshot(name: string): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }> {
  const made = (await client.createSnapshot(name))!;
  const answer = await fetch(`${serving.url}/collections/${name}/snapshots/${made.name}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(bytes.length).toBe(made.size);
  return { name: made.name, bytes };
}

const multipart = (bytes: Uint8Array<ArrayBuffer>) => {
  const form = new FormData();
  form.append('snapshot', new File([bytes], 'x.safetensors'));
  return form;
};

test.each([
  ['numbers', (i: number) => 3 * i],
  ['UUIDs', uuidOf],
  ['both', (i: number) => (i % 2 === 0 ? i : uuidOf(i))],
])('with ids that are %s everything is there after a restore on an empty server', async (_, idOf) => {
  await fill(
    'c',
    Array.from({ length: 300 }, (_, i) => idOf(i)),
  );
  await client.delete('c', { wait: true, points: [idOf(7)] });
  const before = await all(client, 'c');
  const { bytes } = await makeSnapshot('c');
  await using other = await serve();
  const restored = new QdrantClient({ url: other.url });
  for (const body of [multipart(bytes), bytes]) {
    // The second one takes the place of the first.
    const upload = `${other.url}/collections/copy/snapshots/upload?priority=snapshot`;
    expect(await (await fetch(upload, { method: 'POST', body })).json()).toMatchObject({ result: true, status: 'ok' });
    const after = await all(restored, 'copy');
    expect(after.map(({ id, payload }) => ({ id, payload }))).toEqual(
      before.map(({ id, payload }) => ({ id, payload })),
    );
    for (const [i, { vector }] of after.entries()) {
      expect(vector).toEqual((before[i]!.vector as number[]).map((component) => expect.closeTo(component, 6)));
    }
    const info = await restored.getCollection('copy');
    const { config, payload_schema } = await client.getCollection('c');
    expect({ config: info.config, payload_schema: info.payload_schema }).toEqual({ config, payload_schema });
    expect((await restored.getCollections()).collections).toEqual([{ name: 'copy' }]);
  }
});

test('a snapshot is a saved index', async () => {
  await fill('c', [5, 6, 7]);
  const { bytes } = await makeSnapshot('c');
  const index = await VectorIndex.load(bytes);
  expect([...index.ids()]).toEqual([5, 6, 7]);
  expect((await index.search(vectorOf(1), 1)).ids).toEqual([6]);
  await index.dispose();
});

test('an index that VectorIndex.save wrote becomes a collection', async () => {
  const index = await VectorIndex.build([vectorOf(1), vectorOf(2)], { ids: [10, 20], metric: 'euclidean' });
  const url = `${serving.url}/collections/saved/snapshots/upload`;
  const answer = await fetch(url, { method: 'POST', body: index.toBytes() });
  expect(await answer.json()).toMatchObject({ result: true });
  await index.dispose();
  expect((await client.getCollection('saved')).config.params.vectors).toMatchObject({ size: DIMS, distance: 'Euclid' });
  expect((await client.search('saved', { vector: vectorOf(2), limit: 1 }))[0]).toMatchObject({ id: 20, score: 0 });
});

test('snapshots are listed and deleted, and none outside their folder is reached', async () => {
  await fill('c', [1]);
  for (const { name } of await client.listSnapshots('c')) await client.deleteSnapshot('c', name);
  const { name } = await makeSnapshot('c');
  expect(await client.listSnapshots('c')).toMatchObject([{ name, size: expect.any(Number) }]);
  writeFileSync(join(serving.data, 'secret.safetensors'), 'secret');
  for (const path of ['..%2F..%2Fsecret.safetensors', '..%2F..%2F..%2Fetc%2Fpasswd', '%00.safetensors', '.']) {
    const answer = await fetch(`${serving.url}/collections/c/snapshots/${path}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    await fetch(`${serving.url}/collections/c/snapshots/${path}`, { method: 'DELETE' });
  }
  expect(readFileSync(join(serving.data, 'secret.safetensors'), 'utf8')).toBe('secret');
  expect(await client.deleteSnapshot('c', name)).toBe(true);
  expect(await client.listSnapshots('c')).toEqual([]);
});

test('snapshots of a collection that was deleted stay, and make it again', async () => {
  await fill('gone', [1, 2, 3]);
  const { name, bytes } = await makeSnapshot('gone');
  await client.deleteCollection('gone');
  expect(await client.listSnapshots('gone')).toMatchObject([{ name }]);
  const kept = await fetch(`${serving.url}/collections/gone/snapshots/${name}`);
  const again = new Uint8Array(await kept.arrayBuffer());
  expect(again).toEqual(bytes);
  await fetch(`${serving.url}/collections/gone/snapshots/upload`, { method: 'POST', body: again });
  expect((await client.count('gone')).count).toBe(3);
  await client.deleteCollection('gone');
  expect(await client.deleteSnapshot('gone', name)).toBe(true);
  // With the last one the name is nobody's.
  expect((await fetch(`${serving.url}/collections/gone/snapshots`)).status).toBe(404);
});

test('what is no snapshot is refused in words, and the collection stays', async () => {
  await fill('c', [1, 2, 3]);
  const { bytes } = await makeSnapshot('c');
  const upload = async (body: BodyInit, headers?: Record<string, string>) => {
    const answer = await fetch(`${serving.url}/collections/c/snapshots/upload`, {
      method: 'POST',
      body,
      ...(headers && { headers }),
    });
    return { status: answer.status, sentence: ((await answer.json()) as { status: { error: string } }).status.error };
  };
  expect(await upload('nonsense')).toMatchObject({
    status: 400,
    sentence: expect.stringMatching(/the snapshot, byte 0/),
  });
  expect(await upload(bytes.slice(0, -5))).toMatchObject({
    status: 400,
    sentence: expect.stringContaining('truncated'),
  });
  const half = await VectorIndex.build([vectorOf(1)], { precision: 'float16', threadCount: 1 });
  expect(await upload(half.toBytes())).toMatchObject({
    status: 400,
    sentence: expect.stringContaining('saved with precision float16'),
  });
  await half.dispose();
  const text = Buffer.from(bytes).toString('latin1');
  const damaged = Buffer.from(text.replace('"a":[1,null]', '"a":[1,null['), 'latin1');
  expect(await upload(damaged)).toMatchObject({
    status: 400,
    sentence: expect.stringContaining('expected a JSON object as payload'),
  });
  const cut = { 'content-type': 'multipart/form-data; boundary=x' };
  expect(await upload('--x\r\n\r\nabc', cut)).toMatchObject({
    status: 400,
    sentence: expect.stringContaining('no whole multipart'),
  });
  expect((await client.count('c')).count).toBe(3);
});
