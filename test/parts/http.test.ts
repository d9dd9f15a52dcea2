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

test('24 parts of a file behind a URL make up what a single run on the disk writes', async () => {
  const file = write('rows.npy', bytes);
  await runWell(['index', file, '--out', at('whole.safetensors'), '--quiet']);
  const server = await serve(bytes);
  const url = `${server.origin.replace('//', '//user:s3cr3t@')}/rows.npy?signature=s3cr3t`;
  const cuts = Array.from({ length: 23 }, (_, i) => Math.floor((i + 1) * 831.7));
  const spans = [0, ...cuts].map((from, i) => `${from}..${cuts[i] ?? ''}`).reverse();
  const parts = spans.map((_, i) => at(`part-${i}.safetensors`));
  for (const [i, span] of spans.entries()) {
    const started = server.ranges.length;
    const flags = ['--rows', span, '--out', parts[i]!, '--report', at(`${i}.json`), '--report', at(`${i}.html`)];
    const { stdout, stderr } = await runWell(['index', url, ...flags]);
    const texts = [
      stdout,
      stderr,
      ...[`part-${i}.safetensors.part.json`, `${i}.json`, `${i}.html`].map((name) => read(name).toString()),
    ];
    for (const text of texts) expect(text).not.toMatch(/s3cr3t|user:/);
    // What is before the first row and behind the last one is not fetched, but for the header.
    const [first, last] = [Number(span.split('..')[0]), Number(span.split('..')[1] || rows.length)];
    for (const range of server.ranges.slice(started + 1)) {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range!)!;
      expect(Number(from)).toBeGreaterThanOrEqual(128 + first * 96);
      expect(Number(to)).toBeLessThan(128 + last * 96);
    }
  }
  await runWell(['merge', ...parts, '--out', at('merged.safetensors'), '--quiet']);
  expect(read('merged.safetensors').equals(read('whole.safetensors'))).toBe(true);
  const manifest = JSON.parse(read('part-0.safetensors.part.json').toString());
  expect(manifest.source).toEqual([{ file: `${server.origin}/rows.npy`, byteLength: bytes.length, version: '"v1"' }]);

  // A part of the file as it is after a change belongs to another whole.
  server.etag = '"v2"';
  expect((await run(['index', url, '--rows', spans[1]!, '--out', parts[1]!, '--quiet'])).status).toBe(0);
  const refused = await run(['merge', ...parts, '--out', at('mixed.safetensors')]);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/ETag, of .*rows\.npy is "v2" .* "v1"/) });
});

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

test('a file that is changed while it is read is refused, and leaves no output', async () => {
  const large = npyBytes(randomRows(100_000, 32, 2));
  const server = await serve(large, ({ answer, first }) => {
    if (first > 9_000_000) server.etag = '"v2"';
    answer();
  });
  const { status, stderr } = await run(['index', `${server.origin}/rows.npy`, '--out', at('changed.npy'), '--quiet']);
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/it was changed while it was read \(its ETag is another\)/),
  ]);
  expect(directory.names().filter((name) => name.includes('changed'))).toEqual([]);
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
