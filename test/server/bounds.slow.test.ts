/**
 * What is bounded in a collection: memory, writes that wait, points that wait for the graph. Whatever is refused is told, and is not there.
 */
import { createServer } from 'simdex/server';
import { expect, onTestFinished, test } from 'vitest';
import { startServer, temporaryFolder } from './server-support.js';

type Server = Awaited<ReturnType<typeof createServer>>;

async function send(server: Server, method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, payload?: object | Buffer) {
  const headers = Buffer.isBuffer(payload) ? { 'content-type': 'application/octet-stream' } : {};
  const answer = await server.inject({ method, url, headers, ...(payload && { payload }) });
  const { result, status } = answer.json<{ result: unknown; status: { error: string } }>();
  return { status: answer.statusCode, result, error: status?.error, retryAfter: answer.headers['retry-after'] };
}

function npy(rows: number, dims: number): Buffer {
  const header = Buffer.from(
    `\x93NUMPY\x01\x00vv${`{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dims}), }`.padEnd(117)}\n`,
    'latin1',
  );
  header.writeUInt16LE(118, 8);
  return Buffer.concat([header, Buffer.from(Float32Array.from({ length: rows * dims }, (_, i) => Math.sin(i)).buffer)]);
}

async function open(data: string, maxMemoryBytes?: number): Promise<Server> {
  const server = await createServer({ data, threads: 1, log: { write: () => undefined }, maxMemoryBytes });
  onTestFinished(() => server.close());
  return server;
}

/** Without a graph, which would be built of so many points. */
const vectors = (size: number) => ({ vectors: { size, distance: 'Euclid' }, hnsw_config: { m: 0 } });
const importInto = (server: Server, name: string, rows: number, dims: number) =>
  send(server, 'PUT', `/collections/${name}/points/import?format=npy`, npy(rows, dims));
const countOf = async (server: Server, name: string) =>
  (await send(server, 'POST', `/collections/${name}/points/count`, {})).result;

test('a collection that there is no memory for keeps the server from nothing else, and loses nothing', async () => {
  const data = temporaryFolder();
  const first = await open(data);
  await send(first, 'PUT', '/collections/small', vectors(4));
  await send(first, 'PUT', '/collections/large', vectors(256));
  await importInto(first, 'small', 100, 4);
  expect((await importInto(first, 'large', 20_000, 256)).result).toEqual({ imported: 20_000, rejected: 0 });
  expect((await send(first, 'POST', '/collections/large/snapshots')).status).toBe(200);
  await first.close();

  const bounded = await open(data, 12 * 2 ** 20);
  expect(await countOf(bounded, 'small')).toEqual({ count: 100 });
  const names = (await send(bounded, 'GET', '/collections')).result;
  expect(names).toMatchObject({ collections: expect.arrayContaining([{ name: 'large' }, { name: 'small' }]) });
  const refused = await Promise.all([
    send(bounded, 'GET', '/collections/large'),
    send(bounded, 'POST', '/collections/large/points/count', {}),
    send(bounded, 'POST', '/collections/large/points/search', { vector: new Array(256).fill(1), limit: 1 }),
    send(bounded, 'PUT', '/collections/large/points', { points: [{ id: 1, vector: new Array(256).fill(1) }] }),
    importInto(bounded, 'large', 10, 256),
  ]);
  for (const { status, error } of refused) {
    expect(status).toBe(507);
    expect(error).toMatch(
      /^Collection `large` is stored, but there is no memory for it: start the server with a larger/,
    );
  }
  expect((await send(bounded, 'PUT', '/collections/large', vectors(2))).status).toBe(409);
  // Its snapshots are files, and can be fetched.
  expect((await send(bounded, 'GET', '/collections/large/snapshots')).result).toHaveLength(1);
  expect((await bounded.inject('/metrics')).statusCode).toBe(200);
  await bounded.close();

  const again = await open(data);
  expect(await countOf(again, 'large')).toEqual({ count: 20_000 });
  await again.close();
  const deleting = await open(data, 12 * 2 ** 20);
  expect((await send(deleting, 'DELETE', '/collections/large')).result).toBe(true);
  expect((await send(deleting, 'GET', '/collections/large')).status).toBe(404);
  expect((await send(deleting, 'PUT', '/collections/large', vectors(2))).status).toBe(200);
});

