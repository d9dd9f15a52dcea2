/**
 * The command on files behind http URLs, in whole processes: what it writes is what it writes of the same file on the disk, and nothing of the
 * URL's secrets is in it.
 */
import { once } from 'node:events';
import { VectorIndex } from 'simdex';
import { expect, test } from 'vitest';
import { npyBytes, randomRows, run, runWell, start, temporaryDirectory } from '../cli/support.js';
import { serve } from '../formats/http-server.js';

const directory = temporaryDirectory();
const { at, read, write } = directory;
const rows = randomRows(20_000, 24, 1);
const bytes = npyBytes(rows);
const jsonl = Buffer.from(
  rows
    .slice(0, 500)
    .map((vector, i) => JSON.stringify({ id: i, vector }))
    .join('\n'),
);

test('info and search read URLs too, by formats without rows at known places as well', async () => {
  const server = await serve(jsonl);
  const { status, stdout, stderr } = await run(['info', `${server.origin}/rows.jsonl?x=s3cr3t`, '--json']);
  expect([status, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ file: `${server.origin}/rows.jsonl`, format: 'jsonl', dims: null });
  const input = write('few.jsonl', jsonl);
  await runWell(['index', input, '--out', at('few.safetensors'), '--quiet']);
  const search = ['search', at('few.safetensors'), '--query', `${server.origin}/rows.jsonl`, '-k', '1', '--json'];
  const found = JSON.parse((await run(search)).stdout);
  expect(found.queries.map(({ hits }: { hits: { id: number }[] }) => hits[0]!.id)).toEqual(
    rows.slice(0, 500).map((_, i) => i),
  );
});

test('an index behind a URL is loaded and searched, also with its rows left there', async () => {
  const file = write('indexed.npy', bytes);
  await runWell(['index', file, '--out', at('indexed.safetensors'), '--quiet']);
  const server = await serve(read('indexed.safetensors'));
  const url = `${server.origin}/indexed.safetensors?signature=s3cr3t`;
  const expected = await VectorIndex.load(at('indexed.safetensors'), { threadCount: 1 });
  const answer = await expected.search(rows[7]!, 5);
  await expected.dispose();
  for (const place of ['memory', 'file'] as const) {
    const index = await VectorIndex.load(url, { threadCount: 1, rows: place });
    const found = await index.search(rows[7]!, 5);
    expect([found.ids, found.scores], place).toEqual([answer.ids, answer.scores]);
    if (place === 'file') {
      // Rows of another file answer nobody.
      server.etag = '"v2"';
      await expect(index.search(rows[18_000]!, 5)).rejects.toThrow(/it was changed while it was read/);
    }
    await index.dispose();
  }
  const failed = VectorIndex.load(`${server.origin.replace(/\d+$/, '1')}/x.safetensors?s3cr3t`);
  await expect(failed).rejects.toThrow(/cannot read http:\/\/127\.0\.0\.1:1\/x\.safetensors: nobody answers there/);
});

test('a URL that cannot be read ends in one sentence, and leaves no output', async () => {
  const server = await serve(bytes, ({ response }) => response.writeHead(200).end(bytes));
  const { status, stderr } = await run(['index', `${server.origin}/rows.npy`, '--out', at('none.npy')]);
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^error: cannot read http.*\/rows\.npy: the server ignores ranges/),
  ]);
  expect(directory.names().filter((name) => name.includes('none'))).toEqual([]);
});

test('an interrupted read of a server that hangs ends at once', async () => {
  const server = await serve(bytes, ({ answer }, count) => (count > 1 ? undefined : answer()));
  const started = start(['index', `${server.origin}/rows.npy`, '--out', at('hung.npy'), '--quiet']);
  while (server.ranges.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  started.child.kill('SIGINT');
  await once(started.child, 'exit');
  expect((await started.ended).status).toBe(130);
  expect(directory.names().filter((name) => name.includes('hung'))).toEqual([]);
});
