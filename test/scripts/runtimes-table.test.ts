/**
 * The table of the README that says where simdex runs is what the runtimes script recorded.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withTable } from '../../scripts/runtimes/table.mjs';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the README says what was recorded', () => {
  const results = JSON.parse(read('scripts/runtimes/results.json'));
  const readme = read('README.md');
  expect(withTable(readme, results)).toBe(readme);
  expect(() => withTable('# no marks', results)).toThrow('the page has no marks');
});
