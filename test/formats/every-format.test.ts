/**
 * What holds for every format that is read: the same rows out of each, from files and Blobs, in chunks of any size; and damage
 * of any kind ends in rows or in the contract's error, never in another one, and never in memory that the file does not have.
 */
import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { IndexingError } from '../../src/base/errors.js';
import { createMemorySource } from '../../src/formats/byte-sources.js';
import { openVectors, readVectors } from '../../src/formats/node/read-vectors.js';
import { formatOf, type VectorFormat, vectorFormats } from '../../src/formats/registry.js';
import { byteRows, ids, rows, samples } from './samples.js';
import { collectRows, createRandom, expectClosed, expectRefusal, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const names = Object.keys(samples) as VectorFormat[];
const withIds = ['safetensors', 'jsonl', 'csv', 'parquet', 'arrow'];

afterEach(() => vi.unstubAllGlobals());

test('there is a sample of every format', () => {
  expect(names.toSorted()).toEqual([...vectorFormats].sort());
});

describe.each(names)('.%s', (name) => {
  const expected = { rows: name === 'bvecs' ? byteRows : rows, ids: withIds.includes(name) ? ids : [] };

  test('gives its rows and ids from a file, whatever the size of chunks', async () => {
    const file = directory.at(`sample.${name}`);
    await writeFile(file, await samples[name]!());
    expect(await collectRows(readVectors(file))).toEqual(expected);
    for (const chunkVectors of [1, 2, 3, 1_000_000_000])
      expect(await collectRows(readVectors(file, { chunkVectors }))).toEqual(expected);
    expect(await collectRows(readVectors(file, { dims: 4 }))).toEqual(expected);
    await expectRefusal(
      () => collectRows(readVectors(file, { dims: 5 })),
      new RegExp(`sample\\.${name}.*dims`),
      'InvalidConfiguration',
    );
    await expectClosed(file);
  });

  test('gives them from a Blob too', async () => {
    const blob = new Blob([Uint8Array.from(await samples[name]!())]);
    expect(await collectRows(readVectors(blob, { format: name }))).toEqual(expected);
    const file = new File([Uint8Array.from(await samples[name]!())], `named.${name.toUpperCase()}`);
    expect(await collectRows(readVectors(file, { chunkVectors: 2 }))).toEqual(expected);
  });

  test('says what it holds, and can be read twice, also at once', async () => {
    const file = directory.at(`twice.${name}`);
    await writeFile(file, await samples[name]!());
    const vectors = await openVectors(file);
    if (vectors.count !== undefined) expect(vectors.count).toBe(3);
    if (vectors.dims !== undefined) expect(vectors.dims).toBe(4);
    const both = await Promise.all([collectRows(vectors.chunks()), collectRows(vectors.chunks())]);
    expect(both).toEqual([expected, expected]);
    await vectors.close();
    await expectClosed(file);
  });

  test('gives some of its rows, where it can tell where they lie', async () => {
    const file = directory.at(`range.${name}`);
    await writeFile(file, await samples[name]!());
    for (const chunkVectors of [1, 2, undefined]) {
      const vectors = await openVectors(file, { chunkVectors });
      expect(vectors.takesRows).toBe(vectors.count !== undefined);
      for (let first = 0; vectors.takesRows && first <= 3; first++)
        for (let last = first; last <= 3; last++) {
          const some = { rows: expected.rows.slice(first, last), ids: expected.ids.slice(first, last) };
          expect(await collectRows(vectors.chunks(undefined, { first, last }))).toEqual(some);
        }
      await vectors.close();
    }
  });

  test('cut at any byte, it is refused or gives fewer rows', async () => {
    const whole = await samples[name]!();
    const step = Math.max(1, Math.floor(whole.length / 400));
    for (let length = 0; length < whole.length; length += step) {
      const read = await readOrRefuse(name, whole.slice(0, length));
      if (read) expect(expected.rows.length).toBeGreaterThanOrEqual(read.length);
    }
  });

  test('damaged anywhere, it is refused or read, within the memory of the file', { timeout: 240_000 }, async () => {
    const whole = await samples[name]!();
    const largest = watchSharedMemory();
    const random = createRandom(20_261_122);
    for (let round = 0; round < 400; round++) {
      const bytes = whole.slice();
      // Half of the rounds in the first bytes and the last, where headers and footers are.
      const place = () => (round % 2 ? random(bytes.length) : round % 4 ? random(64) : bytes.length - 1 - random(64));
      for (let flips = random(3); flips >= 0; flips--) bytes[Math.max(0, place()) % bytes.length] = random(256);
      await readOrRefuse(name, bytes);
      // Text of one digit and a comma is four bytes of float32.
      expect(largest()).toBeLessThanOrEqual(name === 'npz' ? 2 ** 20 : 4 * whole.length);
    }
  });

  test('other bytes are refused with the name of the file and the place', async () => {
    for (const bytes of [
      '',
      '\0',
      'neither this nor that, and long enough for any header there may be',
      'PK\x03\x04',
    ]) {
      const read = () => collectRows(readVectors(new File([bytes], `foreign.${name}`)));
      // Text formats have no rows in an empty file, and words may be the names of columns.
      const isHeader = name === 'csv' && bytes.startsWith('neither');
      if (isHeader || (bytes === '' && ['jsonl', 'csv'].includes(name)))
        expect(await read()).toEqual({ rows: [], ids: [] });
      else await expectRefusal(read, new RegExp(`foreign\\.${name}.*(byte|line|row|footer|header|size)`));
    }
  });
});

async function readOrRefuse(name: VectorFormat, bytes: Uint8Array): Promise<number[][] | undefined> {
  try {
    const source = createMemorySource(bytes, `damaged.${name}`);
    const vectors = await formatOf('', name).format.open(source, {});
    return (await collectRows(vectors.chunks())).rows;
  } catch (error) {
    if (!(error instanceof IndexingError)) throw error;
    expect(error.message).toContain(`damaged.${name}`);
    return undefined;
  }
}

/** The largest shared memory that was asked for since. */
function watchSharedMemory(): () => number {
  let largest = 0;
  vi.stubGlobal(
    'SharedArrayBuffer',
    class extends SharedArrayBuffer {
      constructor(byteLength: number) {
        largest = Math.max(largest, byteLength);
        super(byteLength);
      }
    },
  );
  return () => largest;
}
