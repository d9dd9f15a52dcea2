/**
 * What public reports of files behind URLs tell of: duckdb-wasm, DuckDB, hyparquet. Servers that answer with the whole file, with another
 * range, with a page that says 404, or with another file than before.
 */

import { expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { serve } from '../formats/http-server.js';
import { rows as sampleRows, samples } from '../formats/samples.js';
import { bytesOf, collectRows, dictOf, expectRefusal, npyBytes } from '../formats/support.js';

const rows = [
  [1, 2],
  [3, 4],
];
const file = npyBytes({ dict: dictOf('<f4', '(2, 2)'), data: bytesOf(Float32Array.from(rows.flat())) });
const read = (url: string) => collectRows(readVectors(new URL(url)));

test('duckdb-wasm: a presigned URL whose query holds the signature', async () => {
  const { origin, requests } = await serve(file);
  expect((await read(`${origin}/v.npy?X-Amz-Signature=abc%2Fdef&x=1`)).rows).toEqual(rows);
  expect(requests.every(({ url, method }) => url === '/v.npy?X-Amz-Signature=abc%2Fdef&x=1' && method === 'GET')).toBe(
    true,
  );
});

test('duckdb-wasm: no range is empty or ends before it begins', async () => {
  const served = await serve(await samples['parquet']!());
  expect((await read(`${served.origin}/v.parquet`)).rows).toEqual(sampleRows);
  for (const range of served.ranges) {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '')!;
    expect(Number(first)).toBeLessThanOrEqual(Number(last));
  }
});

test('duckdb-wasm: a server that ignores ranges is refused, and its answer is not read', async () => {
  const { origin } = await serve(file, ({ response }) => response.writeHead(200).end(file));
  await expectRefusal(() => read(`${origin}/v.npy`), /range/, 'FileAccess');
});

test.each([401, 403, 404, 410])('duckdb-wasm: the status %i is told, not a broken file', async (status) => {
  const { origin } = await serve(file, ({ response }) => response.writeHead(status).end('<h1>no</h1>'));
  await expectRefusal(() => read(`${origin}/v.npy`), new RegExp(String(status)), 'FileAccess');
});

test('DuckDB: a server that says no length', async () => {
  const { origin } = await serve(file, ({ response, first, last }) =>
    response.writeHead(206, { 'Content-Range': `bytes ${first}-${last}/*` }).end(file.subarray(first, last + 1)),
  );
  await expectRefusal(() => read(`${origin}/v.npy`), /./, 'FileAccess');
});

test('duckdb-wasm: a file that changed between two requests is not mixed with the old one', async () => {
  const long = npyBytes({ dict: dictOf('<f4', '(3000000, 2)'), data: new Uint8Array(24_000_000) });
  const served = await serve(long, ({ answer }, count) => {
    served.etag = count < 3 ? '"old"' : '"new"';
    answer();
  });
  await expectRefusal(() => read(`${served.origin}/v.npy`), /chang|ETag/i, 'FileAccess');
});

test('hyparquet: the message has no secrets of the URL', async () => {
  const { origin } = await serve(file, ({ response }) => response.writeHead(403).end());
  const url = `${origin.replace('//', '//user:secret@')}/v.npy?X-Amz-Signature=hidden`;
  const { message } = await expectRefusal(() => read(url), /403/, 'FileAccess');
  expect(message).not.toMatch(/secret|hidden/);
});
