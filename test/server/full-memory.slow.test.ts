/**
 * A collection that does not fit in memory: the write is refused in words, what is there goes on being searched, and is there after a restart.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'simdex/server';
import { expect, onTestFinished, test } from 'vitest';

test('what does not fit in memory is told, and what is there goes on being searched', async () => {
  const data = mkdtempSync(join(tmpdir(), 'simdex-full-memory-'));
  let server = await createServer({ data, threads: 1, maxMemoryBytes: 24 * 2 ** 20 });
  onTestFinished(async () => {
    await server.close();
    rmSync(data, { recursive: true, force: true });
  });
  const send = async (method: 'PUT' | 'POST', url: string, payload: object) => {
    const answer = await server.inject({ method, url, payload });
    return { status: answer.statusCode, body: answer.json() };
  };
  await send('PUT', '/collections/c', { vectors: { size: 256, distance: 'Euclid' } });
  let told: Awaited<ReturnType<typeof send>> | undefined;
  for (let first = 0; first < 200_000 && !told; first += 500) {
    const points = Array.from({ length: 500 }, (_, i) => ({ id: first + i, vector: new Array(256).fill(first + i) }));
    const answer = await send('PUT', '/collections/c/points?wait=true', { points });
    if (answer.status !== 200) told = answer;
  }
  expect(told).toMatchObject({ status: 507, body: { status: { error: expect.stringContaining('memory') } } });
  const { count } = (await send('POST', '/collections/c/points/count', {})).body.result;
  expect(count % 500).toBe(0);
  const nearest = async (value: number) => {
    const found = await send('POST', '/collections/c/points/search', { vector: new Array(256).fill(value), limit: 1 });
    return found.body.result;
  };
  expect(await nearest(7)).toMatchObject([{ id: 7, score: 0 }]);
  // Nothing of what was refused is there, now and after a restart; deleting goes on.
  const deleted = await send('POST', '/collections/c/points/delete?wait=true', { points: [7, 8] });
  expect(deleted.status).toBe(200);
  const isAsBefore = async () => {
    expect((await send('POST', '/collections/c/points/count', {})).body.result.count).toBe(count - 2);
    expect(await nearest(count + 100)).toMatchObject([{ id: count - 1 }]);
    expect((await nearest(7))[0].id).not.toBe(7);
  };
  await isAsBefore();
  await server.close();
  server = await createServer({ data, threads: 1 });
  await isAsBefore();
});
