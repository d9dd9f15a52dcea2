/**
 * What a read-only key may send to the whole server: everything that changes nothing, and nothing else.
 */
import { expect, test } from 'vitest';
import { startServer } from '../server-support.js';

interface Described {
  readonly paths: Record<string, Record<string, object>>;
}

const READS = [
  ...['/collections/{name}/points', '/collections/{name}/points/scroll', '/collections/{name}/points/count'],
  ...['search', 'search/batch', 'query', 'query/batch'].map((what) => `/collections/{name}/points/${what}`),
];

test('by a read-only key: GET and the POSTs that search and read; all others are 403', async () => {
  const { app } = await startServer({ apiKey: 'the-key', readOnlyApiKey: 'the-read-key' });
  const headers = { 'api-key': 'the-read-key' };
  const { paths } = (await app.inject({ url: '/openapi.json', headers })).json<Described>();
  const allowed: string[] = [];
  for (const [path, item] of Object.entries(paths)) {
    for (const method of Object.keys(item)) {
      const url = path.replace(/\{\w+\}/g, 'x');
      const { statusCode } = await app.inject({
        method: method.toUpperCase() as 'GET',
        url,
        headers,
        ...(method !== 'get' && { payload: {} }),
      });
      if (statusCode !== 403 && method !== 'get') allowed.push(`${method} ${path}`);
      if (method === 'get') expect([path, statusCode]).not.toEqual([path, 403]);
    }
  }
  expect(allowed.sort()).toEqual(READS.map((path) => `post ${path}`).sort());
});
