/**
 * Runs an indexer very often and prints what memory it took and whether kept arrays stayed as they were. The process gets
 * no --expose-gc: the collector has to see by itself what forgotten results cost.
 *
 * Arguments: what happens to a result (dispose, forget, subarray, into), number of runs, rows of 256 components
 */
import { MonitoredParallelIndexer } from '../../../dist/index.node.js';

const [use, runs, rows] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const DIMS = 256;
const KEPT = 20;

const indexer = new MonitoredParallelIndexer(2);
await indexer.ready();
const into = use === 'into' ? indexer.allocate(rows, DIMS) : undefined;
const data = new Float32Array(new SharedArrayBuffer(4 * rows * DIMS)).fill(1);
const kept = [];
let mostBytes = 0;
let changed = 0;

/** The last two components of every row tell the run: with the others they make a length that is known. */
function mark(run) {
  const angle = (run % 1000) / 1000;
  for (let row = 0; row < rows; row++) {
    data.fill(0, row * DIMS, row * DIMS + DIMS);
    data[row * DIMS] = Math.cos(angle);
    data[row * DIMS + 1] = Math.sin(angle);
  }
  return angle;
}

const isAsMarked = ({ view, angle }) =>
  Math.abs(view[0] - Math.cos(angle)) < 1e-6 && Math.abs(view[1] - Math.sin(angle)) < 1e-6 && view[2] === 0;

for (let run = 0; run < runs; run++) {
  const angle = use === 'subarray' ? mark(run) : 0;
  const result = await indexer.indexVectorsMonitored({ data, dims: DIMS }, { order: 'original', into });
  if (result.indexedCount !== rows) throw new Error(`${result.indexedCount} of ${rows}`);
  if (use === 'dispose') result.dispose();
  if (use === 'subarray') {
    kept.push({ view: result.vectors.get(run % rows).normalized.subarray(0, 5), angle });
    if (kept.length > KEPT) {
      for (const one of kept) if (!isAsMarked(one)) changed++;
      kept.shift();
    }
  }
  mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
}
const { totalIndexes } = indexer.monitor.getStats();
await indexer.dispose();
console.log(JSON.stringify({ mostBytes, changed, totalIndexes }));
