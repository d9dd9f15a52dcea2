import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IndexingError } from '../../src/base/errors.js';
import { createMemorySource } from '../../src/formats/byte-sources.js';
import { Checksum } from '../../src/formats/checksum.js';
import {
  createSafetensorsHeader,
  readSafetensorsHeader,
  type TensorShape,
  tensorBytes,
} from '../../src/formats/safetensors-header.js';
import {
  createSavedIndexHeader,
  decodeIds,
  encodeIds,
  readSavedIndex,
  SAVED_HEADER_BYTES,
  type SavedIndexShape,
} from '../../src/formats/saved-index.js';
import { bytesOf, createRandom, expectRefusal, memorySource } from './support.js';

/** A .safetensors file by the specification: uint64 length, JSON, data. */
function fileOf(header: unknown, data: Uint8Array, name = 'x.safetensors') {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  return memorySource(Uint8Array.from([...bytesOf(BigUint64Array.of(BigInt(text.length))), ...text, ...data]), name);
}

const shape: SavedIndexShape = { count: 3, dims: 2, metric: 'cosine', order: 'original', ids: { kind: 'numbers' } };

function savedBytes(given: Partial<SavedIndexShape> = {}): Uint8Array {
  const whole = { ...shape, ...given };
  const { count, dims, ids } = whole;
  const idBytes = ids.kind === 'numbers' ? 8 * count : ids.byteLength + 8 * (count + 1);
  const header = createSavedIndexHeader(whole);
  const bytes = new Uint8Array(header.length + 4 * count * dims + 4 * count + idBytes);
  bytes.set(header);
  return bytes;
}

