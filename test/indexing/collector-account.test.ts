/**
 * The collector of a thread is told what a memory costs when it comes first, and not with every run.
 */
import { setEnvironmentData } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createIndexer, randomMatrix } from './support.js';

const THREADS = 2;
const count = new Int32Array(new SharedArrayBuffer(4));
setEnvironmentData('simdex test ballast', count.buffer);
const worker = new URL('./workers/ballast-counting.mjs', import.meta.url);

test('memories that come again are told of once', async () => {
  const indexer = createIndexer(THREADS, { worker });
  await indexer.ready();
  const matrix = randomMatrix(400, 16);
  const targets = [indexer.allocate(400, 16), indexer.allocate(400, 16)];
  Atomics.store(count, 0, 0);
  for (let run = 0; run < 40; run++) await indexer.indexVectorsMonitored(matrix, { into: targets[run % 2] });
  expect(Atomics.load(count, 0)).toBeGreaterThanOrEqual(targets.length);
  expect(Atomics.load(count, 0)).toBeLessThanOrEqual(targets.length * THREADS);
});

test('every new memory is told of', async () => {
  const indexer = createIndexer(THREADS, { worker });
  await indexer.ready();
  const matrix = randomMatrix(400, 16);
  Atomics.store(count, 0, 0);
  const results = [];
  for (let run = 0; run < 20; run++) results.push(await indexer.indexVectorsMonitored(matrix));
  expect(Atomics.load(count, 0)).toBeGreaterThanOrEqual(results.length);
});
