/**
 * Files from public reports of readers of .npy, .npz, .safetensors, .parquet, .arrow and .h5: cnpy, libnpy, stdlib (Fortran), npy-matlab,
 * tract, safetensors, fastsafetensors, mlx, stable-diffusion.cpp, hyparquet, parquet-python, parquet-dotnet, ParquetViewer, apache-arrow,
 * arrow-js-ffi, h5wasm. Each was once read wrongly by the library that is named.
 */
import {
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  List,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { zipSync } from 'fflate';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { h5File, rows as h5Rows } from '../formats/samples.js';
import { bytesOf, collectRows, dictOf, expectRefusal, npyBytes } from '../formats/support.js';

const read = (name: string, bytes: Uint8Array, options = {}) =>
  collectRows(readVectors(new File([Uint8Array.from(bytes)], name), options));

const two = [
  [1, 2],
  [3, 4],
];
/** A row without components, among rows of two. */
const NONE = [Number.NaN, Number.NaN];
const floats = bytesOf(Float32Array.from(two.flat()));

describe('.npy', () => {
  const spaced = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,2,), }";
  test.each([
    ['stdlib: a shape with a comma before the bracket', npyBytes({ dict: spaced, data: floats })],
    [
      'cnpy: fortran_order True is read as False',
      npyBytes({ dict: dictOf('<f4', '(2, 2)', 'True'), data: bytesOf(Float32Array.of(1, 3, 2, 4)) }),
    ],
    ['NpyCpp: other byte order', npyBytes({ dict: dictOf('>f4', '(2, 2)'), data: bigEndian(two.flat()) })],
    [
      'libnpy: float64 in place of float32',
      npyBytes({ dict: dictOf('<f8', '(2, 2)'), data: bytesOf(Float64Array.from(two.flat())) }),
    ],
    ['npy-matlab: int16', npyBytes({ dict: dictOf('<i2', '(2, 2)'), data: bytesOf(Int16Array.from(two.flat())) })],
    [
      'unsigned bytes, whose byte order is |',
      npyBytes({ dict: dictOf('|u1', '(2, 2)'), data: Uint8Array.from(two.flat()) }),
    ],
    [
      'numpy: keys in another order and double quotes',
      npyBytes({ dict: '{"shape": (2, 2), "fortran_order": False, "descr": "<f4"}', data: floats }),
    ],
    [
      'version 2.0, whose header has a long length',
      npyBytes({ dict: dictOf('<f4', '(2, 2)'), data: floats, version: 2 }),
    ],
    ['stdlib: data that are not aligned', npyBytes({ dict: dictOf('<f4', '(2, 2)'), data: floats, padding: 3 })],
  ])('is read: %s', async (_, bytes) => {
    expect((await read('x.npy', bytes)).rows).toEqual(two);
  });

  test.each([
    [
      'a structured dtype',
      "{'descr': [('x', '<f4'), ('y', '<f4')], 'fortran_order': False, 'shape': (2,), }",
      /dtype of plain numbers/,
    ],
    ['pickled objects', dictOf('|O', '(2, 2)'), /dtype/],
    ['complex numbers', dictOf('<c8', '(2, 2)'), /dtype/],
    ['text', dictOf('<U3', '(2, 2)'), /dtype/],
    ['three dimensions', dictOf('<f4', '(1, 2, 2)'), /one or two dimensions/],
    ['a shape that overflows', dictOf('<f4', '(4294967296, 4294967296)'), /shape|bytes/],
    ['a shape with a sign', dictOf('<f4', '(-2, 2)'), /expected/],
    ['a header that is code', "__import__('os').system('true')", /expected/],
    ['a key twice', "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", /once each/],
  ])('is refused: %s', async (_, dict, message) => {
    await expectRefusal(() => read('x.npy', npyBytes({ dict, data: floats })), message);
  });

  test('is refused: fewer data than the shape says, and more', async () => {
    const dict = dictOf('<f4', '(2, 2)');
    await expectRefusal(() => read('x.npy', npyBytes({ dict, data: floats.subarray(0, 12) })), /truncated/);
    await expectRefusal(() => read('x.npy', npyBytes({ dict, data: Uint8Array.of(...floats, 0) })), /trailing/);
  });

  test('NpyCpp: a compressed .npz has its header inside the deflated data', async () => {
    const inner = npyBytes({ dict: dictOf('<f4', '(2, 2)'), data: floats });
    expect((await read('x.npz', zipSync({ 'vectors.npy': [inner, { level: 9 }] }))).rows).toEqual(two);
  });

  test('a .npz of several arrays asks which', async () => {
    const inner = npyBytes({ dict: dictOf('<f4', '(2, 2)'), data: floats });
    const archive = zipSync({ 'a.npy': inner, 'b.npy': inner });
    await expectRefusal(() => read('x.npz', archive), /"a".*"b"/, 'InvalidConfiguration');
    expect((await read('x.npz', archive, { column: 'b' })).rows).toEqual(two);
  });
});

