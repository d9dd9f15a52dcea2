/**
 * Formats whose reader is a package of its own, where that is not installed, or is too old for a file: the command names the package and
 * how to install it.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { samples } from '../formats/samples.js';
import { CLI, npyBytes, run, runRefused, runWell, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();

/** Flags of a Node in which `name`, and what lies in it, cannot be found. */
function without(name: string): string[] {
  return resolving(name, "throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });");
}

/** Flags of a Node in which the command gets the module of that URL in its place. */
function replaced(name: string, url: string): string[] {
  return resolving(name, `return { url: ${JSON.stringify(url)}, shortCircuit: true };`);
}

function resolving(name: string, answer: string): string[] {
  const hooks = `export async function resolve(specifier, context, next) {
    if (specifier !== ${JSON.stringify(name)} && !specifier.startsWith(${JSON.stringify(`${name}/`)})) return next(specifier, context);
    ${answer}
  }`;
  const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
  return [
    '--import',
    moduleOf(`import { register } from 'node:module'; register(${JSON.stringify(moduleOf(hooks))});`),
  ];
}

const ALL = [
  ['parquet', 'hyparquet'],
  ['arrow', 'apache-arrow'],
  ['h5', 'h5wasm'],
] as const;

test.each(ALL)('.%s needs the package %s, and nothing else does', async (format, name) => {
  const file = directory.write(`x.${format}`, await samples[format]!());
  const options = { command: process.execPath };
  expect((await runWell(['info', file])).stdout).toContain(format);
  for (const args of [
    ['info', file],
    ['index', file, '--out', directory.at('out.npy'), '--quiet'],
  ]) {
    const sentence = new RegExp(`x\\.${format}: \\.${format} needs the package ${name}; npm install ${name}$`);
    await runRefused([...without(name), CLI, ...args], 1, sentence, options);
  }
  expect(directory.names()).not.toContain('out.npy');
  const other = directory.write('other.npy', npyBytes([[3, 4]]));
  expect(await run([...without(name), CLI, 'info', other], options)).toMatchObject({ status: 0 });
});

test('an older apache-arrow reads what it can, and is named where it cannot', async () => {
  const real = import.meta.resolve('apache-arrow');
  const members = 'RecordBatchReader, DataType';
  const older = directory.write('older.mjs', `export { ${members} } from ${JSON.stringify(real)};`);
  const info = (file: string) => [...replaced('apache-arrow', `file://${older}`), CLI, 'info', file];
  const options = { command: process.execPath };
  const plain = directory.write('plain.arrow', await samples['arrow']!());
  expect((await runWell(info(plain), options)).stdout).toMatch(/components {2}4/);
  const compressed = fileURLToPath(new URL('../formats/fixtures/polars-lz4.arrow', import.meta.url));
  const sentence =
    /needs apache-arrow [\d.]+ or newer here, .* has no compressionRegistry, CompressionType; npm install apache-arrow@latest$/;
  await runRefused(info(compressed), 1, sentence, options);
});
