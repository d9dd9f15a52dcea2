/**
 * A data folder on a disk that becomes full: the write is refused in words, reads go on, and so do writes when there is room.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'simdex/server';
import { expect, onTestFinished, test } from 'vitest';

test('a full disk is told, reads go on, and so do writes when there is room; what was answered is there', async ({
  skip,
}) => {
  const place = mkdtempSync(join(tmpdir(), 'simdex-full-disk-'));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', place], { stdio: 'ignore' });
  } catch {
    return skip('mount is not allowed here');
  }
  try {
    const data = join(place, 'data');
    const ballast = join(place, 'ballast');
    writeFileSync(ballast, new Uint8Array(8 * 2 ** 20));
    const lines: string[] = [];
    const log = { write: (line: string) => void lines.push(line) };
    const server = await createServer({ data, threads: 1, log, logLevel: 'info' });
    const url = '/collections/c';
    const told = (message: RegExp) => lines.filter((line) => message.test(line)).length;
    const vectorOf = (id: number) => Array.from({ length: 256 }, (_, i) => Math.fround(Math.sin(id + i)));
    await server.inject({ method: 'PUT', url, payload: { vectors: { size: 256, distance: 'Euclid' } } });
    const answered = new Set<number>();
    const upsert = async (first: number) => {
      const ids = Array.from({ length: 64 }, (_, i) => first + i);
      const points = ids.map((id) => ({ id, vector: vectorOf(id), payload: { id } }));
      const answer = await server.inject({ method: 'PUT', url: `${url}/points?wait=true`, payload: { points } });
      if (answer.statusCode === 200) for (const id of ids) answered.add(id);
      return answer;
    };
    let refused: Awaited<ReturnType<typeof upsert>> | undefined;
    let next = 0;
    for (; next < 64_000 && !refused; next += 64) {
      const answer = await upsert(next);
      if (answer.statusCode !== 200) refused = answer;
    }
    expect(refused?.statusCode).toBe(507);
    expect(refused?.json().status.error).toMatch(
      /^The disk of the data folder is full: nothing of this write was stored/,
    );
    const allAreThere = async (of: typeof server) => {
      const count = await of.inject({ method: 'POST', url: `${url}/points/count`, payload: {} });
      expect(count.json().result.count).toBe(answered.size);
      for (const id of [0, 63, Math.max(...answered)]) {
        const body = { vector: vectorOf(id), limit: 1, with_payload: true };
        const found = await of.inject({ method: 'POST', url: `${url}/points/search`, payload: body });
        expect(found.json().result).toEqual([{ id, version: 0, score: 0, payload: { id } }]);
      }
    };
    await allAreThere(server);
    for (let i = 0; i < 5; i++) expect((await upsert(next)).statusCode).toBe(507);
    // Once, however many writes find the disk full.
    expect([told(/could not be tidied/), told(/is tidied again/)]).toEqual([1, 0]);
    rmSync(ballast);
    expect((await upsert(next)).statusCode).toBe(200);
    await allAreThere(server);
    await expect.poll(() => told(/is tidied again/)).toBe(1);
    expect(told(/could not be tidied/)).toBe(1);
    await server.close();
    const again = await createServer({ data, threads: 1 });
    await allAreThere(again);
    await again.close();
  } finally {
    // A server of a test that failed may hold it.
    execFileSync('umount', ['-l', place], { stdio: 'ignore' });
  }
});
