// Whole runs on two threads in an isolated page of Chromium against the same in Node, in alternating pairs of fresh processes
// and fresh browsers; prints a Markdown table.
//
//   npm run build && node bench/browser.mjs [--only TEXT] [--pairs N] [--repeats N] [--components N]
//
// --only picks the comparisons whose name holds TEXT; --components are those of all vectors together (default 4,000,000: 16 MB).
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openPages } from './browser/chromium.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    pairs: { type: 'string', default: '11' },
    repeats: { type: 'string', default: '15' },
    components: { type: 'string', default: '4000000' },
  },
});
const [pairs, repeats, components] = ['pairs', 'repeats', 'components'].map((flag) => {
  if (/^[1-9]\d*$/.test(values[flag])) return Number(values[flag]);
  console.error(`--${flag}: expected a positive integer, got ${values[flag]}`);
  return process.exit(2);
});

const THREADS = 2;
const DIMS = [128, 768];
const comparisons = [
  { name: 'from Float32Array[], sorted', side: 'arrays' },
  { name: 'in place, sorted', side: 'in-place' },
];

const sideProgram = fileURLToPath(new URL('./side.mjs', import.meta.url));
const pages = await openPages();
try {
  const version = await pages.withPage((_, browserVersion) => browserVersion);
  console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, Chromium ${version}, ${new Date().toISOString().slice(0, 10)}.
${pairs} alternating ${pairs === 1 ? 'pair' : 'pairs'} of fresh processes and browsers, each giving its minimum of ${repeats} after 0.3 s of warm-up, on ${THREADS} threads. Ratio: time
in Node / time in the page, which is the page's throughput in units of Node's, median over the pairs. A/A: the same of two
processes, and of two pages, of each pair, least to greatest; within it lies noise.
`);
  console.log('| whole run | dims | vectors | Node ns/vector | page ns/vector | page / Node | A/A Node | A/A page |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const { name, side } of comparisons) {
    if (!name.includes(values.only)) continue;
    for (const dims of DIMS) {
      const shape = { count: Math.round(components / dims), dims, threads: THREADS, order: 'sorted' };
      const runs = [];
      for (let pair = 0; pair < pairs; pair++) runs.push(await runPair(side, shape));
      const cells = [name, dims, shape.count, least(runs, 'node'), least(runs, 'page'), medianRatio(runs)];
      console.log(`| ${[...cells, band(runs, 'node', 'nodeAgain'), band(runs, 'page', 'pageAgain')].join(' | ')} |`);
    }
  }
} finally {
  await pages.close();
}

/** Every side twice, in turn. */
async function runPair(side, shape) {
  return {
    node: runInNode(side, shape),
    page: await runInPage(side, shape),
    nodeAgain: runInNode(side, shape),
    pageAgain: await runInPage(side, shape),
  };
}

/** Nanoseconds per vector of one fresh process. */
function runInNode(side, { count, dims, threads, order }) {
  const args = [sideProgram, side, ...[count, dims, threads, order, repeats].map(String)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })).minNsPerVector;
}

/** Nanoseconds per vector of one page in a fresh browser. */
function runInPage(side, shape) {
  return pages.withPage((page) =>
    page.evaluate(
      async ([name, given, times]) => {
        const simdex = await import('/dist/index.browser.js');
        const { measure, wholeRuns } = await import('/bench/whole-runs.mjs');
        return (await measure(await wholeRuns[name](simdex, given), given.count, times)).minNsPerVector;
      },
      [side, shape, repeats],
    ),
  );
}

function medianRatio(runs) {
  const ratios = runs.map(({ node, page }) => node / page).sort((a, b) => a - b);
  return `${ratios[ratios.length >> 1].toFixed(2)}×`;
}

function band(runs, one, other) {
  const ratios = runs.map((each) => each[one] / each[other]).sort((a, b) => a - b);
  return `${ratios[0].toFixed(2)}–${ratios.at(-1).toFixed(2)}`;
}

function least(runs, side) {
  return Math.min(...runs.map((each) => each[side])).toFixed(0);
}