describe('.safetensors', () => {
  const tensor = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] };
  const file = (header: unknown, data: Uint8Array = floats) => {
    const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
    return Uint8Array.of(...bytesOf(BigUint64Array.of(BigInt(text.length))), ...text, ...data);
  };

  test.each([
    ['fastsafetensors: empty metadata', { __metadata__: {}, vectors: tensor }],
    ['a header that ends in spaces, as the writers align it', `${JSON.stringify({ vectors: tensor })}   `],
    [
      'an empty tensor beside the vectors',
      { empty: { dtype: 'F32', shape: [0], data_offsets: [0, 0] }, vectors: tensor },
    ],
    [
      'a tensor called __proto__',
      `{"__proto__":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"vectors":${JSON.stringify(tensor)}}`,
    ],
  ])('is read: %s', async (_, header) => {
    expect((await read('x.safetensors', file(header))).rows).toEqual(two);
  });

  const twice = `{"vectors":${JSON.stringify(tensor)},"vectors":${JSON.stringify(tensor)}}`;
  test.each([
    ['safetensors: the same key twice, told as a wrong offset', twice, /twice/],
    ['mlx: fewer bytes than the shape needs', { vectors: { ...tensor, shape: [1000, 1000] } }, /bytes/],
    ['mlx: three offsets', { vectors: { ...tensor, data_offsets: [0, 8, 16] } }, /data_offsets/],
    [
      'stable-diffusion.cpp: offsets that go back',
      { vectors: { ...tensor, data_offsets: [16, 0] } },
      /data_offsets in order/,
    ],
    [
      'stable-diffusion.cpp: an end behind the file',
      { vectors: { dtype: 'F32', shape: [2, 4], data_offsets: [0, 32] } },
      /truncated/,
    ],
    [
      'ComfyUI: bytes that no tensor has',
      { vectors: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] } },
      /trailing/,
    ],
    [
      'a hole between two tensors',
      {
        a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
        vectors: { dtype: 'F32', shape: [1, 2], data_offsets: [8, 16] },
      },
      /data from byte/,
    ],
    ['a negative offset', { vectors: { ...tensor, data_offsets: [-16, 0] } }, /data_offsets/],
    [
      'a shape that overflows to the right length',
      { vectors: { ...tensor, shape: [2 ** 52, 2 ** 12] } },
      /bytes|shape/,
    ],
    ['a header that is an array', [tensor], /JSON object|another kind/],
    ['numbers in the metadata', { __metadata__: { a: 1 }, vectors: tensor }, /object of strings/],
  ])('is refused: %s', async (_, header, message) => {
    await expectRefusal(() => read('x.safetensors', file(header)), message);
  });

  test('is refused: safetensors: nothing but metadata', async () => {
    await expectRefusal(() => read('x.safetensors', file({ __metadata__: { key: 'value' } }, new Uint8Array())));
  });
});

