// The tuner from bad starts against the best fixed setting, in alternating pairs of fresh processes; prints a Markdown table.
//
//   node bench/tuner.mjs [--only TEXT] [--pairs N] [--runs N] [--vectors N]
//
// Each side indexes the same vectors in original order, and gives the least time of its runs: the tuned side after
// five runs, in which the tuner may act, with what it settled on left as it is; the fixed side after five runs to warm up. The
// best fixed setting is found first, by trying threads and batch sizes in one process each. Ratio: time of the fixed side /
// time of the tuned one, median over the pairs; 0.9 and more is what the tuner promises. A/A: two fixed sides of each pair.
//
//   node bench/tuner.mjs --side '{"threads":8,"batchSize":1,"tune":true,"groups":[[128,200000]],"runs":15}'
//
// is one side: it prints one JSON line with the least and median milliseconds.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MonitoredParallelIndexer } from 'simdex';
import { randomComponents } from './random-components.mjs';

const { values } = parseArgs({
  options: {
    side: { type: 'string' },
    only: { type: 'string', default: '' },
    pairs: { type: 'string', default: '11' },
    runs: { type: 'string', default: '15' },
    vectors: { type: 'string', default: '200000' },
  },
});

const WARM_UP_RUNS = 5;
if (values.side) console.log(JSON.stringify(await runSide(JSON.parse(values.side))));
else compare();

async function runSide({ threads, batchSize, tune, groups, runs }) {
  const indexer = new MonitoredParallelIndexer(threads, { autoOptimization: tune });
  await indexer.ready();
  const vectors = vectorsOf(groups);
  const times = [];
  let optimizations = [];
  for (let run = 0; run < WARM_UP_RUNS + runs; run++) {
    const result = await indexer.indexVectorsMonitored(vectors, { order: 'original', batchSize });
    if (run >= WARM_UP_RUNS) times.push(result.totalTimeMs);
    optimizations = result.performanceReport.optimizations ?? [];
    result.dispose();
  }
  await indexer.dispose();
  times.sort((a, b) => a - b);
  return { leastMs: times[0], medianMs: times[times.length >> 1], optimizations };
}

/** One matrix in shared memory, or rows of several lengths. */
function vectorsOf(groups) {
  if (groups.length === 1) {
    const [[dims, count]] = groups;
    const data = new Float32Array(new SharedArrayBuffer(4 * dims * count));
    data.set(randomComponents(dims * count));
    return { data, dims };
  }
  return groups.flatMap(([dims, count]) => {
    const components = randomComponents(dims * count);
    return Array.from({ length: count }, (_, i) => components.subarray(i * dims, (i + 1) * dims));
  });
}

function compare() {
  const cores = availableParallelism();
  const pairs = Number(values.pairs);
  const runs = Number(values.runs);
  const count = Number(values.vectors);
  const uniform = [[128, count]];
  // Lengths of 64, 512 and 4,096, a third of the components each.
  const ragged = [64, 512, 4096].map((dims) => [dims, Math.round((128 * count) / 3 / dims)]);
  const everything = (groups) => groups.reduce((sum, [, rows]) => sum + rows, 0);
  const starts = [
    { name: 'batches of 1', threads: cores, batchSize: 1, groups: uniform },
    { name: 'one batch', threads: cores, batchSize: everything(uniform), groups: uniform },
    { name: `${4 * cores} threads`, threads: 4 * cores, batchSize: undefined, groups: uniform },
    { name: 'ragged, batches of 1', threads: cores, batchSize: 1, groups: ragged },
    { name: 'ragged, one batch of each length', threads: cores, batchSize: everything(ragged), groups: ragged },
    { name: 'the defaults', threads: cores, batchSize: undefined, groups: uniform },
  ];
  console.log(`${cpus()[0].model}, ${cores} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.
${pairs} alternating pairs of fresh processes, each giving its least of ${runs} runs after ${WARM_UP_RUNS}.
`);
  console.log('| start | best fixed setting | fixed ms | tuned ms | ratio | A/A |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  const known = new Map();
  for (const { name, threads, batchSize, groups } of starts) {
    if (!name.includes(values.only)) continue;
    const best = known.get(groups) ?? bestFixed(cores, groups, runs);
    known.set(groups, best);
    const fixed = () => least({ ...best, tune: false, groups, runs });
    const measured = Array.from({ length: pairs }, () => ({
      fixed: fixed(),
      tuned: least({ threads, batchSize, tune: true, groups, runs }),
      again: fixed(),
    }));
    const ratio = median(measured.map((pair) => pair.fixed / pair.tuned));
    const same = measured.map((pair) => pair.fixed / pair.again).sort((a, b) => a - b);
    const cells = [
      name,
      `${best.threads} threads, ${best.batchSize ?? 'chosen'}`,
      Math.min(...measured.map((pair) => pair.fixed)).toFixed(2),
      Math.min(...measured.map((pair) => pair.tuned)).toFixed(2),
      ratio.toFixed(2),
      `${same[0].toFixed(2)}–${same.at(-1).toFixed(2)}`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function bestFixed(cores, groups, runs) {
  let best;
  for (const threads of new Set([1, Math.ceil(cores / 2), cores, 2 * cores])) {
    for (const batchSize of [undefined, 64, 256, 1024, 4096]) {
      const ms = least({ threads, batchSize, tune: false, groups, runs });
      if (!best || ms < best.ms) best = { threads, batchSize, ms };
    }
  }
  return { threads: best.threads, batchSize: best.batchSize };
}

/** Least milliseconds of a side, in a process of its own. */
function least(side) {
  const args = [fileURLToPath(import.meta.url), '--side', JSON.stringify(side)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })).leastMs;
}

function median(list) {
  return list.toSorted((a, b) => a - b)[list.length >> 1];
}
