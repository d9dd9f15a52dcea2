import { expect, test } from 'vitest';
import { runChild } from './children/run-child.js';

test.each([
  ['a new indexer', 0],
  ['a ready indexer', 0],
  ['an idle indexer', 250_000],
  ['an aborted run', 0],
  ['a run nobody waits for', 250_000],
  ['waiting runs', 250_000],
  ['a disposed indexer', 250_000],
])('%s does not keep a process, and a run does until it is done', async (left, indexed) => {
  expect(await runChild('stay.mjs', [left])).toEqual({ indexed });
});
