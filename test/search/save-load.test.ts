/**
 * A saved index is loaded as it was, from a path, a Blob or bytes; what is no saved index is refused in words; a file is
 * replaced as a whole or not at all.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Metric, VectorIndex } from 'simdex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSavedIndexHeader } from '../../src/formats/saved-index.js';
import { parseSafetensors } from './safetensors.js';
import { build, load, positions, randomRows, told } from './support.js';

const DIMS = 7;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simdex-index-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(['cosine', 'dot', 'euclidean'] as const)('an index by %s', (metric) => {
  const names = positions(700).map((i) => (i % 2 ? `name ${i}` : `Größe ${'x'.repeat(i % 40)} ${i}`));
  test.each([
    ['positions', undefined],
    ['numbers', positions(700).map((i) => 5 * i - 1000)],
    ['strings', names],
  ])('with %s as ids comes back the same from a path, a Blob and bytes', async (_, ids) => {
    const rows = randomRows(700, DIMS).map((row, i) => row.map((x) => x * 2 ** ((i % 60) - 30)));
    const index = await build(rows, { metric, ...(ids && { ids }) }, 2 ** 22);
    await index.remove([...(ids ?? positions(700))].filter((_, i) => i % 7 === 3));
    const file = join(folder, `${metric}.safetensors`);
    await index.save(file);
    const bytes = index.toBytes();
    expect(new Uint8Array(await readFile(file))).toEqual(bytes);
    const queries = randomRows(5, DIMS, 2);
    const expected = (await index.searchBatch(queries, 20)).map(told);
    for (const source of [file, new Blob([bytes]), bytes]) {
      const again = await load(source, {}, 2 ** 22);
      expect([again.size, again.dims, again.metric]).toEqual([index.size, DIMS, metric]);
      expect((await again.searchBatch(queries, 20)).map(told)).toEqual(expected);
      expect(again.toBytes()).toEqual(bytes);
    }
    if (ids) return;
    const again = await load(bytes);
    await again.add(rows.slice(0, 1));
    expect(again.has(700)).toBe(true);
  });

  test('without rows, too', async () => {
    const empty = await build([], { metric });
    expect((await load(empty.toBytes())).size).toBe(0);
    const emptied = await build(randomRows(3, DIMS), { metric });
    await emptied.remove([0, 1, 2]);
    const again = await load(emptied.toBytes());
    expect([again.size, again.dims]).toEqual([0, DIMS]);
    await again.add(randomRows(1, DIMS));
    expect(again.size).toBe(1);
  });
});

test('keeps the magnitudes of the vectors as they were given, for cosine', async () => {
  const index = await build([Float32Array.of(3, 4), Float32Array.of(3e38, 3e38)]);
  const bytes = index.toBytes();
  expect(parseSafetensors(bytes).tensors.get('magnitudes')!.numbers).toEqual([5, Number.POSITIVE_INFINITY]);
  expect((await load(bytes)).toBytes()).toEqual(bytes);
});

test('rows are 64-byte aligned in the file', async () => {
  const bytes = (await build(randomRows(3, DIMS))).toBytes();
  const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect((8 + header) % 64).toBe(0);
});

test('saves the rows of the moment of the call', async () => {
  const index = await build(randomRows(20_000, DIMS));
  const before = index.toBytes();
  const file = join(folder, 'moment.safetensors');
  const saved = index.save(file);
  await index.remove(positions(15_000));
  await saved;
  expect(Buffer.compare(await readFile(file), before)).toBe(0);
});

describe('refuses', () => {
  /** A file with the given rows, magnitudes and ids, whatever they are. */
  function fileOf(
    rows: number[],
    { metric = 'dot' as Metric, order = 'original' as const, magnitudes = [5], ids = [0n] } = {},
  ): Uint8Array {
    const count = magnitudes.length;
    const shape = { count, dims: rows.length / count, metric, order, ids: { kind: 'numbers' as const } };
    const header = createSavedIndexHeader(shape);
    const parts = [header, Float32Array.from(rows), Float32Array.from(magnitudes), BigInt64Array.from(ids)];
    return new Uint8Array(
      Buffer.concat(
        parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)),
      ),
    );
  }

  test('nothing of a file that is right', async () => {
    expect((await load(fileOf([3, 4]))).size).toBe(1);
  });

  test('rows that were rejected when they were indexed, which are zeros without a magnitude', async () => {
    const shape = { metric: 'cosine' as const, magnitudes: [5, Number.NaN, 2], ids: [7n, 8n, 9n] };
    const loaded = await load(fileOf([0.6, 0.8, 0, 0, 1, 0], shape));
    expect(loaded.size).toBe(2);
    expect(loaded.has(8)).toBe(false);
    expect((await loaded.search([1, 0], 3)).ids).toEqual([9, 7]);
  });

  test.each([
    [
      'rows that are not of unit length, by cosine',
      fileOf([3, 4], { metric: 'cosine' }),
      /row 0 .*row of length 1.*found length 5/,
    ],
    ['rows that are not finite', fileOf([3, Number.NaN]), /row 0 .*finite components/],
    ['a zero row, by cosine', fileOf([0, 0], { metric: 'cosine' }), /row of length 1.*found length 0/],
    [
      'a magnitude that is not that of its row',
      fileOf([3, 4], { magnitudes: [6] }),
      /magnitude of row 0.*expected 5.*found 6/,
    ],
    [
      'a magnitude that is none',
      fileOf([0.6, 0.8], { metric: 'cosine', magnitudes: [Number.NaN] }),
      /positive magnitude/,
    ],
    [
      'an id that is there twice',
      fileOf([3, 4, 3, 4], { magnitudes: [5, 5], ids: [7n, 7n] }),
      /every id once.*given twice/,
    ],
    ['an id beyond 2^53', fileOf([3, 4], { ids: [2n ** 60n] }), /less than 2\^53/],
    ['sorted rows', fileOf([3, 4], { order: 'sorted' as never }), /sorted rows, which are no longer vectors/],
    ['a truncated file', fileOf([3, 4]).slice(0, -1), /truncated/],
    ['bytes behind the end', new Uint8Array([...fileOf([3, 4]), 0]), /trailing/],
    ['a text', new TextEncoder().encode('{"format": "simdex/1", "vectors": []}'), /file of another kind/],
    ['no bytes', new Uint8Array(), /of another kind or truncated/],
  ])('%s', async (_, bytes, message) => {
    await expect(VectorIndex.load(bytes)).rejects.toMatchObject({ code: 'MalformedFile' });
    await expect(VectorIndex.load(bytes)).rejects.toThrow(message);
  });

  test.each([
    ['a file that is not there', 'nowhere.safetensors', /there is no such file/],
    ['a path without characters', '', /file must be a path/],
    ['what is no file', 5 as never, /file must be a path, a Blob or a Uint8Array/],
  ])('%s', async (_, file, message) => {
    await expect(VectorIndex.load(file)).rejects.toThrow(message);
  });

  test('unknown options, and a signal that is aborted', async () => {
    const bytes = fileOf([3, 4]);
    await expect(VectorIndex.load(bytes, { metric: 'dot' } as never)).rejects.toThrow('options.metric');
    await expect(VectorIndex.load(bytes, { threadCount: 0 })).rejects.toThrow('threadCount');
    await expect(VectorIndex.load(bytes, { kernel: 'gpu' as never })).rejects.toThrow('kernel');
    await expect(VectorIndex.load(bytes, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
  });

  test('a folder to save to, leaving nothing behind', async () => {
    const index = await build(randomRows(3, DIMS));
    await expect(index.save(folder)).rejects.toMatchObject({ code: 'FileAccess' });
    await expect(index.save(join(folder, 'no', 'where'))).rejects.toThrow('its directory does not exist');
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('damaged files give an error or an index, never anything else', () => {
  /** Resolves with whether it was loaded; fails for any other outcome than an index or the contract's error. */
  async function tryToLoad(bytes: Uint8Array): Promise<boolean> {
    try {
      const index = await VectorIndex.load(bytes, { threadCount: 1 });
      await index.dispose();
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'MalformedFile')) throw error;
      return false;
    }
  }

  test('cut at any byte', async () => {
    const bytes = (await build(randomRows(5, 3), { ids: ['a', 'b', 'ccc', '', 'é'] })).toBytes();
    for (let length = 0; length < bytes.length; length += length < 1200 ? 7 : 1) {
      expect(await tryToLoad(bytes.slice(0, length))).toBe(false);
    }
  });

  test('with some bytes changed', async () => {
    const original = (await build(randomRows(6, 3), { ids: ['a', 'b', 'ccc', '', 'é', 'f'] })).toBytes();
    const flips = fc.array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(flips, async (list) => {
        const bytes = original.slice();
        for (const { at, byte } of list) bytes[at % bytes.length] = byte;
        await tryToLoad(bytes);
      }),
      { numRuns: 300 },
    );
  });

  test('with shapes and lengths that lie', async () => {
    const original = (await build(randomRows(6, 3))).toBytes();
    const header = new TextDecoder().decode(original.subarray(8, 1024));
    for (const lie of [0, 1, 5, 7, 2 ** 31, 2 ** 32 + 6, 2 ** 53, 1e300, -1, 1.5]) {
      for (const [from, to] of [
        ['"shape":[6,3]', `"shape":[${lie},3]`],
        ['"shape":[6,3]', `"shape":[6,${lie}]`],
        ['"shape":[6]', `"shape":[${lie}]`],
        ['[0,72]', `[0,${lie}]`],
      ] as const) {
        expect(header).toContain(from);
        const text = header.replace(from, to).trimEnd().padEnd(1016);
        const bytes = original.slice();
        bytes.set(new TextEncoder().encode(text.slice(0, 1016)), 8);
        expect(await tryToLoad(bytes)).toBe(false);
      }
    }
  });
});
