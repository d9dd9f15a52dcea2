// What `VectorIndex` does with a graph besides one search after the other, as a program calls it; prints one line for each figure.
//
//   node bench/graph-index.mjs [--only build,callers,insert,load,memory,recall,page] [--rows N] [--rounds 5] [--data FOLDER]
//
//   build    time with 1 thread / with 2
//   callers  64 callers of search at a time on 2 threads / one caller on 1 thread, queries/s
//   insert   putting an added row into the graph / a search of effort 128, milliseconds
//   load     loading a saved index with its graph / without one
//   memory   bytes of the graph / of the float32 rows, 384 components
//   recall   what `recall: R` finds for queries that are not in the index, on all data sets of the folder
//   page     searches in an isolated page with one worker / in Node with one thread, queries/s
//
// Rows are N of the GloVe file (default: all), but for memory and page. Ratios are medians of alternating rounds, with the least and the
// greatest; A/A is the same of one side with itself.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VectorIndex } from 'simdex';
import { unitRowsOf } from './graph/npy-rows.mjs';
import { asRows, clusteredRows } from './graph/rows.mjs';
import { searchesInARow } from './graph/searches.mjs';

const sections = { build, callers, insert, load, memory, recall, page };
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(sections).join(',') },
    rows: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    data: { type: 'string', default: process.env.SIMDEX_DATA ?? '../shared/data' },
  },
});
const rounds = Number(values.rounds);
const EFFORT = 128;
const K = 10;

const names = values.only.split(',');
const unknown = names.find((name) => !(name in sections));
if (unknown !== undefined) {
  console.error(`--only: expected some of ${Object.keys(sections).join(', ')}, got ${unknown}`);
  process.exit(2);
}
for (const name of names) await sections[name]();

async function build() {
  const { rows, dims } = glove();
  const time = async (threadCount) => {
    const index = await VectorIndex.build({ data: rows, dims }, { threadCount });
    await index.ready();
    const start = performance.now();
    await index.buildGraph({ effort: EFFORT });
    const seconds = (performance.now() - start) / 1000;
    await index.dispose();
    return seconds;
  };
  await compare(
    'build, 1 thread / 2 threads (s)',
    () => time(1),
    () => time(2),
  );
}

async function callers() {
  const { rows, dims, queries } = glove();
  const one = await VectorIndex.build({ data: rows, dims }, { threadCount: 1, graph: true });
  const two = await VectorIndex.build({ data: rows, dims }, { threadCount: 2, graph: true });
  await two.ready();
  const single = () => searchesInARow(one, queries, { k: K, effort: EFFORT });
  const together = async () => {
    let next = 0;
    const count = 4 * queries.length;
    const start = performance.now();
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        while (next < count) await two.search(queries[next++ % queries.length], K, { effort: EFFORT });
      }),
    );
    return count / ((performance.now() - start) / 1000);
  };
  await together();
  await compare('64 callers on 2 threads / one caller on 1 (queries/s)', together, single);
  await one.dispose();
  await two.dispose();
}

