import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IndexingError } from '../../src/base/errors.js';
import type { RowOptions } from '../../src/formats/format.js';
import { fvecs } from '../../src/formats/fvecs.js';
import { runsOf } from '../seed.js';
import {
  bitsOf,
  bytesOf,
  collect,
  collectRows,
  createRandom,
  expectRefusal,
  fvecsBytes,
  memorySource,
} from './support.js';

async function read(bytes: Uint8Array, options: RowOptions = {}) {
  const rows = await fvecs.open(memorySource(bytes, 'x.fvecs'), options);
  const chunks = await collect(rows.chunks());
  return { count: rows.count, dims: rows.dims, chunks, values: chunks.flatMap(({ data }) => [...data]) };
}

test('bytes written out by hand', async () => {
  const bytes = Uint8Array.of(2, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0);
  expect(await read(bytes)).toMatchObject({ count: 1, dims: 2, values: [1, -2] });
});

test('any bits of any rows in chunks of any size are given as they are', async () => {
  const size = fc.record({ dims: fc.integer({ min: 1, max: 130 }), count: fc.integer({ min: 1, max: 12 }) });
  await fc.assert(
    fc.asyncProperty(
      size,
      fc.integer({ min: 1, max: 14 }),
      fc.integer(),
      async ({ dims, count }, chunkVectors, seed) => {
        const random = createRandom(seed);
        const rows = Array.from({ length: count }, () => Uint32Array.from({ length: dims }, () => random(2 ** 32)));
        const bytes = Uint8Array.from(rows.flatMap((row) => [...bytesOf(Int32Array.of(dims)), ...bytesOf(row)]));
        const found = await read(bytes, { chunkVectors });
        expect(found).toMatchObject({ count, dims });
        expect(bitsOf(found.chunks)).toEqual(rows.flatMap((row) => [...row]));
        expect(found.chunks.every(({ data }) => data.buffer instanceof SharedArrayBuffer)).toBe(true);
      },
    ),
    runsOf(1000),
  );
});

test.each([3, 64, 300_000])('rows of %i components that do not fit the staging memory at once', async (dims) => {
  const count = Math.ceil(700_001 / dims);
  const words = Int32Array.from({ length: count * (dims + 1) }, (_, i) => (i % (dims + 1) === 0 ? dims : i));
  const { chunks } = await read(bytesOf(words));
  const found = chunks.flatMap(({ data }) => [...new Int32Array(data.buffer)]);
  expect(found.length).toBe(count * dims);
  expect(found.every((word, i) => word === i + 1 + Math.floor(i / dims))).toBe(true);
});

test('an empty file has no rows where the option dims says what they would be', async () => {
  expect(await read(new Uint8Array(0), { dims: 7 })).toMatchObject({ count: 0, dims: 7, chunks: [] });
  await expectRefusal(
    () => read(new Uint8Array(0)),
    /byte 0: expected a row, or the option dims .*found an empty file/,
  );
});

describe('what is refused', () => {
  const rows = [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ];

  test('a row of other dims that nothing else tells of, with its row and byte offset', async () => {
    // More rows than are looked at, so that the damage is found only when its row is read.
    const bytes = fvecsBytes(Array.from({ length: 500 }, () => [1, 2, 3]));
    bytes[16 * 3] = 2;
    await expectRefusal(() => read(bytes), /x\.fvecs, row 3 \(byte 48\): expected dims 3, as in row 0, found 2/);
    await expectRefusal(() => read(bytes, { chunkVectors: 1 }), /row 3 \(byte 48\)/);
  });

  test.each([0, -1, -(2 ** 31)])('dims of %i', async (dims) => {
    await expectRefusal(
      () => read(bytesOf(Int32Array.of(dims, 0, 0))),
      /row 0 \(byte 0\): expected dims of 1 to 2147483647/,
    );
  });

  test('dims larger than the file', async () => {
    await expectRefusal(() => read(bytesOf(Int32Array.of(2 ** 31 - 1, 0))), /whole rows of 8589934592 bytes/);
  });

  test('dims that are not those of the option', async () => {
    expect(await read(fvecsBytes(rows), { dims: 3 })).toMatchObject({ dims: 3 });
    await expectRefusal(
      () => read(fvecsBytes(rows), { dims: 4 }),
      /expected rows of 4 components, as the option dims says, found 3/,
      'InvalidConfiguration',
    );
  });

  test('a valid file cut at every byte that does not end a row', async () => {
    const bytes = fvecsBytes(rows);
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.slice(0, length);
      if (length > 0 && length % 16 === 0) expect(await read(cut)).toMatchObject({ count: length / 16 });
      else await expectRefusal(() => read(cut));
    }
    const cut = /row 2 \(byte 32\): expected 12 bytes for a row of 3, found 4 bytes to the end of the file/;
    await expectRefusal(() => read(bytes.slice(0, 40)), cut);
    await expectRefusal(() => read(bytes.slice(0, 34)), /row 2 \(byte 32\): expected the 4 bytes of dims, found 2/);
  });

  test('damage in any dims is refused, or gives rows that use up the file', async () => {
    const random = createRandom(7);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const bytes = fvecsBytes(rows);
      bytes[16 * random(3) + random(4)] = random(256);
      try {
        const found = await fvecs.open(memorySource(bytes), {});
        const { rows: read } = await collectRows(found.chunks());
        expect(read.length).toBe(found.count);
        expect(read.reduce((sum, row) => sum + 4 + 4 * row.length, 0)).toBe(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(IndexingError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(2800);
  });

  test('rows of different lengths are given in order, in chunks of any size', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        lengths,
        fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
        async (given, chunkVectors) => {
          const expected = given.map((length, row) => Array.from({ length }, (_, i) => row + i / 8));
          const found = await fvecs.open(memorySource(fvecsBytes(expected)), { chunkVectors });
          expect(found.count).toBe(given.length);
          expect(found.dims).toBe(new Set(given).size === 1 ? given[0] : 'ragged');
          expect((await collectRows(found.chunks())).rows).toEqual(expected);
        },
      ),
    );
  });
});
