import { chmod, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openVectors, readVectors } from '../../src/formats/node/read-vectors.js';
import type { VectorFormat } from '../../src/formats/registry.js';
import {
  bytesOf,
  collect,
  dictOf,
  expectClosed,
  expectOpen,
  expectRefusal,
  fvecsBytes,
  npyBytes,
  temporaryDirectory,
} from './support.js';

const directory = temporaryDirectory();
const dataDirectory = process.env['SIMDEX_DATA'];
const noData = 'SIMDEX_DATA does not name a directory of real vectors';
const isRoot = process.getuid?.() === 0;

async function npyFile(name: string, count: number, dims: number): Promise<string> {
  const data = Float32Array.from({ length: count * dims }, (_, i) => i);
  const file = directory.at(name);
  await writeFile(file, npyBytes({ dict: dictOf('<f4', `(${count}, ${dims})`), data: bytesOf(data) }));
  return file;
}

test('MNIST as .npy', async ({ skip }) => {
  if (dataDirectory === undefined) return skip(noData);
  const file = join(dataDirectory, 'mnist-784.npy');
  const chunks = await collect(readVectors(file));
  expect(chunks.map(({ data, dims }) => [data.length / dims, dims])).toEqual([
    [2674, 784],
    [2674, 784],
    [2674, 784],
    [1978, 784],
  ]);
  const bytes = await readFile(file);
  let at = bytes.length - 10_000 * 784 * 4;
  for (const { data } of chunks) {
    expect(Buffer.compare(bytesOf(data), bytes.subarray(at, at + data.byteLength))).toBe(0);
    at += data.byteLength;
  }
});

test('word2vec as .fvecs', async ({ skip }) => {
  if (dataDirectory === undefined) return skip(noData);
  const file = join(dataDirectory, 'word2vec-300.fvecs');
  const vectors = await openVectors(file);
  expect(vectors).toMatchObject({ file, format: 'fvecs', dims: 300, count: 1000, byteLength: 1_204_000 });
  const bytes = await readFile(file);
  let row = 0;
  for (const { data } of await collect(vectors.chunks())) {
    for (let at = 0; at < data.length; at += 300, row++) {
      expect(
        Buffer.compare(bytesOf(data.subarray(at, at + 300)), bytes.subarray(row * 1204 + 4, row * 1204 + 1204)),
      ).toBe(0);
      expect(Math.hypot(...data.subarray(at, at + 300))).toBeCloseTo(1, 2);
    }
  }
  expect(row).toBe(1000);
  await vectors.close();
});

