/**
 * A file that breaks the HDF5 library, which is one memory for all files: what is open on it is refused, and the next file is read by a
 * new one. The trap is thrown by a call of the library that is wrapped for it. It needs a process of its own, in which no file broke the library before.
 */
import { writeFile } from 'node:fs/promises';
import { ready } from 'h5wasm';
import { readVectors } from 'simdex';
import { expect, test } from 'vitest';
import { h5File, rows } from './formats/samples.js';
import { temporaryDirectory } from './formats/support.js';

const directory = temporaryDirectory();

async function written(name: string): Promise<string> {
  await writeFile(directory.at(name), await h5File());
  return directory.at(name);
}

async function readAll(file: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { data } of readVectors(file)) found.push(...data);
  return found;
}

test('a library that broke is given up, and what it was at is refused', async () => {
  const [open, hostile, later] = [await written('open.h5'), await written('hostile.h5'), await written('later.h5')];
  const module = await ready;
  const chunks = readVectors(open, { chunkVectors: 1 })[Symbol.asyncIterator]();
  expect((await chunks.next()).value?.data).toEqual(Float32Array.from(rows[0]!));

  const { get_dataset_data: getData } = module;
  module.get_dataset_data = () => {
    throw new WebAssembly.RuntimeError('memory access out of bounds');
  };
  await expect(readAll(hostile)).rejects.toMatchObject({
    code: 'MalformedFile',
    message: expect.stringMatching(/hostile\.h5.*a damaged one: memory access out of bounds/),
  });
  module.get_dataset_data = getData;

  await expect(chunks.next()).rejects.toMatchObject({
    code: 'FileAccess',
    message: expect.stringMatching(
      /open\.h5: the HDF5 library broke down over another file, .*hostile\.h5; read this one/,
    ),
  });
  // Not by the module that broke.
  module.get_dataset_data = () => {
    throw new Error('the broken one is asked again');
  };
  expect(await readAll(later)).toEqual(rows.flat());
  expect(await readAll(open)).toEqual(rows.flat());
  module.get_dataset_data = getData;
});
