/**
 * The examples about search, run as a reader would run them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VectorIndex } from 'simdex';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { expectBest, rank } from '../search/reference.js';
import { positions, randomRows } from '../search/support.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'simdex-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

function runExample(name: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'examples', name), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

async function saveIndex(name: string, rows: Float32Array[], options: Parameters<typeof VectorIndex.build>[1] = {}) {
  const index = await VectorIndex.build(rows, { threadCount: 1, ...options });
  const file = join(folder, name);
  await index.save(file);
  await index.dispose();
  return file;
}

test('documentation is searched by hashed trigrams, from a saved index the second time', () => {
  const index = join(folder, 'docs.safetensors');
  const ask = (question: string) => runExample('search-text.mjs', root.slice(0, -1), index, question);
  // The files of the repository alone: those of its packages may be many.
  writeFileSync(
    join(folder, 'a.md'),
    'Whales are mammals that live in the sea.\n\nBread is baked of flour and water.\n',
  );
  writeFileSync(join(folder, 'b.md'), 'A telescope gathers light from far away stars.\n\n42\n');
  const first = runExample('search-text.mjs', folder, index, 'baking bread with water');
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout.split('\n')[1]).toContain('Bread is baked of flour and water.');
  expect(first.stdout).toContain('3 paragraphs searched');
  rmSync(join(folder, 'b.md'));
  const second = ask('stars seen in a telescope');
  expect(second.stdout.split('\n')[0]).toContain('b.md, paragraph 0');
  expect(second.stdout.split('\n')[1]).toContain('the file has changed');
  expect(ask('?')).toMatchObject({ status: 2, stderr: expect.stringContaining('usage') });
});

const data = process.env['SIMDEX_DATA'] ?? join(root, '../shared/data');
const mnist = join(data, 'mnist-784.npy');

test.skipIf(!existsSync(mnist))('nearest digits make a page that needs nothing else (with SIMDEX_DATA)', () => {
  const page = join(folder, 'digits.html');
  const { status, stdout, stderr } = runExample('nearest-digits.mjs', mnist, page);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const agreement = Number(/(\d+) % of the neighbours/.exec(stdout)?.[1]);
  expect(agreement).toBeGreaterThan(80);
  const html = readFileSync(page, 'utf8');
  expect(html.match(/<svg /g)?.length).toBe(24 * 10);
  expect(html).not.toMatch(/https?:|<script|src=|@import|url\(/);
});

describe('the search endpoint', () => {
  const rows = randomRows(50, 8);

  async function startServer() {
    const file = await saveIndex('served.safetensors', rows, { metric: 'dot' });
    const server = spawn(process.execPath, [join(root, 'examples/search-server.mjs'), file, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(async () => {
      if (server.exitCode !== null) return;
      server.kill('SIGKILL');
      await once(server, 'exit');
    });
    const [line] = await once(server.stdout, 'data');
    return { server, url: /http:\S+/.exec(String(line))![0] };
  }

  test('answers requests, refuses what is no query, and ends when told', async () => {
    const { server, url } = await startServer();
    const post = (body: string) => fetch(url, { method: 'POST', body });
    const [query] = randomRows(1, 8, 2);
    const answers = await Promise.all(
      [1, 3, 10].map(async (k) => {
        const response = await post(JSON.stringify({ vector: [...query!], k }));
        expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
        return { k, hits: ((await response.json()) as { hits: { id: number; score: number }[] }).hits };
      }),
    );
    for (const { k, hits } of answers) {
      const found = {
        ids: hits.map(({ id }) => id),
        scores: Float32Array.from(hits, (hit) => hit.score),
        length: hits.length,
      };
      expectBest(found, rank(rows, positions(50), query!, 'dot'), k);
    }
    for (const body of [
      '',
      '{',
      '{}',
      '[]',
      'null',
      '{"vector":[1]}',
      '{"vector":[1,2,3,4,5,6,7,"8"]}',
      '{"vector":[1,2,3,4,5,6,7,8],"k":0}',
      '{"vector":[1,2,3,4,5,6,7,8],"k":1e9}',
      `"${'x'.repeat(2 ** 21)}"`,
    ]) {
      const response = await post(body);
      expect([body.slice(0, 40), response.status]).toEqual([body.slice(0, 40), 400]);
      expect(((await response.json()) as { error: string }).error).not.toBe('');
    }
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(new URL('/other', url))).status).toBe(404);
    server.kill('SIGTERM');
    expect(await once(server, 'exit')).toEqual([0, null]);
  });
});

const python = spawnSync('python3', ['-c', 'import numpy, safetensors'], { encoding: 'utf8' });

test.skipIf(python.status !== 0).each(['cosine', 'dot', 'euclidean'] as const)(
  'Python opens a saved index and agrees, by %s (where it has numpy and safetensors)',
  async (metric) => {
    const rows = randomRows(200, 10);
    const names = positions(200).map((i) => `Nr. ${i} ü`);
    for (const ids of [positions(200), names]) {
      const file = await saveIndex(`python-${metric}.safetensors`, rows, { metric, ids });
      const { stdout, stderr } = spawnSync('python3', [join(root, 'examples/open_index.py'), file, '17', '8'], {
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      const found = JSON.parse(stdout);
      const hits = { ids: found.ids, scores: Float32Array.from(found.scores), length: found.ids.length };
      expectBest(hits, rank(rows, ids, rows[17]!, metric), 8);
    }
  },
);
