// Whole runs as bench/side.mjs and the pages of bench/browser.mjs time them: the same work on the same vectors with the
// simdex that they are given. Making and placing the vectors is not timed.
import { randomComponents } from './random-components.mjs';

/**
 * Each gives a function that does one run and resolves with its milliseconds; its `end` ends the threads.
 *
 *   arrays    a whole run from Float32Array[], memory warm after the first
 *   in-place  a whole run of a matrix from allocate, in place
 */
export const wholeRuns = {
  async arrays({ ParallelIndexer }, { count, dims, threads, order }) {
    const source = randomComponents(count * dims);
    const rows = Array.from({ length: count }, (_, i) => source.slice(i * dims, (i + 1) * dims));
    const indexer = new ParallelIndexer(threads);
    await indexer.ready();
    const run = async () => {
      const start = performance.now();
      const result = await indexer.indexVectors(rows, { order });
      const elapsed = performance.now() - start;
      result.dispose();
      return elapsed;
    };
    run.end = () => indexer.dispose();
    return run;
  },
  'in-place': ({ ParallelIndexer }, shape) => runInPlace(new ParallelIndexer(shape.threads), 'indexVectors', shape),
};

/** @param method which one of the indexer does the run */
export async function runInPlace(indexer, method, { count, dims, order }) {
  const source = randomComponents(count * dims);
  await indexer.ready();
  const matrix = indexer.allocate(count, dims);
  const run = async () => {
    matrix.data.set(source);
    const start = performance.now();
    await indexer[method](matrix, { order, inPlace: true });
    return performance.now() - start;
  };
  run.end = () => indexer.dispose();
  return run;
}

/** Minimum and median nanoseconds per vector of `repeats` runs after 0.3 s of warm-up. */
export async function measure(run, count, repeats) {
  // The engine compiles hot code at its best only while it runs.
  for (const end = performance.now() + 300; performance.now() < end; ) await run();
  const times = [];
  for (let i = 0; i < repeats; i++) times.push(await run());
  await run.end?.();
  times.sort((a, b) => a - b);
  const perVector = (ms) => Number(((ms * 1e6) / count).toFixed(1));
  return { minNsPerVector: perVector(times[0]), medianNsPerVector: perVector(times[times.length >> 1]) };
}
