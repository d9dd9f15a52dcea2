import { MonitoredParallelIndexer } from 'simdex';

const vectors = [
  new Float32Array([3, 4, 0]),
  new Float32Array([1, -2, 2]),
  new Float32Array([0, 0, 0]), // no direction: rejected
];

const indexer = new MonitoredParallelIndexer();
const result = await indexer.indexVectorsMonitored(vectors, { order: 'original', onInvalid: 'skip' });

for (const { magnitude, normalized } of result.vectors) console.log(magnitude, [...normalized]);
console.log(result.rejected);
console.log(indexer.monitor.getStats().totalIndexes, 'vectors indexed by', indexer.backend.kernel, 'kernel');

result.dispose(); // the memory serves the next run; a result that is forgotten is collected like any array
await indexer.dispose();