test('an import that there is no memory for says so in the words of a server, and what it says is stored is', async () => {
  const data = temporaryFolder();
  const server = await open(data, 40 * 2 ** 20);
  await send(server, 'PUT', '/collections/c', vectors(256));
  const answer = await importInto(server, 'c', 50_000, 256);
  expect(answer.status).toBe(507);
  expect(answer.error).toMatch(/^There is no memory for these points, .* Give the server more with --max-memory/);
  const { imported } = answer.result as { imported: number };
  expect([imported % 16_384, imported < 50_000]).toEqual([0, true]);
  expect(await countOf(server, 'c')).toEqual({ count: imported });
  await server.close();
  const again = await open(data);
  expect(await countOf(again, 'c')).toEqual({ count: imported });
  // The rows that were refused can be sent.
  expect((await importInto(again, 'c', 100, 256)).result).toEqual({ imported: 100, rejected: 0 });
  expect(await countOf(again, 'c')).toEqual({ count: imported + 100 });
});

test('writes that wait are bounded: further ones are told to come again, and are not there', async () => {
  const { app } = await startServer({ maxRequests: 10_000, logLevel: 'silent' });
  await send(app, 'PUT', '/collections/c', vectors(2));
  const write = (id: number) =>
    send(app, 'PUT', '/collections/c/points?wait=true', { points: [{ id, vector: [id, 1] }] });
  const answers = await Promise.all(Array.from({ length: 1500 }, (_, id) => write(id)));
  const stored = answers.filter(({ status }) => status === 200).length;
  const refused = answers.filter(({ status }) => status === 429);
  expect(stored + refused.length).toBe(1500);
  expect(refused.length).toBeGreaterThan(0);
  for (const { error, retryAfter } of refused) {
    expect(error).toBe('1024 writes wait already; try again later');
    expect(retryAfter).toBe('1');
  }
  expect(await countOf(app, 'c')).toEqual({ count: stored });

  // Few writes of many points are as much.
  const many = (first: number) => ({
    points: Array.from({ length: 8000 }, (_, i) => ({ id: first + i, vector: [i, 2] })),
  });
  const large = await Promise.all(
    Array.from({ length: 40 }, (_, i) => send(app, 'PUT', '/collections/c/points?wait=true', many(10_000 * (i + 1)))),
  );
  expect(large.map(({ status }) => status)).toContain(429);
  const storedMany = large.filter(({ status }) => status === 200).length;
  expect(await countOf(app, 'c')).toEqual({ count: stored + 8000 * storedMany });
});

test('points that wait for the graph are bounded: then writes are told to come again, and reads go on', async () => {
  const { app } = await startServer({ threads: 1, logLevel: 'silent' });
  const hnsw_config = { m: 64, ef_construct: 2000 };
  await send(app, 'PUT', '/collections/c', { ...vectors(4), hnsw_config });
  await importInto(app, 'c', 120_000, 4);
  // A write that is no import has the graph begun.
  await send(app, 'PUT', '/collections/c/points', { points: [{ id: 1, vector: [1, 2, 3, 4] }] });
  await importInto(app, 'c', 200_000, 4);
  const refused = await send(app, 'PUT', '/collections/c/points', { points: [{ id: 1, vector: [1, 2, 3, 4] }] });
  expect(refused).toMatchObject({ status: 429, retryAfter: '5' });
  expect(refused.error).toBe('200000 points wait for the graph, and at most 200000 may; try again later');
  const found = await send(app, 'POST', '/collections/c/points/search', { vector: [1, 0, 0, 0], limit: 3 });
  expect([found.status, await countOf(app, 'c')]).toEqual([200, { count: 320_000 }]);
});
