// Unit vectors of a file of any size, in constant memory: reading, indexing and writing overlap.
//
//   node examples/stream-a-file.mjs IN.npy OUT.npy
import { MonitoredParallelIndexer, readVectors, writeVectors } from 'simdex';

const [input, output] = process.argv.slice(2);
const indexer = new MonitoredParallelIndexer();
const stream = indexer.indexStream(readVectors(input), { order: 'original' });

async function* unitVectors() {
  for await (const result of stream) yield result.vectors.matrix; // valid until the next step
}

await writeVectors(output, unitVectors());
await indexer.dispose();

const { totalVectors, threadCount, recommendations } = stream.performanceReport;
console.log(`${totalVectors} vectors on ${threadCount} threads`);
for (const recommendation of recommendations) console.log(`- ${recommendation}`);
