// What every runtime must do: index with threads that really work, search with and without a graph, files in and out, reports.
// Answers are held against float64 loops that are written out here. Prints one line of JSON; exit status 1 says what was wrong.
//
//   node smoke.mjs FOLDER    `simdex` is found beside this file; FOLDER is for the files that it makes
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { IndexingPerformanceReport, MonitoredParallelIndexer, readVectors, VectorIndex, writeVectors } from 'simdex';

const folder = process.argv[2];
const THREADS = 2;
const COUNT = 60_000;
const DIMS = 64;
const K = 10;
/** Rows with a graph: of those more would take long. */
const GRAPH_ROWS = 4000;
const MIN_RECALL = 0.9;

const require = (holds, message) => {
  if (!holds) throw new Error(message);
};

/** Rows from a fixed seed (a linear congruential generator), so that every runtime has the same rows. */
function randomRows() {
  let state = 1;
  return Float32Array.from({ length: COUNT * DIMS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const data = randomRows();
const row = (i) => data.subarray(i * DIMS, (i + 1) * DIMS);
const dot = (a, b) => a.reduce((sum, component, j) => sum + component * b[j], 0);
const norm = (a) => Math.sqrt(dot(a, a));

/** The ids of the `K` rows of the first `count` that are nearest by cosine, by brute force. */
function nearest(query, count) {
  const scored = Array.from({ length: count }, (_, i) => [dot(query, row(i)) / norm(row(i)), i]);
  return scored
    .sort(([a, i], [b, j]) => b - a || i - j)
    .slice(0, K)
    .map(([, i]) => i);
}

async function index() {
  const indexer = new MonitoredParallelIndexer(THREADS);
  const busy = new Set();
  // Threads start while a run lasts, so a short run may be over before the second is there.
  for (let run = 0; run < 20 && busy.size < THREADS; run++) {
    const result = await indexer.indexVectorsMonitored({ data, dims: DIMS });
    require(result.indexedCount === COUNT, `${result.indexedCount} of ${COUNT} rows were indexed`);
    for (let i = 0; i < COUNT; i += 97) {
      const { magnitude, normalized } = result.vectors.get(i);
      require(Math.abs(magnitude - norm(row(i))) < 1e-5, `row ${i} has magnitude ${magnitude}`);
      const expected = [...row(i)].map((component) => component / norm(row(i))).sort((a, b) => a - b);
      require(expected.every((value, j) => Math.abs(value - normalized[j]) < 1e-6), `row ${i} is not right`);
    }
    for (const { threadId, operationsCompleted } of result.performanceReport.threadPerformance) {
      if (operationsCompleted > 0) busy.add(threadId);
    }
    checkReport(result.performanceReport);
    result.dispose();
  }
  const { backend } = indexer;
  await indexer.dispose();
  if (backend.shared) require(busy.size === THREADS, `only ${busy.size} of ${THREADS} threads worked`);
  return { ...backend, busyThreads: busy.size };
}

/** A thread that ends in mid-run is replaced, and nothing is lost. */
async function survive() {
  rmSync(new URL('died', import.meta.url), { force: true });
  const worker = new URL('dying-worker.mjs', import.meta.url);
  const indexer = new MonitoredParallelIndexer(THREADS, {}, { worker });
  const { indexedCount, vectors } = await indexer.indexVectorsMonitored({ data, dims: DIMS }, { batchSize: 500 });
  require(existsSync(new URL('died', import.meta.url)), 'no thread ended');
  require(indexedCount === COUNT, `${indexedCount} rows are there after a thread ended`);
  for (let i = 0; i < COUNT; i += 97)
    require(Math.abs(vectors.magnitudes[i] - norm(row(i))) < 1e-5, `row ${i} was lost`);
  await indexer.dispose();
}

/** Results that are forgotten give room for others. */
async function forget() {
  const indexer = new MonitoredParallelIndexer(THREADS, {}, { maxMemoryBytes: 5 * data.byteLength });
  for (let run = 0; run < 30; run++) await indexer.indexVectorsMonitored({ data, dims: DIMS }, { order: 'original' });
  await indexer.dispose();
}

function checkReport(report) {
  const again = IndexingPerformanceReport.fromJSON(JSON.parse(JSON.stringify(report)));
  require(again.toCsv() === report.toCsv(), 'a report is not what it was after JSON');
  require(/^<!doctype html>/i.test(report.toHtml()), 'the report is no page');
}

async function search(file) {
  const exact = await VectorIndex.build({ data, dims: DIMS }, { threadCount: THREADS });
  for (const i of [0, 4711, COUNT - 1]) {
    const { ids } = await exact.search(row(i), K);
    const expected = nearest(row(i), COUNT);
    require(String([...ids]) === String(expected), `the nearest of row ${i} are ${expected}, found ${[...ids]}`);
  }
  const { backend } = exact;
  await exact.dispose();

  const some = { data: data.subarray(0, GRAPH_ROWS * DIMS), dims: DIMS };
  const built = await VectorIndex.build(some, { threadCount: THREADS, graph: true });
  await built.save(file);
  await built.dispose();
  const loaded = await VectorIndex.load(file, { threadCount: THREADS });
  let found = 0;
  const queries = 50;
  for (let i = 0; i < queries; i++) {
    const query = row(COUNT - 1 - i);
    const expected = new Set(nearest(query, GRAPH_ROWS));
    const { ids } = await loaded.search(query, K, { recall: 0.95 });
    found += [...ids].filter((id) => expected.has(id)).length;
  }
  const recall = found / (queries * K);
  require(recall >= MIN_RECALL, `the graph finds ${recall} of the nearest`);
  await loaded.dispose();
  return { ...backend, recall };
}

async function files() {
  async function* chunks() {
    for (let i = 0; i < 1000; i += 100) yield { data: data.subarray(i * DIMS, (i + 100) * DIMS), dims: DIMS };
  }
  for (const extension of ['npy', 'fvecs', 'fbin', 'safetensors', 'jsonl', 'csv']) {
    const file = join(folder, `rows.${extension}`);
    await writeVectors(file, chunks());
    let rows = 0;
    for await (const { data: read } of readVectors(file)) {
      const isSame = read.every((value, j) => value === data[rows * DIMS + j]);
      require(isSame, `${file}: rows from ${rows} on are not those that were written`);
      rows += read.length / DIMS;
    }
    require(rows === 1000, `${file} has ${rows} rows`);
  }
  const before = readFileSync(join(folder, 'rows.npy'));
  writeFileSync(join(folder, 'broken.npy'), before.subarray(0, before.length - 7));
  const refused = await (async () => {
    for await (const _ of readVectors(join(folder, 'broken.npy')));
  })().catch((error) => error.code);
  require(refused === 'MalformedFile', `a file that is cut short: ${refused}`);
}

const saved = join(folder, 'index.safetensors');
await files();
const indexed = await index();
await survive();
await forget();
const searched = await search(saved);
require(existsSync(saved), 'the index was not saved');
console.log(JSON.stringify({ indexed, searched }));
