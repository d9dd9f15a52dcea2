// Watches runs while they last.
import { MonitoredParallelIndexer } from 'simdex';

const indexer = new MonitoredParallelIndexer();
await indexer.ready();
const realTime = indexer.enableRealTimeMonitoring();
realTime.setThresholds({ minVectorsPerSecond: 1000 });
realTime.on('progress', ({ run, percent, last }) => {
  if (last) console.log(`run ${run}: ${percent} %`);
});
realTime.on('alert', ({ state, severity, message }) => console.log(`${severity}, ${state}: ${message}`));
realTime.on('metric', ({ stats, lifetime }) => {
  console.log(`${stats.totalIndexes} vectors since the last update, ${lifetime.totalIndexes} in all`);
});

const vectors = { data: Float32Array.from({ length: 1000 * 8 }, Math.random), dims: 8 };
await indexer.indexVectorsMonitored(vectors);
await indexer.dispose();