describe('the .safetensors header', () => {
  test('bytes written out by hand', async () => {
    const json = '{"__metadata__":{"who":"me"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}';
    const { metadata, tensors } = await readSafetensorsHeader(fileOf(json, new Uint8Array(8)));
    expect([...metadata]).toEqual([['who', 'me']]);
    expect([...tensors]).toEqual([['a', { dtype: 'F32', shape: [2, 1], byteOffset: 8 + json.length, byteLength: 8 }]]);
  });

  test('what is made is read: shapes, places, metadata, and data at a multiple of 64 bytes', async () => {
    const tensor = fc.record({
      dtype: fc.constantFrom('F64', 'F32', 'F16', 'I64', 'U8', 'BF16' as const),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
    });
    const name = fc.string({ minLength: 1 }).filter((text) => text !== '__metadata__');
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, tensor, { maxKeys: 4 }),
        fc.dictionary(fc.string(), fc.string()),
        fc.nat(400),
        async (given, metadata, leastBytes) => {
          const tensors = given as Record<string, TensorShape>;
          const header = createSafetensorsHeader(tensors, metadata, leastBytes);
          expect(header.length % 64).toBe(0);
          expect(header.length).toBeGreaterThanOrEqual(leastBytes);
          const sizes = Object.values(tensors).map(tensorBytes);
          const file = new Uint8Array(header.length + sizes.reduce((sum, size) => sum + size, 0));
          file.set(header);
          const found = await readSafetensorsHeader(createMemorySource(file, 'x'));
          expect(new Map(found.metadata)).toEqual(new Map(Object.entries(metadata)));
          let byteOffset = header.length;
          const places = Object.entries(tensors).map(([key, each], i) => {
            const place = { ...each, byteOffset, byteLength: sizes[i]! };
            byteOffset += sizes[i]!;
            return [key, place] as const;
          });
          expect(new Map(found.tensors)).toEqual(new Map(places));
        },
      ),
    );
  });

  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  const cases: [string, unknown, number, RegExp][] = [
    ['an array', [], 0, /byte 0: .*file of another kind/],
    ['broken JSON', '{"a":', 0, /byte 8: expected a \.safetensors header in JSON, found other or damaged text/],
    ['deep JSON', `{"a":${'['.repeat(200_000)}`, 0, /nests more than 4 deep/],
    ['a tensor without a shape', { a: { dtype: 'F32', data_offsets: [0, 0] } }, 0, /tensor "a": expected a shape/],
    ['a tensor without a dtype', { a: { ...entry, dtype: 4 } }, 8, /tensor "a": expected a dtype .*found 4/],
    ['a tensor that is none', { a: 7 }, 0, /tensor "a": expected dtype, shape and two data_offsets .*found 7/],
    ['a negative length', { a: { ...entry, shape: [-2] } }, 8, /a shape of lengths/],
    ['a length of 2^53', { a: { ...entry, shape: [2 ** 53] } }, 8, /a shape of lengths/],
    ['a length of 2^31', { a: { ...entry, shape: [2 ** 31] } }, 8, /8589934592 bytes for F32 \[2147483648\]/],
    [
      'a product beyond 2^64',
      { a: { ...entry, shape: [2 ** 52, 2 ** 52] } },
      8,
      /81129638414606681695789005144064 bytes/,
    ],
    ['a product that wraps to the right one', { a: { ...entry, shape: [2 ** 32, 2 ** 32, 2] } }, 8, /bytes for F32/],
    ['offsets backwards', { a: { ...entry, data_offsets: [8, 0] } }, 8, /data_offsets in order .*found 8, 0/],
    ['a hole', { a: { ...entry, data_offsets: [4, 12] } }, 12, /expected data from byte \d+ on .*found byte/],
    ['an overlap', { a: entry, b: { ...entry, data_offsets: [4, 12] } }, 12, /tensor "b": expected data from/],
    ['a truncated file', { a: entry }, 7, /the file is truncated/],
    ['trailing bytes', { a: entry }, 9, /found 1 trailing bytes/],
    ['metadata of numbers', { __metadata__: { a: 1 } }, 0, /__metadata__: expected an object of strings/],
    ['metadata that are none', { __metadata__: null }, 0, /__metadata__: .*found null/],
  ];
  test.each(cases)('%s is refused', async (_, header, dataBytes, message) => {
    await expectRefusal(() => readSafetensorsHeader(fileOf(header, new Uint8Array(dataBytes))), message);
  });

  test('a file of another kind and a truncated one are told apart', async () => {
    const foreign = new TextEncoder().encode('not a file of tensors at all');
    await expectRefusal(() => readSafetensorsHeader(memorySource(foreign)), /found a file of another kind/);
    await expectRefusal(
      () => readSafetensorsHeader(memorySource(new Uint8Array(5))),
      /5 bytes: the file is of another kind or trunc/,
    );
    const long = Uint8Array.from([...bytesOf(BigUint64Array.of(99n)), 0x7b, 0x7d]);
    await expectRefusal(
      () => readSafetensorsHeader(memorySource(long)),
      /a header of 99 bytes, found 2 bytes: .*trunc/,
    );
    const huge = Uint8Array.from([...bytesOf(BigUint64Array.of(2n ** 53n)), 0x7b, 0x7d]);
    await expectRefusal(() => readSafetensorsHeader(memorySource(huge)), /found a file of another kind/);
  });
});

