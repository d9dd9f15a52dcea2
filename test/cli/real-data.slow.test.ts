/**
 * Real files, where SIMDEX_DATA names a directory that has them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectClose, parseFvecs, parseNpy, reference, rowsOf, runWell, temporaryDirectory } from './support.js';

const data = process.env['SIMDEX_DATA'] ?? '';
const mnist = join(data, 'mnist-784.npy');
const words = join(data, 'word2vec-300.fvecs');
const directory = temporaryDirectory();

test.skipIf(data === '' || !existsSync(mnist))('MNIST (skipped without SIMDEX_DATA)', async () => {
  const outputs = ['--out', directory.at('m.npy'), '--magnitudes', directory.at('mm.npy'), '--order', 'sorted'];
  await runWell(['index', mnist, ...outputs]);
  const given = rowsOf(parseNpy(readFileSync(mnist)).values, 784);
  const magnitudes = parseNpy(directory.read('mm.npy')).values;
  const found = rowsOf(parseNpy(directory.read('m.npy')).values, 784);
  expect(found.length).toBe(given.length);
  for (const [i, row] of given.entries()) {
    const expected = reference(row, 'sorted');
    expectClose(found[i]!, expected.row);
    expectClose([magnitudes[i]!], [expected.magnitude]);
  }
});

test.skipIf(data === '' || !existsSync(words))('word vectors (skipped without SIMDEX_DATA)', async () => {
  await runWell(['index', words, '--out', directory.at('w.fvecs')]);
  const given = parseFvecs(readFileSync(words), 300);
  const found = parseFvecs(directory.read('w.fvecs'), 300);
  expect(found.length).toBe(given.length);
  for (const [i, row] of given.entries()) expectClose(found[i]!, reference(row).row);
});
