/**
 * Very many results that are disposed, forgotten, or of which a part is kept: memory stays bounded and nobody sees another's data.
 * Always in full: fewer runs would stay within the bound whatever became of their memory.
 */
import { expect, test } from 'vitest';
import { runChild } from './children/run-child.js';

// 4,096 rows of 256 components are a result of 4 MB; without reuse or collection a thousand runs would take 4 GB.
test.each([
  ['dispose', 1000, 4096],
  ['forget', 1000, 4096],
  ['subarray', 1000, 4096],
  ['into', 1000, 4096],
  ['dispose', 10_000, 3],
  ['forget', 10_000, 3],
  ['subarray', 10_000, 3],
])('results to %s, %d runs of %d rows: memory stays bounded', { timeout: 120_000 }, async (use, runs, rows) => {
  const { mostBytes, changed, totalIndexes } = await runChild('many-runs.mjs', [use, String(runs), String(rows)]);
  expect(mostBytes).toBeLessThan(500e6);
  expect(changed).toBe(0);
  expect(totalIndexes).toBe(runs * rows);
});
