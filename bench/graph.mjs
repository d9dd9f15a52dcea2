// The graph kernel, and `VectorIndex` with a graph, on one thread against native graphs: time to build, and queries a second at a recall.
//
//   node bench/graph.mjs [--data FILE] [--queries FILE] [--synthetic] [--rows N] [--degree 32] [--effort 128] [--alpha 1.1] [--rounds 5]
//                        [--recalls 0.95,0.99] [--peers FOLDER] [--ef-construction 200]
//
// FILE: rows in .npy, float32 (default: glove-100.npy and glove-100.queries.npy in the folder that SIMDEX_DATA names). --synthetic takes rows
// of 384 components in clusters instead. FOLDER: see graph/peers.mjs; --ef-construction is that of hnswlib-node.
//
// Alpha is on squared distances, as in assembly/graph/layout.ts. Similarity is the cosine. Every side is given the effort with which it first
// reaches a recall of the ten best, and is then timed in rounds that alternate all sides; figures are minima over the rounds. simdex scores those
// of its candidates again in float64 that may be among the ten best.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DONE } from '../build/js/src/kernel/graph/graph-kernel.js';
import { layOutGraph, layOutScratch } from '../build/js/src/kernel/graph/graph-layout.js';
import { writeGraph, writeScratch } from '../build/js/src/kernel/graph/graph-memory.js';
import { readNearest } from '../build/js/src/kernel/graph/graph-nearest.js';
import { measureSpace, writeQuery } from '../build/js/src/kernel/graph/graph-space.js';
import { VectorIndex } from '../dist/index.node.js';
import { unitRowsOf } from './graph/npy-rows.mjs';
import { buildPeers, timeOf } from './graph/peers.mjs';
import { asRows, clusteredRows } from './graph/rows.mjs';

const folder = process.env.SIMDEX_DATA ?? '../shared/data';
const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: join(folder, 'glove-100.npy') },
    queries: { type: 'string', default: join(folder, 'glove-100.queries.npy') },
    rows: { type: 'string' },
    degree: { type: 'string', default: '32' },
    effort: { type: 'string', default: '128' },
    alpha: { type: 'string', default: '1.1' },
    rounds: { type: 'string', default: '5' },
    recalls: { type: 'string', default: '0.95,0.99' },
    peers: { type: 'string' },
    'ef-construction': { type: 'string', default: '200' },
    synthetic: { type: 'boolean', default: false },
  },
});
const [degree, buildEffort, alpha, rounds] = [options.degree, options.effort, options.alpha, options.rounds].map(
  Number,
);
const K = 10;
const LIMIT = 2048;

const { rows, queries, dims } = options.synthetic ? synthetic() : fromFiles();
const count = rows.length / dims;
const truth = queries.map((query) => new Set(exact(query)));

const sides = [simdex(), await vectorIndex()];
sides.push(...buildPeers(options.peers, rows, dims, { efConstruction: Number(options['ef-construction']) }));

console.log(`${count} × ${dims}, ${queries.length} queries\n`);
const hnswlib = sides.find(({ name }) => name.startsWith('hnswlib'));
console.log('| | build s | / that of hnswlib-node |\n|---|---|---|');
for (const { name, buildSeconds } of sides) {
  const ratio = hnswlib ? (buildSeconds / hnswlib.buildSeconds).toFixed(2) : '';
  console.log(`| ${name} | ${buildSeconds.toFixed(1)} | ${ratio} |`);
}
console.log('\n| recall@10 at least | | effort | recall | queries/s | ms a query |\n|---|---|---|---|---|---|');
for (const recall of options.recalls.split(',').map(Number)) {
  const ready = [];
  for (const side of sides) ready.push({ side, ...(await effortFor(side, recall)) });
  const least = ready.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { side, effort }] of ready.entries()) {
      if (effort === undefined) continue;
      const start = performance.now();
      for (const query of queries) await side.search(query, effort);
      least[i] = Math.min(least[i], (performance.now() - start) / 1000);
    }
  }
  for (const [i, { side, effort, recall: reached }] of ready.entries()) {
    const figures =
      effort === undefined
        ? 'never | | | '
        : `${effort} | ${reached.toFixed(4)} | ${Math.round(queries.length / least[i])} | ${((1000 * least[i]) / queries.length).toFixed(3)}`;
    console.log(`| ${recall} | ${side.name} | ${figures} |`);
  }
}

for (const { dispose } of sides) await dispose?.();

