/** Exceptions that leave the HDF5 library leave something of themselves in it: after many, files are read by a new one. */
import { writeFile } from 'node:fs/promises';
import { ready } from 'h5wasm';
import { readVectors } from 'simdex';
import { expect, test } from 'vitest';
import { h5File, rows } from './samples.js';
import { temporaryDirectory } from './support.js';

const directory = temporaryDirectory();

test('after hundreds of damaged files the next one is read by a new library', { timeout: 60_000 }, async () => {
  const whole = await h5File();
  await writeFile(directory.at('whole.h5'), whole);
  const damaged = new File([Uint8Array.from(whole.subarray(0, whole.length - 100))], 'damaged.h5');
  for (let i = 0; i < 500; i++)
    await expect(readVectors(damaged).next()).rejects.toMatchObject({ code: 'MalformedFile' });
  // Not by the one that all of them were read by.
  (await ready).get_dataset_data = () => {
    throw new Error('the worn one is asked again');
  };
  const { value } = await readVectors(directory.at('whole.h5')).next();
  expect(value?.data).toEqual(Float32Array.from(rows.flat()));
});
