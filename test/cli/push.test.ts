/**
 * `simdex push` to a real server over a socket, and to one that speaks as Qdrant does.
 */
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeVectors } from 'simdex';
import { expect, onTestFinished, test } from 'vitest';
import { listen, startServer } from '../server/server-support.js';
import { CLI, temporaryDirectory } from './support.js';
import { runWarm } from './warm-command.js';

const directory = temporaryDirectory();

/** Both kinds of rows are of three components. */
const rows = Array.from({ length: 500 }, (_, i) => [i, 1, -(i + 1) / 7]);
const data = Float32Array.from(rows.flat());
const npy = directory.at('rows.npy');
const jsonl = directory.write(
  'points.jsonl',
  rows.map((vector, i) => `${JSON.stringify({ id: 1000 + i, vector, payload: { row: i, text: 'ä"\\' } })}\n`).join(''),
);
await writeVectors(npy, [{ data, dims: 3 }]);

const push = (file: string, url: string, ...args: string[]) =>
  runWarm(CLI, ['push', file, '--url', url, ...args], undefined);

async function pointsOf(
  app: Awaited<ReturnType<typeof startServer>>['app'],
  collection: string,
  ids: readonly (number | string)[],
  headers = {},
) {
  const payload = { ids, with_vector: true, with_payload: true };
  return (await app.inject({ method: 'POST', url: `/collections/${collection}/points`, payload, headers })).json()
    .result;
}

test('rows of a file become points, once however often they are pushed; a summary tells of them', async () => {
  const server = await startServer();
  const url = await listen(server);
  const args = ['--collection', 'c', '--create', 'Euclid'];
  const first = await push(npy, url, ...args);
  expect(first).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Stored 500 vectors in c, [\d,]+\/s\n$/) });
  const again = await push(npy, `${url}/`, ...args, '--first-id', '0', '--json', '--quiet');
  expect(JSON.parse(again.stdout)).toMatchObject({
    server: 'simdex',
    collection: 'c',
    stored: 500,
    rejected: 0,
    rows: 500,
  });
  expect(again.stderr).toBe('');
  const info = (await server.app.inject('/collections/c')).json().result;
  expect(info).toMatchObject({ points_count: 500, config: { params: { vectors: { size: 3, distance: 'Euclid' } } } });
  for (const { id, vector } of await pointsOf(server.app, 'c', [0, 7, 499]))
    expect(vector).toEqual([...data.subarray(3 * id, 3 * id + 3)]);
});

test('without ids, rows are not put over points that are there unless --first-id says so', async () => {
  const server = await startServer();
  const url = await listen(server);
  await push(npy, url, '--collection', 'c', '--create', 'Dot');
  const refused = await push(npy, url, '--collection', 'c');
  expect(refused).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/c has 500 points, and the rows have no ids; say with --first-id/),
  });
  expect(await push(npy, url, '--collection', 'c', '--first-id', '600')).toMatchObject({ status: 0 });
  expect((await server.app.inject('/collections/c')).json().result.points_count).toBe(1000);
  expect((await pointsOf(server.app, 'c', [600 + 7]))[0].vector).toEqual([...data.subarray(21, 24)]);
});

test('ids and payloads of .jsonl arrive, by a key of another name too; the key file is used', async () => {
  const server = await startServer({ apiKey: 'the-key' });
  const url = await listen(server);
  const key = directory.write('key.txt', 'the-key\n');
  const args = ['--collection', 'c', '--create', 'Dot', '--api-key-file', key];
  expect(await push(jsonl, url, ...args)).toMatchObject({ status: 0 });
  const headers = { 'api-key': 'the-key' };
  const [point] = await pointsOf(server.app, 'c', [1007], headers);
  expect(point).toMatchObject({ id: 1007, payload: { row: 7, text: 'ä"\\' }, vector: [...data.subarray(21, 24)] });
  const other = directory.write('other.jsonl', '{"id":1,"embedding":[1,2,3],"payload":{"a":1}}\n');
  expect(await push(other, url, ...args, '--column', 'embedding')).toMatchObject({ status: 0 });
  expect((await pointsOf(server.app, 'c', [1], headers))[0]).toMatchObject({ vector: [1, 2, 3], payload: { a: 1 } });
  const refused = await push(jsonl, url, '--collection', 'c');
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/an API key is needed/) });
});

test('what cannot be is refused in words', async () => {
  const server = await startServer();
  const url = await listen(server);
  const none = await push(npy, url, '--collection', 'none');
  expect(none).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^error: there is no collection none at .*; --create Cosine makes it\n$/),
  });
  expect(await push(npy, 'ftp://x', '--collection', 'c')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/Expected an http or https URL/),
  });
  expect(await push(npy, 'http://me:secret@x', '--collection', 'c')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/--api-key-file/),
  });
  await push(npy, url, '--collection', 'two', '--create', 'Dot');
  const wide = directory.write('wide.jsonl', '{"id":5000,"vector":[1,2]}\n');
  const refused = await push(wide, url, '--collection', 'two');
  expect(refused).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^error: rows 0 to 0 were not taken: .*3.*\n$/),
  });
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly key: string | undefined;
}