function fromFiles() {
  const { rows: all, dims } = unitRowsOf(options.data);
  const rows = options.rows === undefined ? all : all.subarray(0, Number(options.rows) * dims);
  return { rows, dims, queries: asRows(unitRowsOf(options.queries).rows, dims) };
}

function synthetic() {
  const [dims, queries] = [384, 1000];
  const all = clusteredRows(Number(options.rows ?? 100_000) + queries, dims);
  return { dims, rows: all.slice(queries * dims), queries: asRows(all.subarray(0, queries * dims), dims) };
}

function simdex() {
  const layout = layOutGraph({ capacity: count, dims, metric: 'cosine', degree }, 0);
  const scratch = layOutScratch(layout, LIMIT, layout.end);
  const rowsAt = scratch.end;
  const queryAt = 64 * Math.ceil((rowsAt + rows.byteLength + 64) / 64);
  const pages = Math.ceil((queryAt + 4 * dims + 64) / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const instance = (name) => {
    const bytes = readFileSync(new URL(`../build/kernel/${name}.wasm`, import.meta.url));
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
  };
  const kernel = instance('graph-simd');
  const { exactDot } = instance('search-simd');
  const { buffer } = memory;
  new Float32Array(buffer, rowsAt, rows.length).set(rows);
  const exactQuery = new Float32Array(buffer, queryAt, dims);
  const space = measureSpace(rows.subarray(0, 10_000 * dims), dims, 'cosine', 0);
  const buildSeconds = timeOf(() => {
    writeGraph(buffer, layout, space, alpha);
    writeScratch(buffer, scratch);
    kernel.encode(layout.base, rowsAt, 0, count, dims, 0);
    for (let row = 0; row < count; row++) {
      let state = kernel.beginInsert(layout.base, scratch.base, row, buildEffort, 0);
      while (state !== DONE) state = kernel.insert(scratch.base, 1, 2 ** 30);
    }
  });
  const scores = new Float64Array(LIMIT);
  const search = (query, effort) => {
    writeQuery(layout, space, query, buffer, scratch.query);
    exactQuery.set(query);
    kernel.begin(layout.base, scratch.base, effort, effort, 0);
    while (kernel.search(layout.base, scratch.base, 2 ** 30));
    const candidates = readNearest(buffer, layout, space, scratch, K);
    for (let i = 0; i < candidates.length; i++) scores[i] = exactDot(rowsAt + 4 * dims * candidates[i], queryAt, dims);
    return best(candidates, scores);
  };
  return { name: `simdex, degree ${degree}, effort ${buildEffort}, alpha ${alpha}`, buildSeconds, search };
}

/** The public API: one search after the other. Building includes measuring the graph. */
async function vectorIndex() {
  const start = performance.now();
  const graph = { degree, effort: buildEffort };
  const index = await VectorIndex.build({ data: rows, dims }, { threadCount: 1, graph });
  const buildSeconds = (performance.now() - start) / 1000;
  const search = async (query, effort) => (await index.search(query, K, { effort })).ids;
  return {
    name: `VectorIndex, degree ${degree}, effort ${buildEffort}`,
    buildSeconds,
    search,
    dispose: () => index.dispose(),
  };
}

/** The K best of rows by their scores, by insertion. */
function best(candidates, scores) {
  const top = [];
  const topScores = [];
  for (let i = 0; i < candidates.length; i++) {
    const score = scores[i];
    if (top.length === K && score <= topScores[K - 1]) continue;
    let at = top.length < K ? top.length : K - 1;
    for (; at > 0 && topScores[at - 1] < score; at--) {
      top[at] = top[at - 1];
      topScores[at] = topScores[at - 1];
    }
    top[at] = candidates[i];
    topScores[at] = score;
  }
  return top;
}

/** The least effort, on a scale of steps of about a tenth, that reaches the recall. */
async function effortFor(side, recall) {
  for (let effort = 16; effort <= LIMIT; effort = Math.ceil(effort * 1.1)) {
    let found = 0;
    for (const [q, query] of queries.entries()) {
      found += (await side.search(query, effort)).filter((row) => truth[q].has(row)).length;
    }
    const reached = found / (K * queries.length);
    if (reached >= recall) return { effort, recall: reached };
  }
  return { effort: undefined, recall: undefined };
}

function exact(query) {
  const scores = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    let sum = 0;
    for (let j = 0, at = row * dims; j < dims; j++, at++) sum += rows[at] * query[j];
    scores[row] = sum;
  }
  return best(
    Uint32Array.from({ length: count }, (_, i) => i),
    scores,
  );
}
