/**
 * Columns and datasets as people's programs write them: nulls, integers, several that hold vectors, data that lie elsewhere.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Field, FixedSizeList, Float32, Int16, Int64, List, Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import h5wasm from 'h5wasm/node';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { requireMembers } from '../../src/formats/optional-package.js';
import { createSafetensorsHeader } from '../../src/formats/safetensors-header.js';
import type { ReadVectorsOptions } from '../../src/formats/vector-file.js';
import { bytesOf, collectRows, expectRefusal } from './support.js';

const read = (name: string, bytes: Uint8Array, options: ReadVectorsOptions = {}) =>
  collectRows(readVectors(new File([Uint8Array.from(bytes)], name), options));

describe('.arrow', () => {
  const file = (columns: Record<string, unknown>) => tableToIPC(new Table(columns as never), 'file');

  test('null for a vector, null in it, and integers', async () => {
    const list = (item: unknown) => new FixedSizeList(2, new Field('item', item as Float32, true));
    const nulls = vectorFromArray([[1, 2], null, [3, null]], list(new Float32()));
    expect((await read('x.arrow', file({ vector: nulls }))).rows).toEqual([
      [1, 2],
      [NaN, NaN],
      [3, NaN],
    ]);
    const small = vectorFromArray(
      [
        [-1, 2],
        [3, 4],
      ],
      new List(new Field('item', new Int16(), true)),
    );
    expect((await read('x.arrow', file({ vector: small }))).rows).toEqual([
      [-1, 2],
      [3, 4],
    ]);
    const large = vectorFromArray([[-1n, 2n ** 53n]], list(new Int64()));
    expect((await read('x.arrow', file({ vector: large }))).rows).toEqual([[-1, 2 ** 53]]);
    const both = { a: small, b: vectorFromArray([[1, 2], null], list(new Float32())) };
    await expectRefusal(
      () => read('x.arrow', file(both)),
      /several columns hold rows of numbers, "a", "b"/,
      'InvalidConfiguration',
    );
    expect((await read('x.arrow', file(both), { column: 'a' })).rows).toHaveLength(2);
    await expectRefusal(
      () => read('x.arrow', file(both), { column: 'c' }),
      /column "c" is not there; those with rows are "a"/,
      'InvalidConfiguration',
    );
  });
});

describe('.parquet', () => {
  const file = (type: 'FLOAT' | 'INT32' | 'INT64', data: unknown[], extra: Record<string, string> = {}) => {
    const schema = [
      { name: 'root', num_children: 1 },
      { name: 'vector', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type, repetition_type: 'OPTIONAL', ...extra },
    ];
    return new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: 'vector', data: data as never }], schema: schema as never }),
    );
  };

  test('null for a vector, null in it, and integers', async () => {
    expect((await read('x.parquet', file('FLOAT', [[1, 2], null, [3, null]]))).rows).toEqual([
      [1, 2],
      [NaN, NaN],
      [3, NaN],
    ]);
    expect((await read('x.parquet', file('INT32', [[-1, 2]]))).rows).toEqual([[-1, 2]]);
    expect((await read('x.parquet', file('INT64', [[-1n, 2n ** 53n]]))).rows).toEqual([[-1, 2 ** 53]]);
    expect((await read('x.parquet', file('INT32', [[-1, 2]], { converted_type: 'INT_16' }))).rows).toEqual([[-1, 2]]);
  });
});

describe('.h5', () => {
  const made = async (fill: (file: InstanceType<typeof h5wasm.File>) => void): Promise<Uint8Array> => {
    await h5wasm.ready;
    const folder = mkdtempSync(join(tmpdir(), 'simdex-h5-'));
    try {
      const file = new h5wasm.File(join(folder, 'made.h5'), 'w');
      fill(file);
      file.close();
      return new Uint8Array(readFileSync(join(folder, 'made.h5')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const data = Float32Array.of(1, 2, 3, 4);
  const matrix = { data, shape: [2, 2] };
  const expected = [
    [1, 2],
    [3, 4],
  ];

  test('datasets in groups, by their names, and integers', async () => {
    const file = await made((root) => {
      root.create_group('model').create_dataset({ name: 'embeddings', ...matrix });
      root.create_dataset({ name: 'labels', data: Int32Array.of(1, 2), shape: [2] });
    });
    expect((await read('x.h5', file)).rows).toEqual(expected);
    expect((await read('x.h5', file, { column: 'model/embeddings' })).rows).toEqual(expected);
    expect((await read('x.h5', file, { column: '/model/embeddings' })).rows).toEqual(expected);
    await expectRefusal(
      () => read('x.h5', file, { column: 'labels' }),
      /dataset "labels" holds no rows of numbers/,
      'InvalidConfiguration',
    );
    for (const numbers of [Int8Array.of(1, 2, 3, 4), Uint16Array.of(1, 2, 3, 4), Float64Array.of(1, 2, 3, 4)])
      expect(
        (
          await read(
            'x.h5',
            await made((root) => root.create_dataset({ name: 'vectors', data: numbers, shape: [2, 2] })),
          )
        ).rows,
      ).toEqual(expected);
  });

  test('compressed chunks of any size, in chunks of any size', async () => {
    const numbers = Float32Array.from({ length: 300 }, (_, i) => i);
    for (const chunks of [
      [7, 3],
      [100, 1],
      [1, 3],
    ]) {
      const file = await made((root) =>
        root.create_dataset({ name: 'vectors', data: numbers, shape: [100, 3], chunks, compression: 'gzip' }),
      );
      for (const chunkVectors of [1, 9, 1000])
        expect((await read('x.h5', file, { chunkVectors })).rows.flat()).toEqual([...numbers]);
    }
  });

  test('external links are refused by name, and others beside them are read', async () => {
    const linked = await made((root) => root.create_external_link('/etc/passwd', 'x', 'vectors'));
    await expectRefusal(
      () => read('x.h5', linked),
      /"vectors": expected data within the file, found an external link to "\/etc\/passwd/,
    );
    const beside = await made((root) => {
      root.create_external_link('/etc/passwd', 'x', 'other');
      root.create_dataset({ name: 'data', ...matrix });
    });
    expect((await read('x.h5', beside)).rows).toEqual(expected);
  });

  test('groups that hold each other end', async () => {
    const file = await made((root) => {
      root.create_group('a').create_dataset({ name: 'rows', ...matrix });
      root.create_hard_link('/a', '/a/self');
      root.create_soft_link('/nowhere', 'broken');
    });
    expect((await read('x.h5', file, { column: 'a/rows' })).rows).toEqual(expected);
  });
});

test('a tensor is chosen by its name', async () => {
  const header = createSafetensorsHeader({ a: { dtype: 'F32', shape: [1, 1] }, b: { dtype: 'F32', shape: [1, 1] } });
  const file = Uint8Array.of(...header, ...bytesOf(Float32Array.of(5, 6)));
  await expectRefusal(
    () => read('x.safetensors', file),
    /several tensors hold rows of numbers, "a", "b"/,
    'InvalidConfiguration',
  );
  expect((await read('x.safetensors', file, { column: 'b' })).rows).toEqual([[6]]);
});

test('a version of a package that does not fit is told with the one that does', () => {
  expect(() =>
    requireMembers('x.h5', 'h5', 'h5wasm', { File: 1 } as { File: number; ready?: number }, ['File', 'ready']),
  ).toThrow(
    /^A package is missing: cannot read x\.h5: \.h5 needs h5wasm .* or newer here, and the version that is installed has no ready; npm install h5wasm@latest/,
  );
});