describe('a saved index', () => {
  test('is found where its header says', async () => {
    const places = await readSavedIndex(memorySource(savedBytes()));
    expect(places).toMatchObject({ count: 3, dims: 2, metric: 'cosine', order: 'original' });
    expect(places.vectors).toMatchObject({ byteOffset: SAVED_HEADER_BYTES, byteLength: 24 });
    expect(places.magnitudes).toMatchObject({ byteOffset: SAVED_HEADER_BYTES + 24, byteLength: 12 });
    expect(places.ids).toMatchObject({ kind: 'numbers', values: { byteOffset: SAVED_HEADER_BYTES + 36 } });
    const named = savedBytes({ ids: { kind: 'strings', byteLength: 5 }, metric: 'dot', order: 'sorted' });
    expect(await readSavedIndex(memorySource(named))).toMatchObject({
      metric: 'dot',
      order: 'sorted',
      ids: { kind: 'strings', bytes: { byteLength: 5 }, offsets: { byteLength: 32 } },
    });
  });

  test('has a header of one length, whatever its numbers', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const ids = { kind: 'strings', byteLength: most } as const;
    for (const count of [0, most])
      expect(createSavedIndexHeader({ ...shape, count, dims: most, metric: 'euclidean', ids })).toHaveLength(
        SAVED_HEADER_BYTES,
      );
  });

  test('a file of another kind, a newer and a truncated file are told apart', async () => {
    const text = new TextDecoder('latin1').decode(savedBytes());
    const changed = (from: string, to: string) =>
      memorySource(Uint8Array.from(text.replace(from, to), (character) => character.charCodeAt(0)));
    await expectRefusal(() => readSavedIndex(fileOf({}, new Uint8Array(0))), /a \.safetensors file of another kind/);
    await expectRefusal(() => readSavedIndex(changed('simdex/1', 'simdex/3')), /"simdex\/3", saved by a newer version/);
    await expectRefusal(() => readSavedIndex(memorySource(savedBytes().slice(0, -1))), /the file is truncated/);
    await expectRefusal(() => readSavedIndex(changed('cosine', 'cosmic')), /metric of cosine, dot, euclidean/);
    await expectRefusal(() => readSavedIndex(changed('original', 'orthogon')), /order of original, sorted/);
    await expectRefusal(() => readSavedIndex(changed('"ids"', '"idz"')), /tensor "ids": expected I64 \[3\], found no/);
    await expectRefusal(() => readSavedIndex(changed('magnitudes', 'altitudes_')), /tensor "magnitudes"/);
    await expectRefusal(() => readSavedIndex(changed('[3,2]', '[6]  ')), /F32 with two dimensions, found F32 \[6\]/);
  });

  test('cut at every byte, or damaged in its header, is refused or read, and never a crash', async () => {
    const whole = savedBytes({ ids: { kind: 'strings', byteLength: 4 } });
    for (let length = 0; length < whole.length; length++)
      await expectRefusal(() => readSavedIndex(memorySource(whole.slice(0, length))));
    const random = createRandom(11);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const bytes = whole.slice();
      for (let flips = random(3); flips >= 0; flips--) bytes[random(420)] = random(256);
      try {
        await readSavedIndex(memorySource(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(IndexingError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1500);
  });
});

describe('ids', () => {
  test('of either kind come back as they were', () => {
    const numbers = fc.array(fc.maxSafeInteger());
    const strings = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 });
    fc.assert(
      fc.property(fc.oneof(numbers, strings), (ids) => {
        expect(decodeIds('x', encodeIds(ids))).toEqual(ids);
      }),
    );
    expect(decodeIds('x', encodeIds(['\ufeffbyte order mark', '']))).toEqual(['\ufeffbyte order mark', '']);
  });

  test('of both kinds are refused', async () => {
    await expectRefusal(
      () => encodeIds([1, 2, 'three']),
      /all numbers or all strings .*a number first and "three" at 2/,
      'InvalidConfiguration',
    );
  });

  test('that are none are refused with their row', async () => {
    const values = BigInt64Array.of(1n, 2n ** 53n);
    await expectRefusal(() => decodeIds('x', { kind: 'numbers', values }, 10), /ids, row 11: .*found 9007199254740992/);
    const bytes = Uint8Array.of(0x61, 0xff);
    const offsets = (...list: bigint[]) => BigInt64Array.from(list);
    const decode = (list: BigInt64Array<ArrayBuffer>) => decodeIds('x', { kind: 'strings', bytes, offsets: list });
    await expectRefusal(() => decode(offsets(0n, 1n, 2n)), /ids_bytes, row 1: expected UTF-8/);
    await expectRefusal(() => decode(offsets(0n, 3n)), /ids_offsets, row 0: expected offsets in order, found 0, 3/);
    await expectRefusal(() => decode(offsets(0n, 1n, 0n)), /row 1/);
    await expectRefusal(() => decode(offsets(0n, 2n ** 62n)), /row 0/);
  });
});

test('a checksum does not depend on pieces, and one bit changes it', () => {
  const random = createRandom(4);
  const bytes = Uint8Array.from({ length: 103 }, () => random(256));
  const of = (...pieces: Uint8Array[]) => {
    const checksum = new Checksum();
    for (const piece of pieces) checksum.add(piece);
    return checksum.value;
  };
  const whole = of(bytes);
  for (let cut = 0; cut <= bytes.length; cut++) expect(of(bytes.subarray(0, cut), bytes.subarray(cut))).toBe(whole);
  expect(of(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe(whole);
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at]! ^= 1 << (at % 8);
    expect(of(changed)).not.toBe(whole);
  }
});
