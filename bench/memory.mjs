// What an index takes in memory and what that costs: rows in memory, rows in the file, float16 and int8. Memory, the time of one query and of a
// batch, the time of loading, the peak of a build into a file, and recall on real vectors; prints Markdown tables.
//
//   node bench/memory.mjs [--rows 1000000] [--dims 384] [--rounds 11] [--threads 2] [--build 4] [--data FOLDER]
//
// --build: GB of rows that are built into a file, 0 for none. --data: a folder with glove-100.npy, mnist-784.npy and minilm-384.npy.
//
// Rounds alternate all sides, and the page cache is warm. Ratios are medians over the rounds, each of two searches of one round. A/A: the same
// index searched twice in a round, least to greatest ratio; within it lies noise. Memory is what `index.memory.total` says.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readVectors, VectorIndex } from 'simdex';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    dims: { type: 'string', default: '384' },
    rounds: { type: 'string', default: '11' },
    threads: { type: 'string', default: '2' },
    build: { type: 'string', default: '4' },
    data: { type: 'string' },
    child: { type: 'string' },
  },
});
const [count, dims, rounds, threads] = [options.rows, options.dims, options.rounds, options.threads].map(Number);
const buildGigabytes = Number(options.build);
if (
  ![count, dims, rounds, threads].every((value) => Number.isSafeInteger(value) && value > 0) ||
  !(buildGigabytes >= 0)
) {
  console.error('expected positive integers');
  process.exit(2);
}
const K = 10;
const QUERIES = 64;
const CHUNK = 10_000;
const PRIME = 1_000_003;

if (options.child !== undefined) {
  await buildIntoFile(options.child);
  process.exit(0);
}

console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.
${count.toLocaleString('en')} × ${dims}, cosine, k = ${K}, ${threads} threads; medians of ${rounds} alternating rounds.
`);
const folder = await mkdtemp(join(tmpdir(), 'simdex-memory-'));
try {
  await compareIndexes(join(folder, 'index.safetensors'));
  if (buildGigabytes > 0) measureBuild(join(folder, 'built.safetensors'));
  if (options.data !== undefined) await measureRecall(options.data);
} finally {
  await rm(folder, { recursive: true });
}

async function compareIndexes(file) {
  const common = { threadCount: threads };
  const source = () => makeChunks(count);
  const memory = await VectorIndex.build(source(), common);
  await memory.save(file);
  const loads = { memory: [], file: [] };
  for (let round = 0; round < 5; round++) {
    for (const rows of ['memory', 'file']) {
      const start = performance.now();
      const index = await VectorIndex.load(file, { ...common, rows });
      loads[rows].push(performance.now() - start);
      await index.dispose();
    }
  }
  const sides = {
    memory,
    again: memory,
    file: await VectorIndex.load(file, { ...common, rows: 'file' }),
    float16: await VectorIndex.build(source(), { ...common, precision: 'float16' }),
    int8: await VectorIndex.build(source(), { ...common, precision: 'int8' }),
  };
  const queries = makeRows(QUERIES, count);
  const one = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  const batch = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  const scored = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    const query = queries.slice(((round + 2) % QUERIES) * dims, (((round + 2) % QUERIES) + 1) * dims);
    for (const [name, index] of Object.entries(sides)) {
      let start = performance.now();
      const { rowsScored } = await index.search(query, K);
      const oneMs = performance.now() - start;
      start = performance.now();
      await index.searchBatch({ data: queries, dims }, K);
      // The first rounds warm everything up.
      if (round < 0) continue;
      one[name].push(oneMs);
      batch[name].push(performance.now() - start);
      scored[name].push(rowsScored);
    }
  }
  const bytes = memory.memory.total;
  console.log('| index | memory | | one query | | batch of 64 | | rows scored |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const [name, title] of [
    ['memory', 'float32, rows in memory'],
    ['file', "float32, `rows: 'file'`"],
    ['float16', "`precision: 'float16'`"],
    ['int8', "`precision: 'int8'`"],
  ]) {
    const { total } = sides[name].memory;
    const ratios = (times) =>
      name === 'memory' ? `A/A ${spread(times)}` : `${median(ratiosOf(times, name)).toFixed(2)} ×`;
    console.log(
      `| ${title} | ${megabytes(total)} | ${(total / bytes).toFixed(2)} | ${median(one[name]).toFixed(1)} ms | ${ratios(one)} | ${median(batch[name]).toFixed(0)} ms | ${ratios(batch)} | ${median(scored[name])} |`,
    );
  }
  const size = (await stat(file)).size;
  console.log(`
