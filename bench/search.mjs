// Exact search: one query against the memory bandwidth, a batch against the multiply-add rate of this engine, by the float32
// scan and by the int8 scan, which reads a quarter of the bytes; and both against other exact searches; prints a Markdown
// table.
//
//   node bench/search.mjs [--rounds 15] [--threads 2] [--rows 100000] [--dims 384] [--usearch FOLDER] [--duckdb FOLDER]
//
// Each FOLDER is one in which that package was installed, outside of this repository:
//
//   mkdir -p /some/where && cd /some/where && npm init -y && npm install usearch @duckdb/node-api
//
// Rounds alternate all sides, so that whatever disturbs the machine disturbs all of them; figures are minima over the rounds.
// Every side searches the same vectors with the same queries, and the hits are compared. A/A: the ratio of two searches of one
// round, least to greatest over the rounds; within it lies noise.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { VectorIndex } from 'simdex';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    threads: { type: 'string', default: '2' },
    rows: { type: 'string', default: '100000' },
    dims: { type: 'string', default: '384' },
    usearch: { type: 'string' },
    duckdb: { type: 'string' },
  },
});
const [rounds, threads, count, dims] = [options.rounds, options.threads, options.rows, options.dims].map(Number);
if (![rounds, threads, count, dims].every((value) => Number.isSafeInteger(value) && value > 0)) {
  console.error('expected positive integers');
  process.exit(2);
}
const K = 10;
const QUERIES = 64;
const MADD_ROUNDS = 2_000_000;
const MADDS_OF_ROUND = 48;
const PRIME = 1_000_003;

const vectors = makeVectors(count, 0);
const queries = makeVectors(QUERIES, count);
// Copies: usearch reads from where the buffer of a view begins.
const oneQuery = (round) => queries.slice((round % QUERIES) * dims, ((round % QUERIES) + 1) * dims);

const float32 = await VectorIndex.build({ data: vectors, dims }, { threadCount: threads, scan: 'float32' });
const int8 = await VectorIndex.build({ data: vectors, dims }, { threadCount: threads, scan: 'int8' });
const reference = await startReference();
const usearch = options.usearch === undefined ? undefined : await startUsearch(options.usearch);
const duckdb = options.duckdb === undefined ? undefined : await startDuckdb(options.duckdb);

/** The sides that are timed in every round, in this order. */
const sides = {
  read: () => reference.read(),
  one: (round) => float32.search(oneQuery(round), K),
  again: (round) => float32.search(oneQuery(round), K),
  oneInt8: (round) => int8.search(oneQuery(round), K),
  oneInt8Again: (round) => int8.search(oneQuery(round), K),
  multiplyAdd: () => reference.multiplyAdd(),
  batch: () => float32.searchBatch({ data: queries, dims }, K),
  batchAgain: () => float32.searchBatch({ data: queries, dims }, K),
  batchInt8: () => int8.searchBatch({ data: queries, dims }, K),
  batchInt8Again: () => int8.searchBatch({ data: queries, dims }, K),
  ...(usearch && { usearch: (round) => usearch(oneQuery(round), 1), usearchBatch: () => usearch(queries, QUERIES) }),
  ...(duckdb && { duckdb: (round) => duckdb(oneQuery(round)) }),
};
const times = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
await checkHits();
for (let round = -2; round < rounds; round++) {
  for (const [name, side] of Object.entries(sides)) {
    const start = performance.now();
    await side(round + 2);
    // The first rounds warm everything up.
    if (round >= 0) times[name].push(performance.now() - start);
  }
}
report();
await float32.dispose();
await int8.dispose();
process.exit(0);

function report() {
  const least = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, Math.min(...list)]));
  const bytes = count * dims * 4;
  const gigabytes = (ms) => (bytes / ms / 1e6).toFixed(1);
  const madds = (ms, number) => (number / ms / 1e6).toFixed(1);
  const work = count * dims * QUERIES;
  const percent = (ratio) => `${(100 * ratio).toFixed(0)} %`;
  const maddRate = (threads * MADD_ROUNDS * MADDS_OF_ROUND) / least.multiplyAdd;
  console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.
${count} × ${dims}, cosine, k = ${K}, ${threads} threads; minima of ${rounds} alternating rounds.