describe('.parquet', () => {
  const schema = (nullable: boolean) =>
    [
      { name: 'root', num_children: 2 },
      { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'vector', repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' },
    ] as const;
  const write = (ids: string[], vectors: unknown[], nullable = true, rowGroupSize: number[] | number = 1000) =>
    new Uint8Array(
      parquetWriteBuffer({
        rowGroupSize,
        schema: [...schema(nullable)],
        columnData: [
          { name: 'id', data: ids },
          { name: 'vector', data: vectors },
        ],
      }),
    );

  test('ParquetViewer: an empty list and a null one scramble the rows after them', async () => {
    const vectors = [[1, 2], [], null, [3, 4], null];
    expect(await read('x.parquet', write(['a', 'b', 'c', 'd', 'e'], vectors))).toEqual({
      rows: [[1, 2], NONE, NONE, [3, 4], NONE],
      ids: ['a', 'b', 'c', 'd', 'e'],
    });
  });

  test('parquet-python: nulls among numbers', async () => {
    expect(
      (
        await read(
          'x.parquet',
          write(
            ['a', 'b'],
            [
              [1, null],
              [null, null],
            ],
          ),
        )
      ).rows,
    ).toEqual([
      [1, Number.NaN],
      [Number.NaN, Number.NaN],
    ]);
  });

  test('parquet-dotnet: a column of nothing but nulls', async () => {
    expect((await read('x.parquet', write(['a', 'b'], [null, null]))).rows).toEqual([[Number.NaN], [Number.NaN]]);
  });

  test('hyparquet: a file of no rows', async () => {
    expect(await read('x.parquet', write([], [], true), { dims: 2 })).toEqual({ rows: [], ids: [] });
  });

  test('parquet-dotnet: equal ids in a dictionary over several row groups stay with their rows', async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `id ${i % 7}`);
    const vectors = ids.map((_, i) => (i % 5 === 0 ? null : [i, -i]));
    const found = await read('x.parquet', write(ids, vectors, true, [100, 100, 100]));
    expect(found.ids).toEqual(ids);
    expect(found.rows).toEqual(vectors.map((vector) => vector ?? NONE));
  });

  test('duckdb-wasm: a file too small to be one, and one that is cut off', async () => {
    await expectRefusal(() => read('x.parquet', new TextEncoder().encode('PAR1')));
    await expectRefusal(() => read('x.parquet', write(['a'], [[1, 2]]).subarray(0, -3)), /truncated/);
  });
});

describe('.arrow', () => {
  const fixed = new FixedSizeList(2, new Field('item', new Float32(), true));
  const table = (vectors: (number[] | null)[], type: FixedSizeList | List = fixed) =>
    tableToIPC(new Table({ vector: vectorFromArray(vectors, type) }), 'file');

  test('arrow-js-ffi: rows of a list of fixed size', async () => {
    const three = [...two, [5, 6]];
    expect((await read('x.arrow', table(three))).rows).toEqual(three);
  });

  test('apache-arrow: a null row at the end leaves too few values', async () => {
    expect((await read('x.arrow', table([[1, 2], null, [3, 4]]))).rows).toEqual([[1, 2], NONE, [3, 4]]);
    expect((await read('x.arrow', table([[1, 2], [3, 4], null]))).rows).toEqual([[1, 2], [3, 4], NONE]);
  });

  test('apache-arrow: lists of any size, of other numbers, with nulls', async () => {
    const doubles = new List(new Field('item', new Float64(), true));
    expect((await read('x.arrow', table([[1, 2, 3], [4]], doubles))).rows).toEqual([[1, 2, 3], [4]]);
    const integers = new List(new Field('item', new Int32(), true));
    expect((await read('x.arrow', table(two, integers))).rows).toEqual(two);
  });

  test('apache-arrow: values of a batch whose buffers are larger than it', async () => {
    const vector = vectorFromArray([...two, [5, 6]], fixed).slice(0, 2);
    expect((await read('x.arrow', tableToIPC(new Table({ vector }), 'stream'))).rows).toEqual(two);
  });

  test('a table without a column of lists says which columns there are', async () => {
    const bytes = tableToIPC(new Table({ name: vectorFromArray(['a'], new Utf8()) }), 'file');
    await expectRefusal(() => read('x.arrow', bytes), /name/);
  });
});

describe('.h5', () => {
  test('h5wasm: chunks that do not divide the dataset', async () => {
    expect((await read('x.h5', await h5File('vectors', [2, 3]))).rows).toEqual(h5Rows);
  });

  test('h5wasm: a chunk as large as the dataset', async () => {
    expect((await read('x.h5', await h5File('vectors', [3, 4]))).rows).toEqual(h5Rows);
  });

  test('h5wasm: a file that is none is refused, and the next one is read', async () => {
    await expectRefusal(() => read('x.h5', new TextEncoder().encode('{"not": "hdf5"}'.repeat(100))), /HDF5/);
    expect((await read('x.h5', await h5File())).rows).toEqual(h5Rows);
  });
});

function bigEndian(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, false);
  return new Uint8Array(view.buffer);
}
