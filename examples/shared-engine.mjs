// What a server does: one engine for an indexer and an index, and many small calls at a time.
import { Engine, MonitoredParallelIndexer, VectorIndex } from 'simdex';

const engine = new Engine({ threads: 2 });
const indexer = new MonitoredParallelIndexer('auto', {}, { engine });
const vector = (seed) => Float32Array.from({ length: 64 }, (_, i) => Math.sin(seed + i));

const index = await VectorIndex.build([vector(0)], { engine, ids: ['first'] });
const answers = await Promise.all(
  Array.from({ length: 1000 }, async (_, request) => {
    const { vectors } = await indexer.indexVectorsMonitored([vector(request)], { order: 'original' });
    await index.upsert([vectors.get(0).normalized], { ids: [`request ${request}`] });
    return index.search(vector(request), 1);
  }),
);

console.log(answers.length, 'answers,', index.size, 'rows,', engine.pending.calls, 'calls waiting');
console.log(answers[7].ids[0], 'is the nearest to itself');

await Promise.all([indexer.dispose(), index.dispose()]);
await engine.dispose();
