/**
 * Collections and their points over HTTP, and again after the server was closed and started anew.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createServer } from 'simdex/server';
import { afterEach, beforeEach, expect, test } from 'vitest';

let data: string;
let server: FastifyInstance;

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'simdex-server-'));
  server = await createServer({ data, threads: 1 });
});

afterEach(async () => {
  await server.close();
  rmSync(data, { recursive: true, force: true });
});

async function send(method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, body?: object) {
  const answer = await server.inject({ method, url, ...(body && { payload: body }) });
  return { status: answer.statusCode, body: answer.json() };
}

test('a collection is made, filled, searched, read after a restart, and deleted', async () => {
  const made = await send('PUT', '/collections/c', { vectors: { size: 2, distance: 'Cosine' } });
  expect(made).toMatchObject({ status: 200, body: { result: true, status: 'ok' } });
  const uuid = '5c56c793-69f3-4fbf-87e6-c4bf54c28c26';
  const points = [
    { id: 1, vector: [1, 0], payload: { city: 'Berlin' } },
    { id: uuid, vector: [3, 4] },
    { id: 2, vector: [0, 1] },
  ];
  expect(await send('PUT', '/collections/c/points?wait=true', { points })).toMatchObject({
    body: { result: { status: 'completed' } },
  });
  expect(await send('PUT', '/collections/c/points?wait=true', { points: [{ id: 2, vector: [0, -1] }] })).toMatchObject({
    status: 200,
  });
  const check = async () => {
    const found = await send('POST', '/collections/c/points/search', { vector: [1, 1], limit: 3 });
    expect(found.body.result.map(({ id }: { id: unknown }) => id)).toEqual([uuid, 1, 2]);
    expect(found.body.result[2].score).toBeCloseTo(-Math.SQRT1_2, 6);
    const one = await send('GET', '/collections/c/points/1');
    expect(one.body.result).toEqual({ id: 1, payload: { city: 'Berlin' }, vector: [1, 0] });
    expect((await send('GET', '/collections/c')).body.result.points_count).toBe(3);
  };
  await check();
  await server.close();
  server = await createServer({ data, threads: 1 });
  await check();
  expect(await send('DELETE', '/collections/c')).toMatchObject({ body: { result: true } });
  expect(await send('GET', '/collections/c')).toMatchObject({
    status: 404,
    body: { status: { error: expect.stringContaining("`c` doesn't exist") } },
  });
});

test('a collection that is deleted while it is used ends each request with an answer', async () => {
  await send('PUT', '/collections/c', { vectors: { size: 4, distance: 'Dot' } });
  const points = Array.from({ length: 5000 }, (_, id) => ({ id, vector: [id, 1, 2, 3], payload: { n: [id, id % 7] } }));
  await send('PUT', '/collections/c/points?wait=true', { points });
  const filter = { must: [{ key: 'n', match: { value: 3 } }] };
  const uses = [
    ...Array.from({ length: 8 }, () => send('POST', '/collections/c/points/count', { filter })),
    ...Array.from({ length: 8 }, () =>
      send('POST', '/collections/c/points/search', { vector: [1, 0, 0, 0], limit: 5, filter }),
    ),
    ...Array.from({ length: 8 }, () =>
      send('PUT', '/collections/c/points?wait=true', { points: points.slice(0, 100) }),
    ),
    send('POST', '/collections/c/points/delete?wait=true', { filter }),
    send('PUT', '/collections/c/index?wait=true', { field_name: 'n', field_schema: 'integer' }),
    send('POST', '/collections/c/snapshots'),
  ];
  const deleted = await send('DELETE', '/collections/c');
  expect(deleted).toMatchObject({ status: 200, body: { result: true } });
  for (const { status } of await Promise.all(uses)) expect([200, 404, 503]).toContain(status);
  expect((await send('GET', '/collections')).body.result.collections).toEqual([]);
});
