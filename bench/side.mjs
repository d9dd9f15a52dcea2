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

const [side, ...rest] = process.argv.slice(2);
const [count, dims, threads] = rest.slice(0, 3).map(Number);
const order = rest[3];
const repeats = Number(rest[4]) * (side === 'small' ? 200 : 1);
const source = randomComponents(count * dims);

const sides = {
  kernel,
  javascript,
  arrays,
  'in-place': () => inPlace(new ParallelIndexer(threads), 'indexVectors'),
  monitored: () => monitored(true),
  unmonitored: () => monitored(false),
  small: arrays,
};
const run = await sides[side]();
// The engine compiles hot code at its best only while it runs.
for (const end = performance.now() + 300; performance.now() < end; ) await run();
const times = [];
for (let i = 0; i < repeats; i++) times.push(await run());
await run.end?.();

times.sort((a, b) => a - b);
const perVector = (ms) => Number(((ms * 1e6) / count).toFixed(1));
console.log(
  JSON.stringify({ minNsPerVector: perVector(times[0]), medianNsPerVector: perVector(times[times.length >> 1]) }),
);

/** Milliseconds that `work` takes. */
function timed(work) {
  const start = performance.now();
  work();
  return performance.now() - start;
}

async function kernel() {
  const simdex = await createKernel({ backend: 'simd' });
  const matrix = simdex.allocate(count, dims);
  return () => {
    matrix.data.set(source);
    return timed(() => simdex.process(matrix, { order, inPlace: true }));
  };
}

function javascript() {
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

async function arrays() {
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
  return inPlace(indexer, 'indexVectorsMonitored');
}

async function inPlace(indexer, index) {
  await indexer.ready();
  const matrix = indexer.allocate(count, dims);
  const run = async () => {
    matrix.data.set(source);
    const start = performance.now();
    await indexer[index](matrix, { order, inPlace: true });
    return performance.now() - start;
  };
  run.end = () => indexer.dispose();
  return run;
}
