/**
 * What `simdex index --out` writes in every format, read back: the unit vectors of a float64 reference, and nothing left beside
 * them when a run fails.
 */
import { expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { collectRows, createRandom } from '../formats/support.js';
import { expectClose, npyBytes, reference, runRefused, runWell, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const random = createRandom(20_261_122);
const rows = Array.from({ length: 300 }, () => Array.from({ length: 7 }, () => random(2001) - 1000 + 0.5));

test.each(['csv', 'fbin', 'jsonl', 'fvecs', 'npy', 'safetensors'])('unit rows as .%s', async (format) => {
  const input = directory.write('rows.npy', npyBytes(rows));
  const output = directory.at(`unit.${format}`);
  await runWell(['index', input, '--out', output, '--quiet']);
  const found = (await collectRows(readVectors(output))).rows;
  expect(found.length).toBe(rows.length);
  for (const [row, components] of rows.entries())
    expectClose(Float32Array.from(found[row]!), reference(components).row);
});

test.each(['csv', 'fbin', 'jsonl', 'safetensors'])(
  'a row that fails leaves no .%s and no file of its columns',
  async (format) => {
    // Far enough behind that rows before it were written.
    const lines = Array.from({ length: 60_000 }, (_, row) => JSON.stringify({ id: `r${row}`, vector: [row + 1, 1] }));
    const input = directory.write('fails.jsonl', `${lines.join('\n')}\n{"id":"last","vector":[0,0]}\n`);
    const before = directory.names();
    const args = ['index', input, '--out', directory.at(`failed.${format}`), '--on-invalid', 'throw'];
    await runRefused([...args, '--quiet'], 1, /60000/);
    expect(directory.names()).toEqual(before);
  },
);
