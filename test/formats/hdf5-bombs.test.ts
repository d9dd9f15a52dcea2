/**
 * Small .h5 files whose chunks claim to unfold to far more than they are worth: refused from the header, before the library unfolds
 * anything, or cut off while it reads. Made from valid files, by changing the words that the library believes.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import h5wasm from 'h5wasm/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { collectRows, expectRefusal } from './support.js';

const DEFLATE = 1;
const SHUFFLE = 2;
const SZIP = 4;
const NBIT = 5;
const SCALE_OFFSET = 6;
const rows = [
  [0, 1, 2, 3],
  [4, 5, 6, 7],
  [8, 9, 10, 11],
];

interface Made {
  readonly filter: number;
  readonly values?: number[];
  readonly chunk?: [number, number];
  /** Rows; the three ones over and over. */
  readonly count?: number;
}

/** Rows of four int32. */
function made({ filter, values = [], chunk = [3, 4], count = 3 }: Made): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'simdex-h5-'));
  try {
    const path = join(directory, 'made.h5');
    const file = new h5wasm.File(path, 'w');
    const data = Int32Array.from({ length: 4 * count }, (_, i) => i % 12);
    const options = {
      maxshape: [null, null],
      chunks: [...chunk],
      compression: filter,
      compression_opts: values,
    };
    file.create_dataset({ name: 'vectors', data, shape: [count, 4], dtype: '<i4', ...options });
    file.close();
    return new Uint8Array(readFileSync(path));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const longs = (...values: number[]) => new Uint8Array(BigUint64Array.from(values, BigInt).buffer);

const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);

/** The file with `to` in the place of `from`, which is there once. */
function changed(bytes: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array {
  const at = Buffer.from(bytes).indexOf(from);
  expect(at).toBeGreaterThan(0);
  expect(Buffer.from(bytes).indexOf(from, at + 1)).toBe(-1);
  const copy = bytes.slice();
  copy.set(to, at);
  return summedUp(copy);
}

/** Writes the checksums of superblock and object headers anew, as the format's specification (version 3.0) has them. */
function summedUp(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer);
  view.setUint32(44, lookup3(bytes.subarray(0, 44)), true);
  for (const { index: at } of Buffer.from(bytes).toString('latin1').matchAll(/OHDR/g)) {
    const flags = bytes[at + 5]!;
    const sizeAt = at + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    const sizeBytes = 1 << (flags & 3);
    let size = 0;
    for (let i = sizeBytes - 1; i >= 0; i--) size = 256 * size + bytes[sizeAt + i]!;
    const end = sizeAt + sizeBytes + size;
    view.setUint32(end, lookup3(bytes.subarray(at, end)), true);
  }
  return bytes;
}

/** Bob Jenkins' lookup3 (2006), `hashlittle` with 0 to begin with. */
function lookup3(bytes: Uint8Array): number {
  const rotated = (x: number, by: number) => (x << by) | (x >>> (32 - by));
  let [a, b, c] = [0, 0, 0].map(() => (0xdeadbeef + bytes.length) | 0) as [number, number, number];
  const wordAt = (at: number) => {
    let word = 0;
    for (let i = 0; i < 4; i++) word |= (bytes[at + i] ?? 0) << (8 * i);
    return word;
  };
  let at = 0;
  for (; bytes.length - at > 12; at += 12) {
    [a, b, c] = [(a + wordAt(at)) | 0, (b + wordAt(at + 4)) | 0, (c + wordAt(at + 8)) | 0];
    for (const by of [4, 6, 8, 16, 19, 4]) {
      a = (((a - c) | 0) ^ rotated(c, by)) | 0;
      c = (c + b) | 0;
      [a, b, c] = [b, c, a];
    }
  }
  if (bytes.length === at) return c >>> 0;
  [a, b, c] = [(a + wordAt(at)) | 0, (b + wordAt(at + 4)) | 0, (c + wordAt(at + 8)) | 0];
  for (const by of [14, 11, 25, 16, 4, 14, 24]) {
    c = ((c ^ b) - rotated(b, by)) | 0;
    [a, b, c] = [b, c, a];
  }
  return b >>> 0;
}

const read = (bytes: Uint8Array) => collectRows(readVectors(new File([Uint8Array.from(bytes)], 'bomb.h5')));

beforeAll(() => h5wasm.ready);

describe('what h5py writes is read', () => {
  test.each([
    ['deflate', { filter: DEFLATE, values: [9] }],
    ['shuffle alone', { filter: SHUFFLE }],
    ['n-bit', { filter: NBIT }],
    ['scale-offset', { filter: SCALE_OFFSET, values: [2, 0] }],
    ['deflate, in chunks that do not divide the dataset', { filter: DEFLATE, values: [4], chunk: [2, 3] }],
    ['deflate, in a chunk far larger than the dataset', { filter: DEFLATE, values: [4], chunk: [1000, 1000] }],
  ] as const)('%s', async (_, options) => {
    const { chunk, ...others } = { chunk: undefined, ...options };
    const bytes = made({ ...others, ...(chunk && { chunk: [chunk[0], chunk[1]] }) } as Made);
    expect((await read(bytes)).rows).toEqual(rows);
  });
});

