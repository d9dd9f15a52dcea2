/**
 * Threads keep their instance of the kernel on a memory from run to run, and let go of memories that nobody keeps.
 */
import { setEnvironmentData } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { bitsOf, createIndexer, randomMatrix } from './support.js';

const RUNS = 40;
const count = new Int32Array(new SharedArrayBuffer(4));
setEnvironmentData('simdex test instances', count.buffer as unknown as SharedArrayBuffer);
const worker = new URL('./workers/instance-counting.mjs', import.meta.url);

test('runs on memories that come again make no more instances', async () => {
  const indexer = createIndexer(2, { worker, kernel: 'simd' });
  await indexer.ready();
  const matrices = [randomMatrix(400, 16, 1), randomMatrix(400, 16, 2)];
  const expected = await Promise.all(
    matrices.map(async (matrix) => bitsOf(await indexer.indexVectorsMonitored(matrix))),
  );
  const into = matrices.map(() => indexer.allocate(400, 16));
  Atomics.store(count, 0, 0);
  for (let run = 0; run < RUNS; run++) {
    const result = await indexer.indexVectorsMonitored(matrices[run % 2]!, { into: into[run % 2] });
    expect(bitsOf(result)).toEqual(expected[run % 2]);
  }
  // The collector may let go of some meanwhile.
  expect(Atomics.load(count, 0)).toBeGreaterThan(0);
  expect(Atomics.load(count, 0)).toBeLessThan(RUNS);
});
