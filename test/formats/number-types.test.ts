/**
 * Numbers of every type, order and layout come out as the float32 nearest to them, whatever the format. The oracle is the typed array of the
 * type itself, and `Math.fround`.
 */
import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { openVectors, readVectors } from '../../src/formats/node/read-vectors.js';
import { createSafetensorsHeader } from '../../src/formats/safetensors-header.js';
import { bytesOf, collectRows, dictOf, expectRefusal, npyBytes, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();

const kinds = {
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  f4: Float32Array,
  f8: Float64Array,
};
type Kind = keyof typeof kinds;

/** 2 × 3 numbers at the ends of a type, and between. */
const sixOf: Record<Kind, (number | bigint)[]> = {
  i1: [-128, 127, 0, 1, -1, 5],
  i2: [-32768, 32767, 0, 1, -1, 5],
  i4: [-(2 ** 31), 2 ** 31 - 1, 16_777_217, 1, -1, 5],
  i8: [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, 1n, -1n, 5n],
  u1: [0, 255, 1, 2, 3, 4],
  u2: [0, 65535, 1, 2, 3, 4],
  u4: [0, 2 ** 32 - 1, 16_777_217, 2, 3, 4],
  u8: [0n, 2n ** 64n - 1n, 2n ** 53n + 1n, 2n, 3n, 4n],
  f4: [0.1, -3e38, 1e-45, -0, 1, 2],
  f8: [0.1, -3e38, 1e39, -0, 1, 1e-50],
};

function bytesOfKind(kind: Kind, numbers: readonly (number | bigint)[], bigEndian = false): Uint8Array {
  const bytes = bytesOf((kinds[kind] as { from(numbers: unknown): ArrayBufferView }).from(numbers)).slice();
  const size = Number(kind[1]);
  if (bigEndian) for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes;
}

const rowsOf = (numbers: readonly (number | bigint)[], dims: number): number[][] =>
  Array.from({ length: numbers.length / dims }, (_, row) =>
    numbers.slice(row * dims, (row + 1) * dims).map((value) => Math.fround(Number(value))),
  );

async function rowsIn(name: string, bytes: Uint8Array, options = {}): Promise<number[][]> {
  const file = directory.at(name);
  await writeFile(file, bytes);
  return (await collectRows(readVectors(file, options))).rows;
}

describe.each(Object.keys(kinds) as Kind[])('%s', (kind) => {
  const numbers = sixOf[kind];
  const expected = rowsOf(numbers, 3);

  test('in .npy, in both byte orders, in C and in Fortran order', async () => {
    for (const order of ['<', '>', '|']) {
      const data = bytesOfKind(kind, numbers, order === '>');
      const file = npyBytes({ dict: dictOf(`${order}${kind}`, '(2, 3)'), data });
      expect(await rowsIn('x.npy', file)).toEqual(expected);
      const columns = [0, 3, 1, 4, 2, 5].map((at) => numbers[at]!);
      const fortran = npyBytes({
        dict: dictOf(`${order}${kind}`, '(2, 3)', 'True'),
        data: bytesOfKind(kind, columns, order === '>'),
      });
      for (const chunkVectors of [1, 2, undefined])
        expect(await rowsIn('f.npy', fortran, { chunkVectors })).toEqual(expected);
    }
    const { dtype } = await openVectors(directory.at('x.npy'));
    expect(dtype).toBe({ i: 'int', u: 'uint', f: 'float' }[kind[0]!]! + 8 * Number(kind[1]));
  });

  test('in .npz and .safetensors', async () => {
    const array = npyBytes({ dict: dictOf(`<${kind}`, '(2, 3)'), data: bytesOfKind(kind, numbers) });
    expect(await rowsIn('x.npz', zipSync({ 'vectors.npy': array }))).toEqual(expected);
    const dtype = `${kind[0]!.toUpperCase()}${8 * Number(kind[1])}` as 'I8';
    const header = createSafetensorsHeader({ vectors: { dtype, shape: [2, 3] } });
    expect(await rowsIn('x.safetensors', Uint8Array.of(...header, ...bytesOfKind(kind, numbers)))).toEqual(expected);
  });
});

test('a matrix in Fortran order of any shape is read by any chunks as its transpose in C order', async () => {
  const shape = fc.tuple(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 50 }),
  );
  await fc.assert(
    fc.asyncProperty(shape, async ([count, dims, chunkVectors]) => {
      const value = (row: number, column: number) => row * 1000 + column;
      const data = Int16Array.from({ length: count * dims }, (_, i) => value(i % count, Math.floor(i / count)));
      const dict = dictOf('<i2', `(${count}, ${dims})`, 'True');
      const found = await rowsIn('any.npy', npyBytes({ dict, data: bytesOf(data) }), { chunkVectors });
      expect(found).toEqual(
        Array.from({ length: count }, (_, row) =>
          Array.from({ length: dims }, (_, column) => Math.fround((value(row, column) << 16) >> 16)),
        ),
      );
    }),
    { numRuns: 100 },
  );
});

test('Fortran order cannot be read from front to back, in a deflated .npz', async () => {
  const array = npyBytes({ dict: dictOf('<f4', '(2, 3)', 'True'), data: bytesOfKind('f4', sixOf.f4) });
  await expectRefusal(
    () => rowsIn('x.npz', zipSync({ 'vectors.npy': array }, { level: 6 })),
    /vectors\.npy, fortran_order: expected rows in C order in what is read from front to back/,
  );
  expect(await rowsIn('y.npz', zipSync({ 'vectors.npy': array }, { level: 0 }))).toHaveLength(2);
});