| what | time | rate | |
| --- | --- | --- | --- |
| plain read of the same bytes | ${least.read.toFixed(2)} ms | ${gigabytes(least.read)} GB/s | |
| one query, float32 scan | ${least.one.toFixed(2)} ms | ${gigabytes(least.one)} GB/s | ${percent(least.read / least.one)} of the read, A/A ${spread('one', 'again')} |
| one query, int8 scan | ${least.oneInt8.toFixed(2)} ms | | ${percent(least.oneInt8 / least.one)} of the time, A/A ${spread('oneInt8', 'oneInt8Again')} |
| multiply-adds in registers | | ${madds(1, maddRate)} G/s | |
| ${QUERIES} queries in a batch, float32 scan | ${least.batch.toFixed(1)} ms | ${madds(least.batch, work)} G/s | ${percent(work / least.batch / maddRate)} of the registers, A/A ${spread('batch', 'batchAgain')} |
| ${QUERIES} queries in a batch, int8 scan | ${least.batchInt8.toFixed(1)} ms | ${madds(least.batchInt8, work)} G/s | ${percent(least.batchInt8 / least.batch)} of the time, A/A ${spread('batchInt8', 'batchInt8Again')} |`);
  for (const [name, ours, title] of [
    ['usearch', 'oneInt8', 'usearch exactSearch, one query'],
    ['usearchBatch', 'batchInt8', `usearch exactSearch, ${QUERIES} queries`],
    ['duckdb', 'oneInt8', 'DuckDB array_cosine_similarity, one query'],
  ]) {
    if (!(name in least)) continue;
    console.log(
      `| ${title} | ${least[name].toFixed(2)} ms | | simdex (int8) takes ${(least[ours] / least[name]).toFixed(3)} of its time |`,
    );
  }
}

/** Least to greatest ratio of two sides that are the same. */
function spread(name, again) {
  const ratios = times[name].map((ms, round) => ms / times[again][round]).sort((a, b) => a - b);
  return `${ratios[0].toFixed(2)}–${ratios.at(-1).toFixed(2)}`;
}

/** Components in [-1, 1) from row and column, by integers that JavaScript and SQL compute alike. */
function makeVectors(rows, first) {
  const data = new Float32Array(rows * dims);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < dims; j++) {
      const [row, column] = [first + i + 1, j + 1];
      data[i * dims + j] = ((row * row * 7919 + column * column * 104729 + row * column * 31337) % PRIME) / 500_002 - 1;
    }
  }
  return data;
}

/** The reference loops on as many threads as the search has, on memory of the size of the rows. */
async function startReference() {
  mkdirSync('build/bench', { recursive: true });
  const flags = ['--target', 'simd', '--outFile', 'build/bench/search-reference.wasm'];
  execFileSync('npx', ['--no-install', 'asc', 'bench/search-reference.ts', ...flags], { stdio: 'inherit' });
  const module = new WebAssembly.Module(readFileSync('build/bench/search-reference.wasm'));
  const share = 128 * Math.ceil((count * dims * 4) / threads / 128);
  const pages = Math.ceil((threads * share) / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Float32Array(memory.buffer).set(vectors);
  const workers = Array.from({ length: threads }, () => {
    return new Worker(new URL('./search-reference.mjs', import.meta.url), { workerData: { module, memory } });
  });
  const ask = (message) =>
    Promise.all(
      workers.map((worker, i) => {
        const answer = new Promise((resolve) => worker.once('message', resolve));
        worker.postMessage(message(i));
        return answer;
      }),
    );
  return {
    read: () => ask((i) => ({ what: 'read', at: i * share, size: share })),
    multiplyAdd: () => ask(() => ({ what: 'multiply-add', size: MADD_ROUNDS })),
  };
}

async function startUsearch(folder) {
  const { exactSearch, MetricKind } = createRequire(join(folder, 'index.js'))('usearch');
  return (query) => exactSearch(vectors, query, dims, K, MetricKind.Cos, threads);
}

async function startDuckdb(folder) {
  const { DuckDBInstance } = createRequire(join(folder, 'index.js'))('@duckdb/node-api');
  const database = await DuckDBInstance.create(':memory:', { threads: String(threads) });
  const connection = await database.connect();
  const component = `((row * row * 7919 + x * x * 104729 + row * x * 31337) % ${PRIME})::DOUBLE / 500002 - 1`;
  const list = `list_transform(range(1, ${dims + 1}), lambda x: (${component})::FLOAT)`;
  await connection.run(
    `CREATE TABLE t AS SELECT row - 1 AS id, ${list}::FLOAT[${dims}] AS v FROM range(1, ${count + 1}) AS r(row)`,
  );
  return async (query) => {
    const literal = `[${Array.from(query).join(',')}]::FLOAT[${dims}]`;
    const reader = await connection.runAndReadAll(
      `SELECT id FROM t ORDER BY array_cosine_similarity(v, ${literal}) DESC LIMIT ${K}`,
    );
    return reader.getRows().map(([id]) => Number(id));
  };
}

/** All sides must find the same rows, apart from ties within float32. */
async function checkHits() {
  for (let round = 0; round < 3; round++) {
    const query = oneQuery(round);
    const { ids } = await int8.search(query, K);
    const found = {
      'the float32 scan': (await float32.search(query, K)).ids,
      usearch: usearch && Array.from(usearch(query).keys, Number),
      duckdb: duckdb && (await duckdb(query)),
    };
    for (const [name, others] of Object.entries(found)) {
      if (!others) continue;
      const common = others.filter((id) => ids.includes(id)).length;
      if (common < K - 1) throw new Error(`${name} found ${others}, simdex ${ids}`);
    }
  }
}
