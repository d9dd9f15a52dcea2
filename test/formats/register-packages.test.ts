/**
 * Packages that a program registers take the place of those that are found by name.
 */
import { afterEach, expect, test } from 'vitest';
import { registerPackages } from '../../src/formats/load-package.js';
import { readVectors } from '../../src/formats/read-blob.js';
import { samples } from './samples.js';

const real = {
  hyparquet: () => import('hyparquet'),
  'apache-arrow': () => import('apache-arrow'),
  h5wasm: () => import('h5wasm'),
};
afterEach(() => registerPackages(real));

async function countRows(format: 'parquet' | 'arrow'): Promise<number> {
  const file = new File([(await samples[format]!()) as Uint8Array<ArrayBuffer>], `rows.${format}`);
  let count = 0;
  for await (const { data, dims } of readVectors(file)) count += data.length / dims;
  return count;
}

test.each([
  ['parquet', 'hyparquet'],
  ['arrow', 'apache-arrow'],
] as const)(
  '.%s is read by the package that is registered as %s, which is loaded when it is needed',
  async (format, name) => {
    let loaded = 0;
    registerPackages({
      [name]: () => {
        loaded++;
        return real[name]();
      },
    });
    expect(loaded).toBe(0);
    expect(await countRows(format)).toBeGreaterThan(0);
    expect(loaded).toBe(1);
  },
);

test('one that does not load, or is something else, is named', async () => {
  const cause = new Error('no network');
  registerPackages({ hyparquet: () => Promise.reject(cause) });
  await expect(countRows('parquet')).rejects.toMatchObject({ code: 'MissingPackage', cause });
  registerPackages({ hyparquet: async () => ({ default: {} }) });
  await expect(countRows('parquet')).rejects.toThrow(/needs hyparquet .* or newer here, .* has no parquetMetadata/);
});

test.each([
  [undefined, 'takes an object, got undefined'],
  [{ parquet: real.hyparquet }, 'packages are hyparquet, apache-arrow, h5wasm, got "parquet"'],
  [{ h5wasm: {} }, "takes a function for h5wasm, such as () => import('h5wasm'), got object"],
])('refuses %o, and registers none of it', async (packages, message) => {
  const refused = expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringContaining(message) });
  expect(() => registerPackages(packages as never)).toThrow(refused);
  expect(await countRows('parquet')).toBeGreaterThan(0);
});