| load of ${megabytes(size)} | time | |
| --- | --- | --- |
| rows in memory | ${median(loads.memory).toFixed(0)} ms | |
| \`rows: 'file'\` | ${median(loads.file).toFixed(0)} ms | ${(median(loads.file) / median(loads.memory)).toFixed(2)} × |`);
  for (const name of ['memory', 'file', 'float16', 'int8']) await sides[name].dispose();
  await rm(file);
}

/** In a process of its own, whose peak is that of nothing else. */
function measureBuild(file) {
  const self = fileURLToPath(import.meta.url);
  const args = [self, '--child', file, '--dims', `${dims}`, '--threads', `${threads}`, '--build', `${buildGigabytes}`];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const { rows, peakBytes, seconds } = JSON.parse(stdout);
  console.log(`
Build of ${buildGigabytes} GB of rows (${rows.toLocaleString('en')} × ${dims}) with \`rows: 'file'\`: peak memory ${megabytes(peakBytes)}, ${seconds.toFixed(0)} s.`);
}

async function buildIntoFile(file) {
  const rows = Math.floor((buildGigabytes * 1e9) / (4 * dims));
  const start = performance.now();
  const index = await VectorIndex.build(makeChunks(rows), { threadCount: threads, rows: 'file', file });
  await index.search(makeRows(1, rows), K);
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ rows, seconds, peakBytes: process.resourceUsage().maxRSS * 1024 }));
  await index.dispose();
}

/** The part of the ten best of float32 that are among the ten best of less precise rows. */
async function measureRecall(data) {
  console.log(`
| recall@10 against float32 | float16 | int8 |
| --- | --- | --- |`);
  for (const [title, name] of [
    ['GloVe, 100 components', 'glove-100.npy'],
    ['MNIST, 784 components', 'mnist-784.npy'],
    ['MiniLM, 384 components', 'minilm-384.npy'],
  ]) {
    const file = join(data, name);
    if (!existsSync(file)) {
      console.error(`${file} is not there`);
      continue;
    }
    const exact = await VectorIndex.build(readVectors(file), { threadCount: threads });
    const step = Math.max(1, Math.floor(exact.size / 1000));
    const asked = [];
    for (let id = 0; id < exact.size && asked.length < 1000; id += step) asked.push((await exact.get(id)).vector);
    const expected = await exact.searchBatch(asked, K);
    const recalls = [];
    for (const precision of ['float16', 'int8']) {
      const index = await VectorIndex.build(readVectors(file), { threadCount: threads, precision });
      const found = await index.searchBatch(asked, K);
      let common = 0;
      for (const [i, { ids }] of found.entries()) common += ids.filter((id) => expected[i].ids.includes(id)).length;
      recalls.push(common / (K * asked.length));
      await index.dispose();
    }
    console.log(
      `| ${title}, ${exact.size.toLocaleString('en')} rows | ${recalls.map((recall) => recall.toFixed(4)).join(' | ')} |`,
    );
    await exact.dispose();
  }
}

async function* makeChunks(rows) {
  for (let first = 0; first < rows; first += CHUNK) {
    yield { data: makeRows(Math.min(CHUNK, rows - first), first), dims };
  }
}

/** Components in -1..1, the same for the same row. */
function makeRows(rows, first) {
  const data = new Float32Array(rows * dims);
  let state = (first * dims + 1) % PRIME;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 31 - 1;
  }
  return data;
}

function ratiosOf(times, name) {
  return times[name].map((ms, round) => ms / times.memory[round]);
}

function spread(times) {
  const ratios = ratiosOf(times, 'again');
  return `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
}

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
