// An index that no single WebAssembly memory holds: builds it from a stream of chunks, searches it, saves and loads it, changes
// rows on both sides of the border between two memories, and clears most of it away. The hits of every step are compared with
// those of a float64 brute force, made chunk by chunk. Ends with status 1 where they differ by more than rounding.
//
//   npm run large-index -- [--rows N] [--dims N] [--folder DIR]
//
// By default 1,500,000 rows of 768 components: up to 8 GB in memory, and 5 GB in a file of the folder (that for temporary
// files), which is removed. Some minutes.
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VectorIndex } from 'simdex';
import { maxSegmentRows } from '../build/js/src/memory/segment-layout.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1500000' },
    dims: { type: 'string', default: '768' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const rowCount = Number(values.rows);
const dims = Number(values.dims);
const threadCount = 2;
const K = 10;
const CHUNK_ROWS = 8192;

/** Where the second memory begins when all rows come at once, as they do from a file. */
const border = maxSegmentRows({ dims, lanes: threadCount, int8: true });
if (!(Number.isInteger(rowCount) && Number.isInteger(dims) && rowCount >= border + 2000)) {
  console.error(`--rows must be at least ${border + 2000} with these dims, for two memories`);
  process.exit(2);
}
const [firstGone, firstReplaced, lastReplaced, lastGone] = [border - 1000, border - 500, border + 500, border + 1000];
const isGone = (id) => (id >= firstGone && id < firstReplaced) || (id >= lastReplaced && id < lastGone);
const isReplaced = (id) => id >= firstReplaced && id < lastReplaced;
/** Rows that are left in the end. */
const isKept = (id) => id % 3 === 0 && !isGone(id);

/** Row `id`, or what takes its place, at `at` of `data`: components in -1..1. */
function fillRow(data, at, id, isReplacement = false) {
  let bits = Math.imul(id + 1, 0x9e3779b1) ^ (isReplacement ? 0x5bd1e995 : 0) || 1;
  for (let j = -4; j < dims; j++) {
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    // The first numbers of neighbouring seeds are alike.
    if (j >= 0) data[at + j] = bits * 2 ** -31;
  }
}

function chunkOf(first) {
  const count = Math.min(CHUNK_ROWS, rowCount - first);
  const data = new Float32Array(count * dims);
  for (let i = 0; i < count; i++) fillRow(data, i * dims, first + i);
  return data;
}

async function* chunks() {
  for (let first = 0; first < rowCount; first += CHUNK_ROWS) yield { data: chunkOf(first), dims };
}

/** Rows of the index and what replaces some, each with noise, so that near and far rows are among the hits. */
function makeQueries() {
  const ids = [0, firstGone + 300, border - 1, border, lastGone - 300, rowCount - 1];
  const wanted = [...ids.map((id) => [id, false]), [border - 1, true], [border, true]];
  return wanted.map(([id, isReplacement], i) => {
    const query = new Float32Array(dims);
    fillRow(query, 0, id, isReplacement);
    const noise = new Float32Array(dims);
    fillRow(noise, 0, rowCount + i);
    return query.map((component, j) => component + noise[j]);
  });
}
const queries = makeQueries();

function dotOf(a, b) {
  let sum = 0;
  for (let j = 0; j < dims; j++) sum += a[j] * b[j];
  return sum;
}

function lengthOf(a) {
  return Math.sqrt(dotOf(a, a));
}

/** The best rows of each query in each of the three states of the index: as built, changed, cleared away. */
class BruteForce {
  states = { built: [], changed: [], cleared: [] };

  constructor() {
    for (const state of Object.values(this.states)) for (const _ of queries) state.push([]);
  }

  offer(state, query, id, score) {
    const best = this.states[state][query];
    if (best.length > 2 * K && score < best[2 * K].score) return;
    best.push({ id, score });
    best.sort((a, b) => b.score - a.score || a.id - b.id);
    best.length = Math.min(best.length, 2 * K + 1);
  }

  run() {
    const replacement = new Float32Array(dims);
    const queryLengths = queries.map(lengthOf);
    for (let first = 0; first < rowCount; first += CHUNK_ROWS) {
      const data = chunkOf(first);
      for (let i = 0; i < data.length / dims; i++) {
        const id = first + i;
        const row = data.subarray(i * dims, (i + 1) * dims);
        const length = lengthOf(row);
        if (isReplaced(id)) fillRow(replacement, 0, id, true);
        for (const [q, query] of queries.entries()) {
          const score = dotOf(row, query) / (length * queryLengths[q]);
          this.offer('built', q, id, score);
          if (isGone(id)) continue;
          const after = isReplaced(id) ? dotOf(replacement, query) / (lengthOf(replacement) * queryLengths[q]) : score;
          this.offer('changed', q, id, after);
          if (isKept(id)) this.offer('cleared', q, id, after);
        }
      }
    }
  }
}

const startedAtMs = performance.now();
let lastMs = startedAtMs;
/** A line about the step that ends now. */
function tell(what) {
  const nowMs = performance.now();
  const gigabytes = (bytes) => (bytes / 1e9).toFixed(2).padStart(5);
  const { rss } = process.memoryUsage();
  const most = process.resourceUsage().maxRSS * 1024;
  const seconds = ((nowMs - lastMs) / 1000).toFixed(1).padStart(7);
  console.log(`${seconds} s   ${gigabytes(rss)} GB resident, ${gigabytes(most)} GB at most   ${what}`);
  lastMs = performance.now();
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

/** Scores closer than 1e-6 may come in any order. */
function compare(hits, expected, step) {
  for (const [q, { ids, scores }] of hits.entries()) {
    if (ids.length !== K) fail(`${step}, query ${q}: ${ids.length} hits instead of ${K}`);
    const scoreOf = new Map(expected[q].map(({ id, score }) => [id, score]));
    for (const [rank, id] of ids.entries()) {
      const right = expected[q][rank];
      const score = scoreOf.get(id);
      if (id !== right.id && !(Math.abs(score - right.score) <= 1e-6)) {
        fail(`${step}, query ${q}, rank ${rank}: ${id} (${score}) instead of ${right.id} (${right.score})`);
      }
      if (!(Math.abs(scores[rank] - score) <= 1e-6)) {
        fail(`${step}, query ${q}, row ${id}: score ${scores[rank]} instead of ${score}`);
      }
    }
  }
}

async function searchAndCompare(index, expected, step) {
  const one = [];
  for (const query of queries) one.push(await index.search(query, K));
  tell(`${step}: ${queries.length} queries one by one`);
  const batch = await index.searchBatch(queries, K);
  tell(`${step}: ${queries.length} queries at once`);
  compare(one, expected, `${step}, one by one`);
  compare(batch, expected, `${step}, at once`);
  if (JSON.stringify(one) !== JSON.stringify(batch)) fail(`${step}: a batch has other hits than single searches`);
}

console.log(
  `${rowCount} rows of ${dims} components, ${((rowCount * dims * 4) / 2 ** 30).toFixed(2)} GiB; border at ${border}`,
);
const bruteForce = new BruteForce();
bruteForce.run();
const { built, changed, cleared } = bruteForce.states;
tell(`brute force, ${queries.length} queries`);

const file = join(values.folder, `simdex-large-index-${process.pid}.safetensors`);
try {
  const index = await VectorIndex.build(chunks(), { threadCount });
  tell('built from a stream, its chunks made meanwhile');
  await searchAndCompare(index, built, 'built');
  await index.save(file);
  tell(`saved: ${(await stat(file)).size} bytes`);
  await index.dispose();

  const loaded = await VectorIndex.load(file, { threadCount });
  tell('loaded');
  if (loaded.size !== rowCount) fail(`${loaded.size} rows were loaded`);
  await searchAndCompare(loaded, built, 'loaded');

  const replaced = Array.from({ length: lastReplaced - firstReplaced }, (_, i) => firstReplaced + i);
  const data = new Float32Array(replaced.length * dims);
  for (const [i, id] of replaced.entries()) fillRow(data, i * dims, id, true);
  await loaded.upsert({ data, dims }, { ids: replaced });
  const gone = Array.from({ length: lastGone - firstGone }, (_, i) => firstGone + i).filter(isGone);
  const removed = await loaded.remove(gone);
  tell(`${replaced.length} rows replaced and ${removed} removed, across the border`);
  if (removed !== gone.length || loaded.size !== rowCount - removed)
    fail(`${loaded.size} rows are left of ${rowCount}`);
  await searchAndCompare(loaded, changed, 'changed');

  const ids = Array.from({ length: rowCount }, (_, id) => id);
  await loaded.remove(ids.filter((id) => !isKept(id)));
  tell('two thirds removed, the others copied together');
  if (loaded.size !== ids.filter(isKept).length) fail(`${loaded.size} rows are left`);
  await searchAndCompare(loaded, cleared, 'cleared');
  await loaded.dispose();
} finally {
  await rm(file, { force: true });
}
const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
console.log(`${process.exitCode ? 'FAILED' : 'All hits are right'}, ${seconds} s in all`);
