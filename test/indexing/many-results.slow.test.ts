/**
 * A million small results may be alive, for about the bytes they hold. Always in full: fewer would fit whatever they took.
 */
import { expect, test } from 'vitest';
import { runChild } from './children/run-child.js';

const COUNT = 1_000_000;

test('1,000,000 results of one small call each are alive, at 1 kB each', { timeout: 600_000 }, async () => {
  const { bytesEach, residentEach, ...outcome } = await runChild(
    'many-results.mjs',
    [String(COUNT)],
    ['--expose-gc', '--max-old-space-size=4000'],
    580_000,
  );
  expect(outcome).toEqual({ wrong: 0, totalIndexes: COUNT });
  expect(bytesEach).toBeLessThanOrEqual(1000);
  expect(residentEach).toBeLessThanOrEqual(1200);
});
