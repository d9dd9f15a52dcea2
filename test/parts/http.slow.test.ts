/**
 * The command on large files behind http URLs, and on many parts of one.
 */
import { expect, test } from 'vitest';
import { npyBytes, npyHeader, randomRows, run, runWell, temporaryDirectory } from '../cli/support.js';
import { serve } from '../formats/http-server.js';

const directory = temporaryDirectory();
const { at, read, write } = directory;
const rows = randomRows(20_000, 24, 1);
const bytes = npyBytes(rows);

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

test('a file that is changed while it is read is refused, and leaves no output', async () => {
  const large = Buffer.concat([npyHeader('(100000, 32)'), Buffer.alloc(4 * 100_000 * 32, 1)]);
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
