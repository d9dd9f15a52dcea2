// One process of bench/whole-runs.mjs: indexes the same vectors again and again, and prints one JSON line with the minimum
// and median time. Making the vectors is not timed.
//
//   node bench/whole-run.mjs COUNT DIMS THREADS sorted|original arrays|in-place REPEATS
import { ParallelIndexer } from 'simdex';
import { randomComponents } from './random-components.mjs';

const [count, dims, threads, order, source, repeats] = process.argv
  .slice(2)
  .map((text) => (/^\d+$/.test(text) ? Number(text) : text));
const flat = randomComponents(count * dims);
const rows = Array.from({ length: count }, (_, i) => flat.slice(i * dims, (i + 1) * dims));

const indexer = new ParallelIndexer(threads);
await indexer.ready();
const times = [];
for (let i = 0; i < repeats; i++) {
  if (source === 'arrays') {
    const start = performance.now();
    const result = await indexer.indexVectors(rows, { order });
    times.push(performance.now() - start);
    result.dispose();
  } else {
    const matrix = indexer.allocate(count, dims);
    matrix.data.set(flat);
    const start = performance.now();
    await indexer.indexVectors(matrix, { order, inPlace: true });
    times.push(performance.now() - start);
    matrix.dispose();
  }
}
await indexer.dispose();
times.sort((a, b) => a - b);
const perVector = (ms) => Number(((ms * 1e6) / count).toFixed(1));
console.log(
  JSON.stringify({ minNsPerVector: perVector(times[0]), medianNsPerVector: perVector(times[times.length >> 1]) }),
);
