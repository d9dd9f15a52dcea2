/**
 * Formats that are read by packages of their own: a page registers the package, and is told so where it has not.
 */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { readVectors, registerPackages } from 'simdex';
import { expect, test } from 'vitest';

const bytes = parquetWriteBuffer({
  columnData: [
    {
      name: 'vector',
      data: [
        [3, 4],
        [5, 12],
      ],
    },
  ],
  schema: [
    { name: 'root', num_children: 1 },
    { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ],
});
const file = new File([bytes], 'rows.parquet');

async function readRows(): Promise<number[][]> {
  const rows: number[][] = [];
  for await (const { data, dims } of readVectors(file)) {
    for (let i = 0; i < data.length; i += dims) rows.push([...data.subarray(i, i + dims)]);
  }
  return rows;
}

test('a package is found once it is registered', async () => {
  await expect(readRows()).rejects.toMatchObject({
    code: 'MissingPackage',
    message: expect.stringContaining("call registerPackages({ 'hyparquet': () => import('hyparquet') })"),
  });
  registerPackages({ hyparquet: () => import('hyparquet') });
  expect(await readRows()).toEqual([
    [3, 4],
    [5, 12],
  ]);
});
