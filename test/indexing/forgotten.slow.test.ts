/**
 * Indexers, indexes and engines that nobody has any more are collected, and their threads end. A process of its own shows it, whose
 * collector can be asked.
 */
import { expect, test } from 'vitest';
import { runChild } from './children/run-child.js';

const ALL = [
  ['indexers', 60, 0],
  ['engines', 8, 0],
  ['sharing indexers', 8, 0],
  ['indexes with engines of their own', 8, 0],
  ['sharing indexes', 8, 0],
  ['held results', 8, 8],
] as const;

test.each(ALL)('%s that are forgotten leave no threads', async (what, count, right) => {
  const outcome = await runChild('forget.mjs', [what, String(count)], ['--expose-gc']);
  expect(outcome).toEqual({ started: 2 * count, left: 0, right });
});

test('the engine that indexes share ends with the last of them, also when they are forgotten', async () => {
  const { started, left } = await runChild('forget.mjs', ['indexes', '60'], ['--expose-gc']);
  expect(started).toBeGreaterThan(0);
  expect(left).toBe(0);
});
