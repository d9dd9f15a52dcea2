// A program that disposes of nothing ends by itself.
import { MonitoredParallelIndexer, VectorIndex } from 'simdex';

const data = Float32Array.from({ length: 30_000 * 64 }, (_, i) => Math.sin(i));
const { indexedCount } = await new MonitoredParallelIndexer(2).indexVectorsMonitored({ data, dims: 64 });
const index = await VectorIndex.build({ data, dims: 64 }, { threadCount: 2 });
const { ids } = await index.search(data.subarray(0, 64), 1);
console.log(JSON.stringify({ indexedCount, ids }));
