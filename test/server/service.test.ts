/**
 * What the server tells of itself: name, health, metrics. The figures are compared with what was done.
 */
import { readFileSync } from 'node:fs';
import { QdrantClient } from '@qdrant/js-client-rest';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseExposition, valuesOf } from '../metrics/exposition.js';
import { listen, startServer } from './server-support.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

async function withPoints(count: number, options = {}) {
  const server = await startServer(options);
  const { app } = server;
  const vectors = { size: 4, distance: 'Cosine' };
  await app.inject({ method: 'PUT', url: '/collections/first', payload: { vectors } });
  const points = Array.from({ length: count }, (_, id) => ({ id, vector: [1, id, id ** 2, 2] }));
  await app.inject({ method: 'PUT', url: '/collections/first/points?wait=true', payload: { points } });
  return server;
}

const searchIn = {
  method: 'POST',
  url: '/collections/first/points/search',
  payload: { vector: [1, 2, 3, 4], limit: 3 },
} as const;

test('the client of Qdrant finds a version that it does not warn of', async () => {
  const server = await startServer();
  const url = await listen(server);
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  onTestFinished(() => warn.mockRestore());
  const client = new QdrantClient({ url });
  expect((await client.getCollections()).collections).toEqual([]);
  expect(await client.versionInfo()).toMatchObject({ title: 'simdex', version: expect.stringMatching(/^1\.18\.\d+$/) });
  // It asks for the version beside the first call.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(warn.mock.calls).toEqual([]);
});

test('health and readiness are 200', async () => {
  const { app } = await startServer();
  for (const url of ['/healthz', '/livez', '/readyz']) {
    const { statusCode, headers, body } = await app.inject(url);
    expect([statusCode, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(body).not.toBe('');
  }
});

test('/metrics counts requests, what is stored, commits, searches', async () => {
  const { app } = await withPoints(50);
  for (let i = 0; i < 7; i++) await app.inject(searchIn);
  await app.inject({ ...searchIn, payload: { vector: [1], limit: 3 } });
  await app.inject('/none');
  const { body, headers } = await app.inject('/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  parseExposition(body);
  const values = valuesOf(body);
  const requests = (labels: string) => values[`simdex_http_request_duration_seconds_count{${labels}}`];
  expect(requests('method="POST",route="/collections/:name/points/search",status="200"')).toBe(7);
  expect(requests('method="POST",route="/collections/:name/points/search",status="400"')).toBe(1);
  expect(requests('method="GET",route="none",status="404"')).toBe(1);
  expect(values['simdex_query_duration_seconds_count']).toBe(7);
  expect(values['simdex_index_duration_seconds_count']).toBe(50);
  expect(values['simdex_collections']).toBe(1);
  expect(values['simdex_collection_vectors{collection="first"}']).toBe(50);
  expect(values['simdex_collection_waiting_vectors{collection="first"}']).toBe(0);
  expect(values['simdex_collection_memory_bytes{collection="first"}']).toBeGreaterThanOrEqual(50 * 4 * 4);
  expect(values['simdex_collection_stored_bytes{collection="first"}']).toBeGreaterThan(50 * 4 * 4);
  expect(values['simdex_commit_duration_seconds_count']).toBe(1);
  expect(values['simdex_commit_duration_seconds_sum']).toBeGreaterThan(0);
  expect(values['simdex_engine_threads']).toBe(2);
  expect(values['simdex_engine_pending_calls']).toBe(0);
  expect(values['simdex_http_requests_under_way']).toBe(1);
  expect(values['simdex_process_memory_bytes']).toBeGreaterThan(1e7);
  expect(values['simdex_process_cpu_seconds_total']).toBeGreaterThan(0);
  expect(values['simdex_uptime_seconds']).toBeGreaterThan(0);
});

test('methods and paths that clients make up make no series of their own', async () => {
  const server = await startServer();
  const url = await listen(server);
  for (let i = 0; i < 20; i++) await fetch(`${url}/made-up-${i}`);
  await fetch(`${url}/`, { method: 'PROPFIND' });
  const families = parseExposition((await server.app.inject('/metrics')).body);
  const series = [...families.get('simdex_http_request_duration_seconds')!.values.keys()].filter((key) =>
    key.includes('_count'),
  );
  expect(series.map((key) => /\{(.*)\}/.exec(key)![1])).toEqual([
    'method="GET",route="none",status="404"',
    'method="other",route="none",status="404"',
  ]);
});

test('a 429 is counted, and so are connections', async () => {
  const server = await startServer({ maxRequests: 2 });
  const url = await listen(server);
  const controllers = [new AbortController(), new AbortController()];
  for (const { signal } of controllers) await fetch(`${url}/dashboard/events`, { signal });
  expect((await server.app.inject('/collections')).statusCode).toBe(429);
  controllers[0]!.abort();
  const metrics = async () => server.app.inject('/metrics');
  await vi.waitUntil(async () => (await metrics()).statusCode === 200);
  const values = valuesOf((await metrics()).body);
  expect(values['simdex_http_requests_refused_total']).toBeGreaterThanOrEqual(1);
  expect(values['simdex_http_requests_under_way']).toBe(2);
  expect(values['simdex_http_connections']).toBeGreaterThanOrEqual(1);
  expect(values['simdex_http_connections_refused_total']).toBe(0);
  controllers[1]!.abort();
});

test('the page is told the same as /metrics tells', async () => {
  const { app } = await withPoints(50);
  for (let i = 0; i < 7; i++) await app.inject(searchIn);
  const state = (await app.inject('/dashboard/state')).json();
  const values = valuesOf((await app.inject('/metrics')).body);
  expect(state).toMatchObject({
    version,
    engine: { threads: 2 },
    totals: {
      ingested: values['simdex_index_duration_seconds_count'],
      searches: values['simdex_query_duration_seconds_count'],
    },
    collections: [
      {
        name: 'first',
        dims: 4,
        distance: 'Cosine',
        points: values['simdex_collection_vectors{collection="first"}'],
        memoryBytes: values['simdex_collection_memory_bytes{collection="first"}'],
        storedBytes: values['simdex_collection_stored_bytes{collection="first"}'],
      },
    ],
  });
});

test('samples of each second add up to what was done, and are told once', async () => {
  const { app } = await withPoints(50);
  for (let i = 0; i < 7; i++) await app.inject(searchIn);
  const sampled = async (since: number) => (await app.inject(`/dashboard/state?since=${since}`)).json().samples;
  await vi.waitUntil(async () => (await sampled(0)).some(({ searchRate }: { searchRate: number }) => searchRate > 0), {
    timeout: 10_000,
  });
  const samples = await sampled(0);
  const busy = samples.find(({ searchRate }: { searchRate: number }) => searchRate > 0);
  expect(busy).toMatchObject({ p50Ms: expect.any(Number), p95Ms: expect.any(Number), p99Ms: expect.any(Number) });
  expect(busy.p50Ms).toBeLessThanOrEqual(busy.p99Ms);
  expect(busy.memoryBytes).toBeGreaterThan(1e7);
  const newest = samples.at(-1).atMs;
  expect((await sampled(newest)).every(({ atMs }: { atMs: number }) => atMs > newest)).toBe(true);
  expect((await app.inject('/dashboard/state?since=x')).statusCode).toBe(400);
});