async function insert() {
  const { rows, dims, queries } = glove();
  const kept = rows.length / dims - 4000;
  const index = await VectorIndex.build(
    { data: rows.subarray(0, kept * dims), dims },
    { threadCount: 1, graph: { effort: EFFORT } },
  );
  const ratios = [];
  for (let round = 0; round < 4; round++) {
    const searchMs = 1000 / (await searchesInARow(index, queries, { k: K, effort: EFFORT }));
    const first = kept + 1000 * round;
    index.monitor.reset();
    await index.add({ data: rows.slice(first * dims, (first + 1000) * dims), dims });
    while (index.graph.pending > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const insertMs = index.monitor.getStats().avgIndexTimeMs;
    ratios.push({ ratio: insertMs / searchMs, insertMs, searchMs });
  }
  ratios.sort((a, b) => a.ratio - b.ratio);
  const { ratio, insertMs, searchMs } = ratios[ratios.length >> 1];
  line(
    'insertion of a row / search of effort 128',
    ratio,
    ratios.map((each) => each.ratio),
  );
  console.log(`  ${insertMs.toFixed(3)} ms and ${searchMs.toFixed(3)} ms`);
  await index.dispose();
}

async function load() {
  const { rows, dims } = glove();
  const folder = mkdtempSync(join(tmpdir(), 'simdex-bench-'));
  try {
    const [plain, graph] = [join(folder, 'plain.safetensors'), join(folder, 'graph.safetensors')];
    const index = await VectorIndex.build({ data: rows, dims });
    await index.save(plain);
    await index.buildGraph();
    await index.save(graph);
    await index.dispose();
    const time = async (file) => {
      const start = performance.now();
      const loaded = await VectorIndex.load(file);
      const ms = performance.now() - start;
      await loaded.dispose();
      return ms;
    };
    for (const file of [plain, graph]) await time(file);
    await compare(
      'load with a graph / without (ms)',
      () => time(graph),
      () => time(plain),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function memory() {
  const [count, dims] = [10_000, 384];
  const index = await VectorIndex.build({ data: clusteredRows(count, dims), dims }, { graph: true });
  console.log(`memory of the graph / of the float32 rows: ${(index.memory.graph / (4 * count * dims)).toFixed(3)}`);
  await index.dispose();
}

async function recall() {
  for (const { name, rows, dims, queries } of dataSets()) {
    const index = await VectorIndex.build({ data: rows, dims }, { graph: true });
    const found = [];
    for (const wanted of [0.9, 0.95, 0.99]) {
      const reached = await index.measureRecall(queries, K, { recall: wanted });
      found.push(`${wanted}: ${reached.toFixed(4)}${reached < wanted - 0.01 ? ' (missed)' : ''}`);
    }
    console.log(`recall of ${name}, ${index.size} × ${dims}, ${queries.length} unseen queries: ${found.join(', ')}`);
    await index.dispose();
  }
}

async function page() {
  const { openPages } = await import('./browser/chromium.mjs');
  const pages = await openPages();
  const shape = { count: 20_000, dims: 128, k: K, effort: EFFORT };
  try {
    await pages.withPage(async (tab) => {
      await tab.evaluate(async (given) => {
        const { VectorIndex: Index } = await import('/dist/index.browser.js');
        const { asRows: cut, clusteredRows: make } = await import('/bench/graph/rows.mjs');
        const data = make(given.count, given.dims);
        globalThis.queries = cut(make(1000, given.dims, 2), given.dims);
        globalThis.index = await Index.build({ data, dims: given.dims }, { threadCount: 1, graph: true });
      }, shape);
      const inPage = () =>
        tab.evaluate(async (given) => {
          const { searchesInARow: search } = await import('/bench/graph/searches.mjs');
          return search(globalThis.index, globalThis.queries, given);
        }, shape);
      const data = clusteredRows(shape.count, shape.dims);
      const queries = asRows(clusteredRows(1000, shape.dims, 2), shape.dims);
      const index = await VectorIndex.build({ data, dims: shape.dims }, { threadCount: 1, graph: true });
      const inNode = () => searchesInARow(index, queries, shape);
      await inPage();
      await inNode();
      await compare('page / Node (queries/s)', inPage, inNode);
      await index.dispose();
    });
  } finally {
    await pages.close();
  }
}

/** Rows of the GloVe file, and queries that are not among them. */
function glove() {
  const { rows, dims } = unitRowsOf(join(values.data, 'glove-100.npy'));
  const queries = asRows(unitRowsOf(join(values.data, 'glove-100.queries.npy')).rows, dims);
  return { dims, queries, rows: values.rows === undefined ? rows : rows.subarray(0, Number(values.rows) * dims) };
}

/** Every data set without some rows, which are its queries. */
function* dataSets() {
  yield { name: 'GloVe', ...glove() };
  for (const [name, file, held] of [
    ['MNIST', 'mnist-784.npy', 1000],
    ['MiniLM', 'minilm-384.npy', 150],
  ]) {
    const path = join(values.data, file);
    if (!existsSync(path)) {
      console.error(`without ${name}: ${path} is missing`);
      continue;
    }
    const { rows, dims } = unitRowsOf(path);
    // Every few rows, so that all kinds are among them.
    const step = Math.floor(rows.length / dims / held);
    const all = asRows(rows, dims);
    const queries = all.filter((_, i) => i % step === 0).slice(0, held);
    const isQuery = new Set(queries);
    const kept = new Float32Array((all.length - held) * dims);
    for (const [i, row] of all.filter((each) => !isQuery.has(each)).entries()) kept.set(row, i * dims);
    yield { name, rows: kept, dims, queries };
  }
  const dims = 384;
  const all = clusteredRows(51_000, dims);
  yield { name: 'synthetic', dims, rows: all.slice(1000 * dims), queries: asRows(all.subarray(0, 1000 * dims), dims) };
}

/** One side, the other, and both again, in turn. */
async function compare(name, one, other) {
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    runs.push({ one: await one(), other: await other(), oneAgain: await one(), otherAgain: await other() });
  }
  const ratios = runs.flatMap(({ one, other, oneAgain, otherAgain }) => [one / other, oneAgain / otherAgain]);
  const same = runs.flatMap(({ one, other, oneAgain, otherAgain }) => [one / oneAgain, other / otherAgain]);
  line(name, median(ratios), ratios);
  const sides = ['one', 'other'].map((side) => median(runs.flatMap((run) => [run[side], run[`${side}Again`]])));
  console.log(`  ${sides.map((figure) => figure.toPrecision(4)).join(' and ')}; A/A ${range(same)}`);
}

function line(name, ratio, all) {
  console.log(`${name}: ${ratio.toFixed(2)} (${range(all)})`);
}

function range(numbers) {
  return `${Math.min(...numbers).toFixed(2)} to ${Math.max(...numbers).toFixed(2)}`;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
