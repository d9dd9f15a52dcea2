/**
 * What was answered is on the disk: flushed before the answer, there when the disk was full in between, and nobody else's.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QdrantClient } from '@qdrant/js-client-rest';
import { open } from 'lmdb';
import { createServer } from 'simdex/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startServer } from './server-process.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simdex-durability-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

test('no answer leaves before a flush that began after its commit', async ({ skip }) => {
  if (!hasStrace) return skip('strace is not there, or may not trace');
  const log = join(folder, 'calls');
  const calls = 'trace=fdatasync,fsync,pwrite64,pwritev,write,writev';
  const server = await startServer(join(folder, 'data'), ['strace', '-f', '-y', '-s', '32', '-o', log, '-e', calls]);
  const client = new QdrantClient({ url: server.url, checkCompatibility: false });
  await client.createCollection('c', { vectors: { size: 64, distance: 'Dot' } });
  const rounds = 10;
  for (let id = 0; id < rounds; id++) {
    const point = { id, vector: new Array<number>(64).fill(id), payload: { id } };
    await client.upsert('c', { wait: id % 2 === 0, points: [point] });
  }
  await server.end('SIGKILL');
  // A call that another thread interrupts has two lines: it is over at the second one.
  const begun = new Map<string, string>();
  const events: string[] = [];
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    const thread = line.split(' ')[0]!;
    if (line.includes('<unfinished ...>')) begun.set(thread, line);
    const call = line.includes('resumed>') ? `${begun.get(thread)}${line}` : line;
    if (line.includes('<unfinished ...>')) continue;
    if (/write(v|64)?\(\d+<[^>]*collections\/0\/data\.mdb>/.test(call)) {
      // The page that makes a commit count is short; its descriptor flushes each write (O_DSYNC).
      events.push(/, 128, \d+\) = 128|, 128, \d+ /.test(call) ? 'meta' : 'data');
    } else if (/fdatasync\(\d+<[^>]*collections\/0\/data\.mdb>/.test(call)) events.push('flush');
    else if (/writev?\(\d+<(socket|TCP)/.test(call) && /HTTP\/1\.1 200/.test(call)) events.push('answer');
  }
  const order = events.join(' ').replace(/data( data)*/g, 'data');
  const cycles = order.match(/data flush meta answer/g) ?? [];
  expect(cycles.length, order).toBeGreaterThanOrEqual(rounds);
  // Between two answers of upserts there is nothing but one such cycle, or one more behind the callers' backs.
  expect(order).not.toMatch(/data (meta|answer)|flush answer|flush data/);
});

test('a folder belongs to one process, and to the next one when that was killed', async () => {
  const data = join(folder, 'data');
  const server = await startServer(data);
  await expect(startServer(data)).rejects.toThrow(
    /the data folder .* is in use by process \d+; a folder belongs to one server/,
  );
  await expect(createServer({ data, threads: 1 })).rejects.toMatchObject({ code: 'FileAccess' });
  await server.end('SIGKILL');
  const next = await createServer({ data, threads: 1 });
  await expect(createServer({ data, threads: 1 })).rejects.toThrow(/in use by a server of this process/);
  await next.close();
  await (await createServer({ data, threads: 1 })).close();
});

test('a collection of a newer version is refused, and left as it is', async () => {
  const server = await createServer({ data: folder, threads: 1 });
  const payload = { vectors: { size: 2, distance: 'Dot' } };
  await server.inject({ method: 'PUT', url: '/collections/c', payload });
  await server.close();
  const path = join(folder, 'collections', '0');
  const setFormat = async (format: unknown) => {
    const store = open({ path, noSubdir: false, overlappingSync: false, maxDbs: 8, encoding: 'binary' });
    await store.openDB<unknown, string>('meta', { encoding: 'json' }).put('format', format);
    await store.close();
  };
  await setFormat(2);
  await expect(createServer({ data: folder, threads: 1 })).rejects.toThrow(
    /expected format 1 of a collection, found format 2, of a newer version/,
  );
  await setFormat(1);
  const again = await createServer({ data: folder, threads: 1 });
  expect((await again.inject('/collections/c')).statusCode).toBe(200);
  await again.close();
});

test('an import stores how many points there are, so that a start makes room for all of them at once', async () => {
  const server = await createServer({ data: folder, threads: 1 });
  await server.inject({ method: 'PUT', url: '/collections/c', payload: { vectors: { size: 2, distance: 'Dot' } } });
  const importRows = async (count: number) => {
    const payload = Buffer.from(Float32Array.from({ length: 2 * count }, (_, i) => i + 1).buffer);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(count, 0);
    head.writeUInt32LE(2, 4);
    const url = '/collections/c/points/import?format=fbin';
    const answer = await server.inject({ method: 'PUT', url, payload: Buffer.concat([head, payload]) });
    expect(answer.json()).toMatchObject({ result: { imported: count } });
  };
  await importRows(300);
  await importRows(50);
  await server.close();
  const path = join(folder, 'collections', '0');
  const store = open({ path, noSubdir: false, overlappingSync: false, maxDbs: 8, encoding: 'binary' });
  expect(store.openDB<unknown, string>('meta', { encoding: 'json' }).get('points')).toBe(350);
  await store.close();
});
