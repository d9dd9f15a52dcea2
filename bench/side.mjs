// One side of a pair of bench/pairs.mjs, in a process of its own: does the same work again and again, and prints one JSON
// line with the minimum and median nanoseconds per vector. Making and placing the vectors is not timed.
//
//   node bench/side.mjs SIDE COUNT DIMS THREADS sorted|original REPEATS
//
//   kernel      simdex/kernel on this thread, in place
//   javascript  normalise and Float32Array.prototype.sort in JavaScript, on ordinary arrays
//   arrays      a whole run from Float32Array[], memory warm after the first
//   in-place    a whole run of a matrix from allocate, in place
//   monitored   as in-place, with everything monitored and a listener in real time
//   unmonitored the same indexer with every flag off
//   small       as arrays, but called 200 times as often: the figure is the latency of a small run
import { MonitoredParallelIndexer, ParallelIndexer } from 'simdex';
import { createKernel } from 'simdex/kernel';
import { randomComponents } from './random-components.mjs';
import { measure, runInPlace, wholeRuns } from './whole-runs.mjs';

const [side, ...rest] = process.argv.slice(2);
const [count, dims, threads] = rest.slice(0, 3).map(Number);
const order = rest[3];
const repeats = Number(rest[4]) * (side === 'small' ? 200 : 1);
const shape = { count, dims, threads, order };

const sides = {
  kernel,
  javascript,
  arrays: () => wholeRuns.arrays({ ParallelIndexer }, shape),
  'in-place': () => wholeRuns['in-place']({ ParallelIndexer }, shape),
  monitored: () => monitored(true),
  unmonitored: () => monitored(false),
  small: () => wholeRuns.arrays({ ParallelIndexer }, shape),
};
console.log(JSON.stringify(await measure(await sides[side](), count, repeats)));

/** Milliseconds that `work` takes. */
function timed(work) {
  const start = performance.now();
  work();
  return performance.now() - start;
}

async function kernel() {
  const simdex = await createKernel({ backend: 'simd' });
  const source = randomComponents(count * dims);
  const matrix = simdex.allocate(count, dims);
  return () => {
    matrix.data.set(source);
    return timed(() => simdex.process(matrix, { order, inPlace: true }));
  };
}

function javascript() {
  const source = randomComponents(count * dims);
  const rows = Array.from({ length: count }, () => new Float32Array(dims));
  return () => {
    for (const [i, row] of rows.entries()) row.set(source.subarray(i * dims, (i + 1) * dims));
    return timed(() => {
      for (const row of rows) {
        let sum = 0;
        for (let i = 0; i < dims; i++) sum += row[i] * row[i];
        const magnitude = Math.sqrt(sum);
        for (let i = 0; i < dims; i++) row[i] /= magnitude;
        if (order === 'sorted') row.sort();
      }
    });
  };
}

async function monitored(on) {
  const flags = [
    'enablePerThreadMonitoring',
    'enableRealTimeUpdates',
    'batchSizeMonitoring',
    'queueDepthMonitoring',
    'threadUtilizationMonitoring',
  ];
  const indexer = new MonitoredParallelIndexer(threads, Object.fromEntries(flags.map((flag) => [flag, on])));
  const heard = new Set();
  const realTime = indexer.enableRealTimeMonitoring();
  for (const type of ['progress', 'metric', 'alert']) realTime?.on(type, (update) => heard.add(update.type));
  return runInPlace(indexer, 'indexVectorsMonitored', shape);
}
