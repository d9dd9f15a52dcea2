/**
 * Keeps the results of very many small calls, looks at each again in the end, and prints what one of them takes.
 *
 * Argument: number of calls
 */
import { MonitoredParallelIndexer } from '../../../dist/index.node.js';

const count = Number(process.argv[2]);
const DIMS = 16;
const indexer = new MonitoredParallelIndexer(2);
await indexer.ready();
const row = new Float32Array(DIMS);
const used = () => {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const results = new Array(count).fill(undefined);
const before = used();
const residentBefore = process.memoryUsage.rss();
for (let i = 0; i < count; i++) {
  row.fill(i + 1);
  results[i] = await indexer.indexVectorsMonitored([row], { order: 'original' });
}
const bytesEach = (used() - before) / count;
const residentEach = (process.memoryUsage.rss() - residentBefore) / count;

let wrong = 0;
for (let i = 0; i < count; i++) {
  const { magnitude, normalized } = results[i].vectors.get(0);
  const isRight = Math.abs(magnitude / (4 * (i + 1)) - 1) < 1e-6 && Math.abs(normalized[DIMS - 1] - 0.25) < 1e-6;
  if (!isRight) wrong++;
  // What was looked at is not kept, so that looking takes no memory.
  results[i] = undefined;
}
const { totalIndexes } = indexer.monitor.getStats();
await indexer.dispose();
console.log(JSON.stringify({ bytesEach, residentEach, wrong, totalIndexes }));
