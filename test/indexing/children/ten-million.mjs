/**
 * Indexes ten million vectors of one component, and counts the turns that the event loop gets meanwhile.
 *
 * Arguments: the kind of source, number of vectors
 */
import { MonitoredParallelIndexer } from '../../../dist/index.node.js';

const [kind, count] = [process.argv[2], Number(process.argv[3])];
const data = new Float32Array(count).map((_, i) => (i % 7) - 3.5);
const sources = {
  matrix: () => ({ data, dims: 1 }),
  numbers: () => Array.from(data, (component) => [component]),
  views: () => Array.from(data, (_, i) => data.subarray(i, i + 1)),
};
const source = sources[kind]();
const indexer = new MonitoredParallelIndexer(2);
await indexer.ready();

let turns = 0;
let running = true;
(function turn() {
  turns++;
  if (running) setImmediate(turn);
})();
const result = await indexer.indexVectorsMonitored(source);
running = false;

const { magnitudes, matrix } = result.vectors;
let wrong = 0;
for (let i = 0; i < count; i++) {
  if (magnitudes[i] !== Math.abs(data[i]) || matrix.data[i] !== Math.sign(data[i])) wrong++;
}
const { totalIndexes } = indexer.monitor.getStats();
await indexer.dispose();
console.log(JSON.stringify({ indexed: result.indexedCount, totalIndexes, wrong, turns }));
