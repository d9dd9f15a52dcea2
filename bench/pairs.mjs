// simdex against a native program and against JavaScript, in alternating pairs of fresh processes; prints Markdown tables.
//
//   node bench/pairs.mjs --native PATH [--only TEXT] [--pairs N]
//
// PATH is a program that takes `COUNT DIMS THREADS sorted|original plain|tuned REPEATS`, does the same work on the same
// vectors, and prints one JSON line with `minNsPerVector`. --only picks the comparisons whose name holds TEXT.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    native: { type: 'string' },
    only: { type: 'string', default: '' },
    pairs: { type: 'string', default: '11' },
  },
});
const { native, only } = values;
const pairs = Number(values.pairs);
if (!native) {
  console.error('--native PATH is needed: the native program to compare with');
  process.exit(2);
}

const REPEATS = 15;
/** Components of all vectors together: 2 MB for the kernel, beyond a second-level cache, and 16 MB for whole runs. */
const KERNEL_COMPONENTS = 500_000;
const COMPONENTS = 4_000_000;

const comparisons = [
  { name: 'kernel, sorted', ours: 'kernel', theirs: 'tuned', threads: 1, order: 'sorted', dims: [128, 384, 768, 1536] },
  {
    name: 'kernel, sorted',
    ours: 'kernel',
    theirs: 'javascript',
    threads: 1,
    order: 'sorted',
    dims: [64, 128, 256, 512, 768, 1024, 2048],
  },
  { name: 'kernel, original order', ours: 'kernel', theirs: 'tuned', threads: 1, order: 'original', dims: [128, 768] },
  {
    name: 'whole run from Float32Array[], sorted',
    ours: 'arrays',
    theirs: 'plain',
    threads: 2,
    order: 'sorted',
    dims: [128, 384, 768, 1536],
  },
  {
    name: 'whole run in place, sorted',
    ours: 'in-place',
    theirs: 'plain',
    threads: 2,
    order: 'sorted',
    dims: [128, 768],
  },
];

console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.
${pairs} alternating pairs of fresh processes, each giving its minimum of ${REPEATS} after 0.3 s of warm-up. Ratio: time of the other side / time of simdex,
median over the pairs. A/A: the same of two simdex processes of each pair, least to greatest; within it lies noise.
`);
console.log('| simdex | against | threads | dims | simdex ns/vector | other ns/vector | ratio | A/A |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const { name, ours, theirs, threads, order, dims } of comparisons) {
  if (!`${name} ${theirs}`.includes(only)) continue;
  for (const each of dims) {
    const shape = shapeOf(each, threads, order, ours === 'kernel' ? KERNEL_COMPONENTS : COMPONENTS);
    const runs = alternate({
      other: () => run(theirs, shape),
      simdex: () => run(ours, shape),
      again: () => run(ours, shape),
    });
    const cells = [name, theirs, threads, each, least(runs, 'simdex'), least(runs, 'other'), ...ratios(runs)];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

if ('scaling from 1 to 2 threads, in place, sorted tuned'.includes(only)) {
  console.log('\nTime on 1 thread / time on 2, in place, sorted; median over the pairs:\n');
  console.log('| dims | simdex | tuned | simdex / tuned |');
  console.log('| --- | --- | --- | --- |');
  for (const dims of [128, 768]) {
    const [one, two] = [1, 2].map((threads) => shapeOf(dims, threads, 'sorted'));
    const runs = alternate({
      one: () => run('in-place', one),
      two: () => run('in-place', two),
      tunedOne: () => run('tuned', one),
      tunedTwo: () => run('tuned', two),
    });
    const simdex = median(runs.map((each) => each.one / each.two));
    const tuned = median(runs.map((each) => each.tunedOne / each.tunedTwo));
    console.log(`| ${dims} | ${simdex.toFixed(2)} | ${tuned.toFixed(2)} | ${(simdex / tuned).toFixed(2)} |`);
  }
}

if ('small runs'.includes(only)) {
  console.log('\nSmall runs from Float32Array[], warm, sorted: median latency of 3,000 runs, then of the processes:\n');
  console.log('| vectors × dims | threads | median |');
  console.log('| --- | --- | --- |');
  for (const [count, threads] of [
    [50, 1],
    [200, 2],
  ]) {
    const shape = [count, 128, threads, 'sorted'].map(String);
    const medians = Array.from({ length: pairs }, () => run('small', shape, 'medianNsPerVector') * count);
    console.log(`| ${count} × 128 | ${threads} | ${(median(medians) / 1e6).toFixed(3)} ms |`);
  }
}

function shapeOf(dims, threads, order, components = COMPONENTS) {
  return [Math.round(components / dims), dims, threads, order].map(String);
}

/** Calls the sides in turn, once for each pair. */
function alternate(sides) {
  return Array.from({ length: pairs }, () =>
    Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, side()])),
  );
}

/** Nanoseconds per vector of one fresh process. */
function run(side, shape, figure = 'minNsPerVector') {
  const isNative = side === 'plain' || side === 'tuned';
  const [program, args] = isNative
    ? [native, [...shape, side, String(REPEATS)]]
    : [process.execPath, ['bench/side.mjs', side, ...shape, String(REPEATS)]];
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' }))[figure];
}

function ratios(runs) {
  const same = runs.map(({ simdex, again }) => simdex / again).sort((a, b) => a - b);
  return [
    `${median(runs.map(({ other, simdex }) => other / simdex)).toFixed(2)}×`,
    `${same[0].toFixed(2)}–${same.at(-1).toFixed(2)}`,
  ];
}

function least(runs, side) {
  return Math.min(...runs.map((each) => each[side])).toFixed(0);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
