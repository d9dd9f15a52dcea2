/**
 * An index on an engine whose memory is bounded: what changes leave behind does not count for long.
 */
import { Engine, VectorIndex } from 'simdex';
import { expect, onTestFinished, test } from 'vitest';
import { build, positions, randomRows } from './support.js';

const DIMS = 64;

function createEngine(maxMemoryBytes: number): Engine {
  const engine = new Engine({ threads: 2, maxMemoryBytes });
  onTestFinished(() => engine.dispose());
  return engine;
}

const rowsOfRound = (count: number, round: number) => randomRows(count, DIMS, round);

test.each([
  ['few', 1, 1000],
  ['many', 2000, 60],
])(
  '%s rows that are replaced again and again need no more memory than those that are there',
  async (_, count, rounds) => {
    const engine = createEngine(2 ** 25);
    const rows = rowsOfRound(2000, 0);
    const index = await build(rows, { engine, metric: 'dot' });
    for (let round = 1; round <= rounds; round++) {
      const ids = positions(count).map((i) => (i + 7 * round) % 2000);
      const changed = rowsOfRound(count, round);
      await index.upsert(changed, { ids });
      for (const [i, id] of ids.entries()) rows[id] = changed[i]!;
    }
    expect(index.size).toBe(2000);
    for (const id of [0, 1, 999, 1999]) expect((await index.get(id))!.vector).toEqual(rows[id]);
  },
);

test('indexes that are forgotten make room for others', async () => {
  const engine = createEngine(2 ** 24);
  const rows = rowsOfRound(4000, 0);
  for (let round = 0; round < 30; round++) {
    const index = await VectorIndex.build(rows, { engine, metric: 'dot' });
    expect(index.size).toBe(4000);
  }
});
