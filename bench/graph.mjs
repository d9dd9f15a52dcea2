// The graph kernel, and `VectorIndex` with a graph, on one thread against native graphs: time to build, and queries a second at a recall.
//
//   node bench/graph.mjs [--data FILE] [--queries FILE] [--rows N] [--degree 32] [--effort 128] [--alpha 1.1] [--rounds 5]
//                        [--recalls 0.95,0.99] [--peers FOLDER]
//
// FILE: rows in .npy, float32 (default: glove-100.npy and glove-100.queries.npy in the folder that SIMDEX_DATA names). FOLDER is
// one in which peers were installed, outside of this repository; those that are not there are left out:
//
//   mkdir -p /some/where && cd /some/where && npm init -y && npm install hnswlib-node usearch
//
// Alpha is on squared distances, as in assembly/graph/layout.ts. Similarity is the cosine. Every side is given the effort with which it first reaches a recall of the ten best, and is then timed
// in rounds that alternate all sides; figures are minima over the rounds. simdex scores those
// of its candidates again in float64 that may be among the ten best.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DONE } from '../build/js/src/kernel/graph/graph-kernel.js';
import { layOutGraph, layOutScratch } from '../build/js/src/kernel/graph/graph-layout.js';
import { writeGraph, writeScratch } from '../build/js/src/kernel/graph/graph-memory.js';
import { readNearest } from '../build/js/src/kernel/graph/graph-nearest.js';
import { measureSpace, writeQuery } from '../build/js/src/kernel/graph/graph-space.js';
import { VectorIndex } from '../dist/index.node.js';

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
  },
});
const [degree, buildEffort, alpha, rounds] = [options.degree, options.effort, options.alpha, options.rounds].map(
  Number,
);
const K = 10;
const LIMIT = 2048;

const { rows: all, dims } = unitRows(options.data);
const rows = options.rows === undefined ? all : all.subarray(0, Number(options.rows) * dims);
const count = rows.length / dims;
const { rows: queryRows } = unitRows(options.queries);
const queries = Array.from({ length: queryRows.length / dims }, (_, q) => queryRows.slice(q * dims, (q + 1) * dims));
const truth = queries.map((query) => new Set(exact(query)));

const sides = [simdex(), await vectorIndex()];
for (const start of [hnswlib, usearch]) {
  try {
    sides.push(start());
  } catch (error) {
    console.error(`without ${start.name}: ${error.message.split('\n')[0]}`);
  }
}

console.log(`${count} × ${dims}, ${queries.length} queries\n`);
console.log('| | build s |\n|---|---|');
for (const side of sides) console.log(`| ${side.name} | ${side.buildSeconds.toFixed(1)} |`);
console.log('\n| recall@10 at least | | effort | recall | queries/s |\n|---|---|---|---|---|');
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
        ? 'never | | '
        : `${effort} | ${reached.toFixed(4)} | ${Math.round(queries.length / least[i])}`;
    console.log(`| ${recall} | ${side.name} | ${figures} |`);
  }
}

for (const { dispose } of sides) await dispose?.();

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

function peer(name) {
  if (options.peers === undefined) throw new Error('no --peers FOLDER');
  return createRequire(join(options.peers, 'package.json'))(name);
}

function hnswlib() {
  const { HierarchicalNSW } = peer('hnswlib-node');
  const index = new HierarchicalNSW('ip', dims);
  index.initIndex(count, 16, 200, 100);
  const given = Array.from({ length: count }, (_, i) => Array.from(rows.subarray(i * dims, (i + 1) * dims)));
  const buildSeconds = timeOf(() =>
    given.forEach((row, i) => {
      index.addPoint(row, i);
    }),
  );
  const asArray = new Map(queries.map((query) => [query, Array.from(query)]));
  const search = (query, effort) => {
    index.setEf(effort);
    return index.searchKnn(asArray.get(query), K).neighbors;
  };
  return { name: 'hnswlib-node, M 16, efConstruction 200', buildSeconds, search };
}

function usearch() {
  const { Index } = peer('usearch');
  const settings = { metric: 'ip', connectivity: 16, dimensions: dims, expansion_add: 128, expansion_search: 64 };
  const index = new Index(settings);
  const buildSeconds = timeOf(() => {
    for (let i = 0; i < count; i++) index.add(BigInt(i), rows.slice(i * dims, (i + 1) * dims), 1);
  });
  // The effort is a setting of the index: one more opens the saved index with another one.
  const file = join(options.peers, 'bench-graph.usearch');
  index.save(file);
  const byEffort = new Map();
  const search = (query, effort) => {
    if (!byEffort.has(effort)) {
      const opened = new Index({ ...settings, expansion_search: effort });
      opened.load(file);
      byEffort.set(effort, opened);
    }
    return Array.from(byEffort.get(effort).search(query, K, 1).keys, Number);
  };
  return { name: 'usearch f32, connectivity 16, expansion 128', buildSeconds, search };
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

/** In seconds. */
function timeOf(work) {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

function unitRows(file) {
  const bytes = readFileSync(file);
  const head = bytes.readUInt16LE(8);
  const shape = /'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(
    bytes.toString('latin1', 10, 10 + head),
  );
  if (!shape) throw new Error(`${file}: expected float32 rows in C order`);
  const [length, dims] = [Number(shape[1]), Number(shape[2])];
  const given = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 10 + head), 0, length * dims);
  const rows = new Float32Array(given.length);
  for (let at = 0; at < given.length; at += dims) {
    const magnitude = Math.hypot(...given.subarray(at, at + dims));
    for (let j = at; j < at + dims; j++) rows[j] = given[j] / magnitude;
  }
  return { rows, dims };
}
