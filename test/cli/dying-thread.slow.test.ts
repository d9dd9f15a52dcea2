/**
 * A thread that dies while the command overwrites rows in place: they are read from the file again.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeVectors } from 'simdex';
import { expect, test } from 'vitest';
import { randomMatrix } from '../indexing/support.js';
import { expectClose, parseNpy, plainEnvironment, reference, runWell, temporaryDirectory } from './support.js';

const DIMS = 64;
const ROWS = 120_000;
const directory = temporaryDirectory();
const preload = fileURLToPath(new URL('./preloads/dying-thread.mjs', import.meta.url));

test.each(['npy', 'fvecs'])('a thread that dies over rows of a .%s loses none of them', async (format) => {
  const matrix = randomMatrix(ROWS, DIMS);
  await writeVectors(directory.at(`in.${format}`), [matrix]);
  const mark = directory.at(`mark.${format}`);
  const env = plainEnvironment({ NODE_OPTIONS: `--import=${preload}`, DYING_THREAD_MARK: mark });
  const outputs = ['--out', directory.at('out.npy'), '--magnitudes', directory.at('magnitudes.npy')];
  const { stderr } = await runWell(['index', directory.at(`in.${format}`), ...outputs, '--threads', '2'], { env });
  expect(stderr).toMatch(/^warning: Thread \d died and is replaced/m);
  expect(existsSync(mark)).toBe(true);
  const found = parseNpy(directory.read('out.npy')).values;
  const magnitudes = parseNpy(directory.read('magnitudes.npy')).values;
  const expected = { rows: new Float64Array(ROWS * DIMS), magnitudes: new Float64Array(ROWS) };
  for (let i = 0; i < ROWS; i++) {
    const { row, magnitude } = reference([...matrix.data.subarray(i * DIMS, (i + 1) * DIMS)]);
    expected.rows.set(row, i * DIMS);
    expected.magnitudes[i] = magnitude;
  }
  expectClose(found, expected.rows);
  expectClose(magnitudes, expected.magnitudes);
});
