/**
 * Builds indexes of 40 MB of rows, and prints how often V8 collected all garbage meanwhile, and the most bytes the process had above its start.
 *
 * Arguments: how many indexes, whether they are "kept", "forgotten" or "disposed"
 */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { Engine, VectorIndex } from '../../../dist/index.node.js';

const [count, fate] = [Number(process.argv[2]), process.argv[3]];
const DIMS = 1000;
const rows = new Float32Array(new SharedArrayBuffer(40e6));
for (let i = 0; i < rows.length; i++) rows[i] = Math.sin(i);

const engine = new Engine({ threads: 2 });
await engine.ready();
await VectorIndex.build({ data: rows.subarray(0, 100 * DIMS), dims: DIMS }, { engine });

let collections = 0;
const observer = new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections++;
});
observer.observe({ entryTypes: ['gc'] });
const before = process.memoryUsage.rss();
let most = 0;
const kept = [];
for (let i = 0; i < count; i++) {
  const index = await VectorIndex.build({ data: rows, dims: DIMS }, { engine });
  if (fate === 'kept') kept.push(index);
  if (fate === 'disposed') await index.dispose();
  most = Math.max(most, process.memoryUsage.rss() - before);
}
// What was observed is told in a later turn.
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(JSON.stringify({ collections, mostBytes: most, size: kept.reduce((sum, { size }) => sum + size, 0) }));
process.exit();