test.each([
  [1, 1],
  [1, 100],
  [7, 1],
  [1000, 3],
])(
  'a file of many compressed rows is not taken for one that goes in circles: chunks of %i rows, %i at a time',
  async (size, chunkVectors) => {
    const count = 2000;
    const bytes = made({ filter: DEFLATE, values: [4], chunk: [size, 3], count });
    const file = new File([Uint8Array.from(bytes)], 'long.h5');
    const { rows: found } = await collectRows(readVectors(file, { chunkVectors }));
    expect(found).toEqual(Array.from({ length: count }, (_, row) => rows[row % 3]));
  },
);

describe('what unfolds beyond bounds is refused', () => {
  test.each([
    ['deflate', { filter: DEFLATE, values: [4] }],
    ['scale-offset', { filter: SCALE_OFFSET, values: [2, 0] }],
  ])('chunks of 800 MB in a file of some kilobytes: %s', async (_, options) => {
    const bytes = changed(made(options), words(3, 4, 4), words(3, 2 ** 26, 4));
    expect(bytes.length).toBeLessThan(2 ** 13);
    await expectRefusal(() => read(bytes), /bomb\.h5.*chunks of \[3, 67108864\] that unfold to 805306368 bytes/);
  });

  test('a filter that claims more numbers than its chunk has', async () => {
    const claimed = (from: number[], to: number[], options: Made) =>
      changed(made(options), words(...from), words(...to));
    for (const bytes of [
      claimed([2, 0, 12, 0, 4], [2, 0, 2 ** 30, 0, 4], { filter: SCALE_OFFSET, values: [2, 0] }),
      claimed([2, 0, 12, 0, 4], [2, 0, 12, 0, 2 ** 28], { filter: SCALE_OFFSET, values: [2, 0] }),
      claimed([8, 1, 12, 1, 4], [8, 1, 2 ** 30, 1, 4], { filter: NBIT }),
      claimed([8, 1, 12, 1, 4], [8, 1, 12, 3, 4], { filter: NBIT }),
    ])
      await expectRefusal(() => read(bytes), /a filter ".*" that is not for chunks of this size/);
  });

  test('szip, whose data alone say how large they become', async () => {
    await expectRefusal(() => read(made({ filter: SZIP, values: [4, 8] })), /szip/);
  });

  test('a compressed chunk that is far larger than what it is to become', async () => {
    const whole = made({ filter: DEFLATE, values: [4] });
    // 2^28 zeros, for a chunk of 48 bytes.
    const bomb = deflateSync(new Uint8Array(2 ** 28));
    const bytes = new Uint8Array(whole.length + bomb.length);
    bytes.set(whole);
    bytes.set(bomb, whole.length);
    // The first key in the index of chunks: bytes stored, filters left out, three offsets, and where the chunk is.
    const key = Buffer.from(whole).indexOf('TREE\x01') + 24;
    const view = new DataView(bytes.buffer);
    view.setUint32(key, bomb.length, true);
    view.setBigUint64(key + 8 + 3 * 8, BigInt(whole.length), true);
    // The end of the file stands in its superblock, too.
    view.setBigUint64(Buffer.from(whole).indexOf(longs(whole.length)), BigInt(bytes.length), true);
    summedUp(bytes);
    await expectRefusal(() => read(bytes), new RegExp(`found ${bomb.length} bytes for one chunk, which takes at most`));
    const held = (await h5wasm.ready).HEAPU8.length;
    expect(held).toBeLessThan(2 ** 28);
  });

  test('many chunks that lie in one place of the file', async () => {
    const count = 64;
    const whole = made({ filter: DEFLATE, values: [4], chunk: [1, 4], count });
    // 2^25 zeros, in less than what a chunk takes at most.
    const bomb = deflateSync(new Uint8Array(2 ** 25));
    expect(bomb.length).toBeLessThan(2 ** 16);
    const bytes = new Uint8Array(whole.length + bomb.length);
    bytes.set(whole);
    bytes.set(bomb, whole.length);
    const view = new DataView(bytes.buffer);
    for (const { index: tree } of Buffer.from(whole).toString('latin1').matchAll(/TREE/g)) {
      expect(bytes[tree + 4]).toBe(1);
      const entries = view.getUint16(tree + 6, true);
      // A key has 32 bytes, and 8 bytes say where its chunk is.
      for (let key = tree + 24, entry = 0; entry < entries; entry++, key += 40) {
        view.setUint32(key, bomb.length, true);
        view.setBigUint64(key + 32, BigInt(whole.length), true);
      }
    }
    view.setBigUint64(Buffer.from(whole).indexOf(longs(whole.length)), BigInt(bytes.length), true);
    await expectRefusal(() => read(summedUp(bytes)), /found compressed data that are read again and again/);
  });
});
