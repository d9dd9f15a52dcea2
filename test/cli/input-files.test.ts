/**
 * Files read into matrices of the caller's, and rows of these read again.
 */
import { writeVectors } from 'simdex';
import { expect, test } from 'vitest';
import { InputFiles } from '../../src/cli/input-files.js';
import type { AllocatedMatrix } from '../../src/indexing/allocations.js';
import { createIndexer, randomMatrix } from '../indexing/support.js';
import { temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const DIMS = 300;
const [first, second] = [randomMatrix(9000, DIMS, 1), randomMatrix(7500, DIMS, 2)];

const expected = new Float32Array(first.data.length + second.data.length);
expected.set(first.data);
expected.set(second.data, first.data.length);

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);

test.each(['npy', 'fbin', 'fvecs', 'safetensors'])(
  'rows of .%s files are read again at their places',
  async (format) => {
    const paths = [directory.at(`first.${format}`), directory.at('second.npy')];
    await writeVectors(paths[0]!, [first]);
    await writeVectors(paths[1]!, [second]);
    const indexer = createIndexer(1);
    await using inputs = await InputFiles.open(paths, {});
    expect(inputs.areReadable).toBe(true);
    const matrices: AllocatedMatrix[] = [];
    for await (const matrix of inputs.matrices((count, dims) => indexer.allocate(count, dims))) matrices.push(matrix);
    expect(matrices.length).toBeGreaterThan(3);
    let at = 0;
    for (const matrix of matrices) {
      const { data, count } = matrix;
      expect(bytesOf(data).equals(bytesOf(expected.subarray(at, at + data.length)))).toBe(true);
      const rows = { first: Math.floor(count / 3), last: Math.floor(count / 3) + 5 };
      const before = data.slice();
      data.fill(7, rows.first * DIMS, rows.last * DIMS);
      await inputs.restore(rows, matrix);
      expect(bytesOf(data).equals(bytesOf(before))).toBe(true);
      at += data.length;
    }
    expect(at).toBe(expected.length);
  },
);

test.each(['jsonl', 'csv'])('.%s files have no places to read rows again at', async (format) => {
  const paths = [directory.at('short.npy'), directory.at(`short.${format}`)];
  for (const path of paths) await writeVectors(path, [{ data: Float32Array.of(1, 2), dims: 2 }]);
  await using inputs = await InputFiles.open(paths, {});
  expect(inputs.areReadable).toBe(false);
});