/** Answers as a Qdrant does, by `answer` where it gives a status. */
async function startQdrant(
  answer: (seen: Seen, count: number) => readonly [status: number, headers?: Record<string, string>] | undefined = () =>
    undefined,
) {
  const seen: Seen[] = [];
  const read = async (request: IncomingMessage) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    return text;
  };
  const server = createHttpServer(async (request, response) => {
    const one = {
      method: request.method!,
      url: request.url!,
      body: await read(request),
      key: request.headers['api-key'] as string | undefined,
    };
    seen.push(one);
    const [status, headers] = answer(one, seen.length) ?? [200];
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    if (request.url === '/') response.end('{"title":"qdrant - vector search engine","version":"1.18.0"}');
    else if (status >= 400) response.end('{"status":{"error":"no \\u001b[31mpoints"},"time":0}');
    else response.end('{"status":"ok","time":0,"result":{"count":0}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const upserts = () => seen.filter(({ method, url }) => method === 'PUT' && url.startsWith('/collections/c/points'));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, upserts };
}

test('to Qdrant: upserts of JSON with ids, vectors that are the same float32, and payloads', async () => {
  const { url, seen, upserts } = await startQdrant();
  expect(await push(npy, url, '--collection', 'c', '--first-id', '10')).toMatchObject({ status: 0 });
  const points = upserts().flatMap(({ body }) => JSON.parse(body).points as { id: number; vector: number[] }[]);
  expect(points.map(({ id }) => id)).toEqual(rows.map((_, i) => 10 + i));
  expect(points.flatMap(({ vector }) => vector.map(Math.fround))).toEqual([...data]);
  expect(upserts().every(({ url }) => url.endsWith('?wait=true'))).toBe(true);
  seen.length = 0;
  const key = directory.write('key.txt', 'the-key\n');
  expect(await push(jsonl, url, '--collection', 'c', '--api-key-file', key)).toMatchObject({ status: 0 });
  expect(JSON.parse(upserts()[0]!.body).points[3]).toEqual({
    id: 1003,
    vector: rows[3],
    payload: { row: 3, text: 'ä"\\' },
  });
  expect(seen.every((one) => one.key === 'the-key')).toBe(true);
});

test('rows that are no vectors are counted, not sent', async () => {
  const { url, upserts } = await startQdrant();
  const file = directory.at('nan.npy');
  await writeVectors(file, [{ data: Float32Array.of(1, 2, Number.NaN, 1, 3, 4), dims: 2 }]);
  const { stdout } = await push(file, url, '--collection', 'c');
  expect(stdout).toMatch(/^Stored 2 vectors in c, 1 row rejected,/);
  expect(JSON.parse(upserts()[0]!.body).points.map(({ id }: { id: number }) => id)).toEqual([0, 2]);
});

test('a collection that is not there is made with the dims of the rows', async () => {
  let made = false;
  const { url, seen } = await startQdrant(({ method, url }) => {
    if (method === 'PUT' && url === '/collections/c') made = true;
    return made || url === '/' ? undefined : [404];
  });
  expect(await push(npy, url, '--collection', 'c', '--create', 'Cosine')).toMatchObject({ status: 0 });
  const body = seen.find(({ method, url }) => method === 'PUT' && url === '/collections/c')!.body;
  expect(JSON.parse(body)).toEqual({ vectors: { size: 3, distance: 'Cosine' } });
});

test('429 is waited for as Retry-After says, then the same batch is sent again', async () => {
  let refusals = 0;
  const { url, upserts } = await startQdrant(({ url }) => {
    if (!url.startsWith('/collections/c/points?') || refusals === 2) return undefined;
    refusals++;
    return [429, { 'retry-after': refusals === 1 ? '1' : new Date(Date.now() + 1500).toUTCString() }];
  });
  const began = performance.now();
  const { status, stderr } = await push(npy, url, '--collection', 'c');
  expect(status).toBe(0);
  expect(stderr).toMatch(/the server has too much to do; trying again in 1 s/);
  // The time that was asked for, which nothing makes shorter.
  expect(performance.now() - began).toBeGreaterThan(1000);
  expect(upserts()).toHaveLength(3);
  expect(new Set(upserts().map(({ body }) => body)).size).toBe(1);
});

test('a refusal names the rows, and drives no terminal', async () => {
  const { url } = await startQdrant(({ url }) => (url.startsWith('/collections/c/points?') ? [400] : undefined));
  const { status, stderr } = await push(npy, url, '--collection', 'c', '--quiet');
  expect(status).toBe(1);
  expect(stderr).toBe('error: rows 0 to 499 were not taken: no \\x1b[31mpoints\n');
});

test('what is neither simdex nor Qdrant, or not there, is told', async () => {
  const web = createHttpServer((_, response) => response.end('{"title":"a page"}'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  expect(await push(npy, url, '--collection', 'c')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/neither simdex nor Qdrant/),
  });
  web.close();
});
