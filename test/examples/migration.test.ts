/**
 * The guide for those who come from another library: each program in it is the file that it names, runs, and prints what the
 * guide shows.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readVectors, VectorIndex } from 'simdex';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const guide = await readFile(join(root, 'docs/migration.md'), 'utf8');
const parts = [
  ...guide.matchAll(/<!-- file: (\S+) -->\n```js\n([\s\S]*?)```\n\n```console\n\$ node (\S+)\n([\s\S]*?)```/g),
].map(([, file, code, command, output]) => ({ file: file!, code: code!, command: command!, output: output! }));

let folder: string;
beforeAll(async () => {
  // Within the project, so that the package is found by its name.
  folder = await mkdtemp(join(root, 'build/migration-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the guide has a program for usearch, hnswlib-node and Qdrant', () => {
  expect(parts.map(({ file }) => file)).toEqual(
    ['usearch', 'hnswlib', 'qdrant'].map((name) => `examples/migration/from-${name}.mjs`),
  );
});

test.each(parts)('$file prints what the guide shows', async ({ file, code, command, output }) => {
  expect(command).toBe(file);
  expect(await readFile(join(root, file), 'utf8')).toBe(code);
  const copy = join(folder, file.replaceAll('/', '-'));
  await writeFile(copy, code);
  const { stdout } = await run(process.execPath, [copy], { cwd: folder });
  expect(stdout).toBe(output);
});

test('lines with id, vector and payload, as the guide writes them, become an index', async () => {
  const file = join(folder, 'points.jsonl');
  const points = [
    { id: 'a', vector: [1, 0], payload: { country: 'DE' } },
    { id: 'b', vector: [0, 1], payload: null },
  ];
  await writeFile(file, points.map((point) => `${JSON.stringify(point)}\n`).join(''));
  const index = await VectorIndex.build<string>(readVectors(file));
  expect([...index.ids()]).toEqual(['a', 'b']);
  expect((await index.search([0, 2], 1)).ids).toEqual(['b']);
  await index.dispose();
});