test('opening says what the file holds, and its chunks can be read twice, also at once', async () => {
  const file = await npyFile('twice.npy', 5, 2);
  const vectors = await openVectors(file, { chunkVectors: 2 });
  expect(vectors).toMatchObject({ file, format: 'npy', dims: 2, count: 5, byteLength: 128 + 40 });
  const [once, again] = await Promise.all([collect(vectors.chunks()), collect(vectors.chunks())]);
  expect(once).toEqual(again);
  expect(once.flatMap(({ data }) => [...data])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await vectors.close();
  await vectors.close();
  await expectRefusal(() => collect(vectors.chunks()), /twice\.npy was closed before/, 'Disposed');
});

test('the format is that of the extension, in any case, or the option', async () => {
  const row = fvecsBytes([[1, 2]]);
  for (const name of ['a.fvecs', 'a.FVECS', 'plain']) await writeFile(directory.at(name), row);
  expect(await collect(readVectors(directory.at('a.FVECS')))).toHaveLength(1);
  expect(await collect(readVectors(directory.at('plain'), { format: 'fvecs' }))).toHaveLength(1);
  await expectRefusal(
    () => openVectors(directory.at('plain')),
    /file must be a name that ends in \.npy, \.npz, \.fvecs, /,
    'InvalidConfiguration',
  );
  await expectRefusal(() => openVectors(directory.at('a.fvecs'), { format: 'npy' }), /\\x93NUMPY/);
  for (const format of ['hdf', 'constructor', ''])
    await expectRefusal(
      () => openVectors('a.npy', { format: format as VectorFormat }),
      /format must be one of npy, npz, fvecs, bvecs, /,
      'InvalidConfiguration',
    );
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('an option of %d is refused by name', async (value) => {
  await expectRefusal(
    () => openVectors('a.npy', { dims: value }),
    /dims must be a positive integer, got/,
    'InvalidConfiguration',
  );
  await expectRefusal(
    () => openVectors('a.npy', { chunkVectors: value }),
    /chunkVectors must be a positive integer, got/,
    'InvalidConfiguration',
  );
});

test('the descriptor is closed at the end, at an early return, and at an error', async () => {
  const file = await npyFile('closed.npy', 6, 2);
  for await (const _ of readVectors(file, { chunkVectors: 2 })) await expectOpen(file);
  await expectClosed(file);
  for await (const _ of readVectors(file, { chunkVectors: 2 })) break;
  await expectClosed(file);
  await expect(async () => {
    for await (const _ of readVectors(file, { chunkVectors: 2 })) throw new Error('the consumer failed');
  }).rejects.toThrow('the consumer failed');
  await expectClosed(file);
  await writeFile(file, 'not an array');
  await expectRefusal(() => collect(readVectors(file)));
  await expectRefusal(() => openVectors(file, { format: 'fvecs' }));
  await expectClosed(file);
});

test('the next chunk may be asked for before this one is used', async () => {
  const file = await npyFile('ahead.npy', 6, 2);
  const chunks = readVectors(file, { chunkVectors: 2 });
  const steps = await Promise.all([chunks.next(), chunks.next(), chunks.next(), chunks.next()]);
  expect(steps.map(({ value }) => value?.data[0])).toEqual([0, 4, 8, undefined]);
  await expectClosed(file);
});

test.each(['npy', 'fvecs'] as const)(
  'a .%s file that shrinks while it is read is refused with the offset',
  async (format) => {
    const file = directory.at(`shrinks.${format}`);
    const rows = Array.from({ length: 8 }, (_, row) => [row, row]);
    const data = bytesOf(Float32Array.from(rows.flat()));
    await writeFile(file, format === 'npy' ? npyBytes({ dict: dictOf('<f4', '(8, 2)'), data }) : fvecsBytes(rows));
    const chunks = readVectors(file, { chunkVectors: 2 });
    await chunks.next();
    await truncate(file, format === 'npy' ? 128 + 20 : 30);
    const offset = format === 'npy' ? 148 : 30;
    await expectRefusal(
      () => chunks.next(),
      new RegExp(`byte ${offset}: expected \\d+ bytes, as when it was opened, found the end`),
    );
    await expectClosed(file);
  },
);

test('a file that cannot be opened is refused with its path, the reason and the cause', async () => {
  const missing = directory.at('missing.npy');
  const refusal = await expectRefusal(
    () => openVectors(missing),
    /cannot read .*missing\.npy: there is no such file/,
    'FileAccess',
  );
  expect(refusal.cause).toMatchObject({ code: 'ENOENT' });
  const file = await npyFile('file.npy', 1, 1);
  await expectRefusal(() => openVectors(join(file, 'x.npy')), /a part of its path is not a directory/, 'FileAccess');
  await mkdir(directory.at('folder.npy'));
  await expectRefusal(
    () => openVectors(directory.at('folder.npy')),
    /it is a directory; name a file in it/,
    'FileAccess',
  );
  await symlink('loop.npy', directory.at('loop.npy'));
  await expectRefusal(() => openVectors(directory.at('loop.npy')), /loop\.npy: ELOOP/, 'FileAccess');
  await expectRefusal(() => openVectors('a\0.npy'), /cannot read/, 'FileAccess');
  await expectRefusal(
    () => openVectors(''),
    /file must be a path, a Blob or a file: URL, got ""/,
    'InvalidConfiguration',
  );
  await expectClosed(directory.at('folder.npy'));
});

test('a file that this user may not read is refused', async ({ skip }) => {
  if (isRoot || process.platform === 'win32') return skip('root may read everything, and Windows has no such modes');
  const file = await npyFile('secret.npy', 1, 1);
  await chmod(file, 0);
  await expectRefusal(() => openVectors(file), /permission denied; allow this user to read it/);
});

test('a device is read from front to back, and refused where a format needs a file', async ({ skip }) => {
  if (process.platform === 'win32') return skip('Windows has no such files');
  await expectRefusal(() => collect(readVectors('/dev/zero', { format: 'fvecs' })), /\/dev\/zero, row 0 .*found 0/);
  expect(await collect(readVectors('/dev/null', { format: 'jsonl' }))).toEqual([]);
  await expectRefusal(
    () => openVectors('/dev/zero', { format: 'parquet' }),
    /\/dev\/zero is a pipe, and \.parquet is not read from front to back; save it to a file first/,
    'InvalidConfiguration',
  );
});

test('a file far larger than its chunks is read in little memory', async () => {
  const file = directory.at('sparse.npy');
  const count = 400_000;
  const header = npyBytes({ dict: dictOf('<f4', `(${count}, 384)`), data: new Uint8Array(0) });
  await writeFile(file, header);
  await truncate(file, header.length + count * 384 * 4);
  const before = process.memoryUsage.rss();
  let rows = 0;
  let most = 0;
  for await (const { data, dims } of readVectors(file)) {
    rows += data.length / dims;
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  expect(rows).toBe(count);
  // 614 MB pass through; shared memory that the collector does not see would all still be there.
  expect(most).toBeLessThan(400 * 2 ** 20);
});
