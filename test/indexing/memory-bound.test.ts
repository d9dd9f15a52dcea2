import { ParallelIndexer } from 'simdex';
import { describe, expect, it } from 'vitest';

const DIMS = 100;
/** 4 MB of components. */
const vectors = { data: new Float32Array(1_000_000).fill(1), dims: DIMS };

describe('maxMemoryBytes', () => {
  it('does not count the memory of results that were forgotten', async () => {
    const indexer = new ParallelIndexer(2, { maxMemoryBytes: 16 * 2 ** 20 });
    for (let run = 0; run < 20; run++) {
      const { indexedCount } = await indexer.indexVectors(vectors);
      expect(indexedCount).toBe(10_000);
    }
    await indexer.dispose();
  });

  it('counts results that are still held, and says so', async () => {
    const indexer = new ParallelIndexer(2, { maxMemoryBytes: 10 * 2 ** 20 });
    const held = [await indexer.indexVectors(vectors), await indexer.indexVectors(vectors)];
    await expect(indexer.indexVectors(vectors)).rejects.toMatchObject({
      code: 'InsufficientMemory',
      message: expect.stringMatching(/ 3\.9 MiB .* 10\.0 MiB .* in use .* use indexStream/),
    });
    held.pop()?.dispose();
    held.push(await indexer.indexVectors(vectors));
    expect(held.map(({ indexedCount }) => indexedCount)).toEqual([10_000, 10_000]);
    await indexer.dispose();
  });
});
