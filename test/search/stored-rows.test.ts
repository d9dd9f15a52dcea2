/**
 * What a store needs of an index: rows that wait for a confirmation before anybody sees them, and room for all rows of a stream at once.
 */
import { VectorIndex } from 'simdex';
import { expect, onTestFinished, test } from 'vitest';
import { build, positions, randomRows } from './support.js';

const DIMS = 48;

test.each([
  ['float32', 30],
  ['float32', 6000],
  ['float16', 6000],
] as const)(
  'rows of %s are seen when they are confirmed, %i of them, and never where that fails',
  async (precision, count) => {
    const before = randomRows(10, DIMS, 1);
    const index = await build(before, { precision });
    const rows = randomRows(count, DIMS, 2);
    const ids = positions(count).map((i) => i + 5);
    const lost = new Error('the disk is full');
    await expect(index.upsertWhen(Promise.reject(lost), rows, { ids })).rejects.toBe(lost);
    expect([index.size, [...index.ids()]]).toEqual([10, positions(10)]);
    expect((await index.search(before[7]!, 1)).ids).toEqual([7]);

    let confirm: () => void = () => undefined;
    const confirmed = new Promise<void>((resolve) => {
      confirm = resolve;
    });
    let isDone = false;
    const upserting = index.upsertWhen(confirmed, rows, { ids }).then(() => {
      isDone = true;
    });
    // A later change waits for it, and searches do not.
    const removing = index.remove([4]);
    for (let turn = 0; turn < 20; turn++) {
      expect((await index.search(before[7]!, 1)).ids).toEqual([7]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect([isDone, index.size]).toEqual([false, 10]);
    confirm();
    await upserting;
    expect(await removing).toBe(1);
    expect(index.size).toBe(count + 4);
    expect((await index.search(rows[20]!, 1)).ids).toEqual([25]);
  },
);

test('the rows of a stream whose number is known get a segment together', async () => {
  const chunks = positions(40).map((seed) => randomRows(500, DIMS, seed));
  const stream = async function* () {
    yield* chunks;
  };
  const roomOf = async (expected: number | undefined) => {
    const index = await VectorIndex.buildStored<number>(stream(), { dims: DIMS }, { expected, graph: undefined });
    onTestFinished(() => index.dispose());
    expect([index.size, (await index.search(chunks[33]![7]!, 1)).ids]).toEqual([20_000, [33 * 500 + 7]]);
    return index.memory.rows;
  };
  // With a magnitude and two words of deaths for each.
  const exactly = (4 * DIMS + 12) * 20_000;
  expect(await roomOf(20_000)).toBe(exactly);
  expect(await roomOf(undefined)).toBeGreaterThan(exactly);
  // Too few, or too many, harm nothing.
  await roomOf(100);
  await roomOf(30_000);
});
