import { expect, test } from 'vitest';
import { runChild } from './children/run-child.js';

// Held for 8 ms at a time, a loop has a turn for some 100,000 vectors, which take longer to look over and copy; held throughout, one
// or two in all.
test.each([
  ['matrix', 10_000_000, 5],
  ['numbers', 10_000_000, 100],
  ['views', 2_000_000, 5],
])(
  '%s: %d vectors of one component, with turns for everybody else',
  { timeout: 120_000 },
  async (kind, count, least) => {
    const { turns, ...outcome } = await runChild(
      'ten-million.mjs',
      [kind, String(count)],
      ['--max-old-space-size=6000'],
    );
    expect(outcome).toEqual({ indexed: count, totalIndexes: count, wrong: 0 });
    expect(turns).toBeGreaterThan(least);
  },
);
