/**
 * Whatever comes in, each route answers with a sentence and a status below 500, and the server goes on.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../seed.js';
import { send } from './outside-support.js';
import { listen, startServer } from './server-support.js';

interface Described {
  readonly paths: Record<
    string,
    Record<string, { readonly requestBody?: { readonly content: Record<string, object> } }>
  >;
}

/** Words that routes know, so that random bodies come further than their schema. */
const KEYS = [
  ...[
    'points',
    'id',
    'ids',
    'vector',
    'vectors',
    'payload',
    'filter',
    'must',
    'should',
    'must_not',
    'min_should',
    'key',
    'match',
    'value',
    'any',
  ],
  ...[
    'except',
    'text',
    'range',
    'gte',
    'lt',
    'has_id',
    'is_empty',
    'is_null',
    'nested',
    'limit',
    'offset',
    'query',
    'with_payload',
    'with_vector',
  ],
  ...[
    'score_threshold',
    'params',
    'exact',
    'hnsw_ef',
    'searches',
    'operations',
    'upsert',
    'delete',
    'batch',
    'size',
    'distance',
    'conditions',
    'min_count',
  ],
  ...['__proto__', 'constructor', '', 'a.b', 'a[]', 'toString'],
];
const LEAVES = [
  ...[0, 1, -1, 1e308, 10, 0.5, -0, 2 ** 53, 2 ** 64, 4294967295],
  ...[
    '',
    'a',
    'Cosine',
    '550e8400-e29b-41d4-a716-446655440000',
    '../../etc/passwd',
    '\0',
    '\ud800',
    '(a+)+$',
    'a'.repeat(2000),
    '2020-01-01T00:00:00Z',
  ],
  ...[null, true, false],
];

const hostileValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    fc.constantFrom<unknown>(...LEAVES),
    fc.constantFrom<unknown>([0.1, 0.2], [1, 2], [[0.1, 0.2]], [1e39, 0], [0, 0], []),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

test('random bodies, names and ids: a status below 500 and a sentence, from every route', async () => {
  const server = await startServer({ maxBodyBytes: 100_000 });
  const { app, lines } = server;
  await app.inject({ method: 'PUT', url: '/collections/c', payload: { vectors: { size: 2, distance: 'Dot' } } });
  const points = [1, 2, 3].map((id) => ({
    id,
    vector: [id, 1],
    payload: { a: { b: id }, t: 'text', list: [{ x: id }] },
  }));
  expect(
    (await app.inject({ method: 'PUT', url: '/collections/c/points?wait=true', payload: { points } })).statusCode,
  ).toBe(200);
  const { paths } = (await app.inject('/openapi.json')).json<Described>();
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      // The collection is to stay.
      .filter(([method]) => !(path === '/collections/{name}' && method === 'delete'))
      .map(([method, { requestBody }]) => ({ path, method, content: Object.keys(requestBody?.content ?? {})[0] })),
  );
  const names = fc.constantFrom(
    'c',
    'c',
    'c',
    'none',
    '..',
    '%2e%2e%2f',
    'a'.repeat(400),
    '1',
    '-1',
    '1e308',
    '%00',
    '{}',
    '%ff',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...operations),
      names,
      names,
      hostileValue,
      async ({ path, method, content }, name, other, body) => {
        let count = 0;
        const url = path.replace(/\{\w+\}/g, () => (count++ === 0 ? name : other));
        const answer = await app.inject({
          method: method.toUpperCase() as 'PUT',
          url,
          ...(content !== undefined && { payload: JSON.stringify(body), headers: { 'content-type': content } }),
        });
        const context = `${method} ${url} ${JSON.stringify(body)}: ${answer.statusCode} ${answer.body.slice(0, 300)}`;
        expect(answer.statusCode < 500, context).toBe(true);
        if (answer.statusCode >= 400) expect(answer.json().status.error, context).toMatch(/\S{2,}/);
        expect(answer.body, context).not.toMatch(/node:internal|\/src\/|\/dist\/|root:x:/);
      },
    ),
    runsOf(3000),
  );
  expect((await app.inject('/collections/c')).statusCode).toBe(200);
  expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

test.each([
  ['ids of 10^308', { points: [{ id: 1e308, vector: [1, 2] }] }],
  ['ids below zero', { points: [{ id: -1, vector: [1, 2] }] }],
  ['ids that are no whole numbers', { points: [{ id: 0.5, vector: [1, 2] }] }],
  ['components beyond float32', { points: [{ id: 1, vector: [1e39, 2] }] }],
  ['no vector', { points: [{ id: 1 }] }],
  ['another length', { points: [{ id: 1, vector: [1, 2, 3] }] }],
])('%s are 400 in words, and nothing is stored', async (_, payload) => {
  const { app } = await startServer();
  await app.inject({ method: 'PUT', url: '/collections/c', payload: { vectors: { size: 2, distance: 'Dot' } } });
  const refused = await app.inject({ method: 'PUT', url: '/collections/c/points?wait=true', payload });
  expect(refused.statusCode).toBe(400);
  expect(refused.json().status.error).toMatch(/\S+ \S+/);
  expect((await app.inject('/collections/c')).json().result.points_count).toBe(0);
});

test('names of snapshots lead nowhere else', async () => {
  const { app, data } = await startServer();
  await app.inject({ method: 'PUT', url: '/collections/c', payload: { vectors: { size: 2, distance: 'Dot' } } });
  const made = (await app.inject({ method: 'POST', url: '/collections/c/snapshots' })).json().result;
  writeFileSync(join(data, 'secret'), 'root:x:');
  // Plain dots go no further than the client, which takes them out of a URL.
  const names = [
    '..%2f..%2fsecret',
    '..%2f..%2f..%2fsecret',
    `${encodeURIComponent(join(data, 'secret'))}`,
    'a%00b',
    '..%5csecret',
  ];
  for (const collection of ['c', '..%2f..', 'c%2f..%2f..']) {
    for (const name of [...names, `..%2fc%2f${made.name}`]) {
      for (const method of ['GET', 'DELETE'] as const) {
        const { statusCode, body } = await app.inject({ method, url: `/collections/${collection}/snapshots/${name}` });
        expect([400, 404, 414], `${method} ${collection} ${name}: ${body}`).toContain(statusCode);
        expect(body).not.toContain('root:x:');
      }
    }
  }
  expect(existsSync(join(data, 'secret'))).toBe(true);
  expect((await app.inject(`/collections/c/snapshots/${made.name}`)).statusCode).toBe(200);
});

test('a page elsewhere, and a name that was bound anew, reach no route of the whole server', async () => {
  const server = await startServer();
  const url = await listen(server);
  const port = Number(new URL(url).port);
  for (const headers of [
    { origin: 'https://evil.example', host: `localhost:${port}` },
    { host: `evil.example:${port}` },
  ]) {
    const typed = { ...headers, 'content-type': 'text/plain' };
    const body = JSON.stringify({ vectors: { size: 2, distance: 'Dot' } });
    expect((await send(port, '/collections/c', { method: 'PUT', headers: typed, body })).status).toBe(403);
    expect((await send(port, '/collections', { headers })).status).toBe(403);
    expect((await send(port, '/dashboard', { headers })).status).toBe(403);
    const error = JSON.parse((await send(port, '/metrics', { headers })).text);
    expect(error).toMatchObject({ status: { error: expect.any(String) }, time: expect.any(Number) });
  }
  expect((await server.app.inject('/collections')).json().result.collections).toEqual([]);
});
