/**
 * A server with a graph that is killed at random moments under load: after the restart all answered points are there, the graph takes in what it lacks,
 * its lists are sound and lead to every point, and it finds what a scan finds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { reachedRows } from '../search/graph-reach.js';
import { casesOf, seedOfTheDay } from '../seed.js';
import { type ServerProcess, startServer } from './server-process.js';

const DIMS = 8;
const FIRST = 12_000;
const QUERIES = 200;

const vectorOf = (seed: number) =>
  Array.from({ length: DIMS }, (_, i) =>
    Math.fround((Math.sin((seed + 1) * 12.9898 + (i + 1) * 78.233) * 43758.5453) % 1),
  );

async function ask<T>(url: string, method: string, path: string, body?: object | string): Promise<T> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'application/octet-stream' : 'application/json';
  const answer = await fetch(`${url}/collections/c${path}`, {
    method,
    ...(body && { body: text, headers: { 'content-type': type } }),
  });
  const { result, status } = (await answer.json()) as { result: T; status: unknown };
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(status)}`);
  return result;
}

/** Of the graph: a walk over its lists in a snapshot; lists that are not sound fail. */
async function pointsReached(url: string): Promise<number> {
  const { name } = await ask<{ name: string }>(url, 'POST', '/snapshots');
  const answer = await fetch(`${url}/collections/c/snapshots/${name}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  await ask(url, 'DELETE', `/snapshots/${name}`);
  return reachedRows(bytes).size;
}

interface Info {
  readonly status: string;
  readonly indexed_vectors_count: number;
}

test('after a kill the graph has every point, and finds what a scan finds', async () => {
  const kills = casesOf('kills of a server with a graph', 20);
  const folder = mkdtempSync(join(tmpdir(), 'simdex-kill-graph-'));
  /** By id: the seed of its vector. Those that were answered. */
  const there = new Map<number, number>();
  let server: ServerProcess | undefined;
  let version = 1_000_000;
  let seed = seedOfTheDay;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const isWhole = (url: string) =>
    expect
      .poll(() => ask<Info>(url, 'GET', ''), { timeout: 120_000, interval: 100 })
      .toMatchObject({ status: 'green', indexed_vectors_count: there.size });
  try {
    server = await startServer(folder);
    const hnsw_config = { m: 8, ef_construct: 64 };
    await ask(server.url, 'PUT', '', { vectors: { size: DIMS, distance: 'Euclid' }, hnsw_config });
    const lines = Array.from({ length: FIRST }, (_, id) => JSON.stringify(vectorOf(id)));
    await ask(server.url, 'PUT', '/points/import?format=jsonl&first_id=0', lines.join('\n'));
    for (let id = 0; id < FIRST; id++) there.set(id, id);
    // The first kill comes while the graph is built, or before.
    for (let kill = 0; kill < kills; kill++) {
      const { url } = server;
      /** What was sent and not answered: it may be there or not. */
      let sent: readonly [number, number | undefined][] = [];
      const writing = (async () => {
        for (;;) {
          const ids = [...new Set(Array.from({ length: 200 }, () => Math.floor(random() * 1.1 * FIRST)))];
          // So few that enough points for a graph stay: nine in ten ids are taken in the long run.
          const isDelete = random() < 0.1;
          sent = ids.map((id) => [id, isDelete ? undefined : version++]);
          const points = sent.map(([id, vector]) => ({ id, vector: vectorOf(vector ?? 0) }));
          const body = isDelete ? { points: ids } : { points };
          await ask(url, isDelete ? 'POST' : 'PUT', `/points${isDelete ? '/delete' : ''}?wait=true`, body);
          for (const [id, vector] of sent) {
            if (vector === undefined) there.delete(id);
            else there.set(id, vector);
          }
          sent = [];
        }
      })().catch((error: unknown) => expect(String(error)).toMatch(/fetch failed|terminated/));
      await pause(random() * 3000);
      await server.end('SIGKILL');
      await writing;
      server = await startServer(folder);
      // All of what was not answered is there, or nothing of it.
      const found = await ask<{ id: number; vector: number[] }[]>(server.url, 'POST', '/points', {
        ids: sent.map(([id]) => id),
        with_vector: true,
      });
      const text = (points: Iterable<readonly [number, unknown]>) =>
        JSON.stringify([...points].sort(([a], [b]) => a - b));
      const now = text(found.map(({ id, vector }) => [id, vector]));
      const before = sent.flatMap(([id]) => (there.has(id) ? [[id, vectorOf(there.get(id)!)] as const] : []));
      const after = sent.flatMap(([id, vector]) => (vector === undefined ? [] : [[id, vectorOf(vector)] as const]));
      expect([text(before), text(after)]).toContain(now);
      if (now !== text(before)) {
        for (const [id, vector] of sent) {
          if (vector === undefined) there.delete(id);
          else there.set(id, vector);
        }
      }
      expect(await ask(server.url, 'POST', '/points/count', {})).toEqual({ count: there.size });

      await isWhole(server.url);
      // Lists are mended some time after points went.
      await expect.poll(() => pointsReached(server!.url), { timeout: 60_000, interval: 200 }).toBe(there.size);
      const points = [...there];
      const some = Array.from({ length: QUERIES }, () => points[Math.floor(random() * points.length)]!);
      const searches = some.map(([, vector]) => ({ vector: vectorOf(vector), limit: 1, params: { hnsw_ef: 200 } }));
      const hits = await ask<{ id: number; score: number }[][]>(server.url, 'POST', '/points/search/batch', {
        searches,
      });
      const right = hits.filter(([hit], i) => hit?.id === some[i]![0] && hit.score === 0).length;
      expect(right).toBeGreaterThanOrEqual(0.95 * QUERIES);
    }
  } finally {
    await server?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}, 3_600_000);
