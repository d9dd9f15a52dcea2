// Whole runs of simdex against a native program on the same vectors, in alternating pairs of fresh processes.
//
//   node bench/whole-runs.mjs --native PATH [--variant plain|tuned] [--source arrays|in-place] [--order sorted|original]
//                             [--threads N] [--pairs N] [--dims N,N,…]
//
// PATH is a program that takes `COUNT DIMS THREADS sorted|original plain|tuned REPEATS` and prints one JSON line with
// `minNsPerVector`.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    native: { type: 'string' },
    variant: { type: 'string', default: 'plain' },
    source: { type: 'string', default: 'arrays' },
    order: { type: 'string', default: 'sorted' },
    threads: { type: 'string', default: '2' },
    pairs: { type: 'string', default: '11' },
    dims: { type: 'string', default: '128,384,768,1536' },
  },
});
if (!values.native) {
  console.error('--native PATH is needed: the native program to compare with');
  process.exit(2);
}
const { native, variant, source, order, threads } = values;
const pairs = Number(values.pairs);
const REPEATS = 15;
/** Components of all vectors together: 32 MB, beyond the caches. */
const COMPONENTS = 8_000_000;

console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}; ${new Date().toISOString().slice(0, 10)}

Whole runs, ${order} order, ${threads} threads, simdex from ${source} against native ${variant}. ${pairs} alternating pairs
of fresh processes, each giving its minimum of ${REPEATS} runs after warm-up by the first; ratio = native / simdex, median of the
pairs. A/A = simdex / simdex over the same pairs (minimum to maximum): what lies within it is noise.

| dims | vectors | simdex ns/vector (min) | native ns/vector (min) | ratio | A/A |
| --- | --- | --- | --- | --- | --- |`);

for (const dims of values.dims.split(',').map(Number)) {
  const count = Math.round(COMPONENTS / dims);
  const shape = [count, dims, threads, order].map(String);
  const runs = Array.from({ length: pairs }, () => ({
    native: minimum(native, [...shape, variant, String(REPEATS)]),
    simdex: minimum(process.execPath, ['bench/whole-run.mjs', ...shape, source, String(REPEATS)]),
    again: minimum(process.execPath, ['bench/whole-run.mjs', ...shape, source, String(REPEATS)]),
  }));
  const least = (values) => Math.min(...values).toFixed(0);
  const same = runs.map((run) => run.simdex / run.again).sort((a, b) => a - b);
  const cells = [
    dims,
    count,
    least(runs.map((run) => run.simdex)),
    least(runs.map((run) => run.native)),
    `${median(runs.map((run) => run.native / run.simdex)).toFixed(2)}×`,
    `${same[0].toFixed(2)}–${same.at(-1).toFixed(2)}`,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

function minimum(program, args) {
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' })).minNsPerVector;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
