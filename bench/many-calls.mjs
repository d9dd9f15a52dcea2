// Many calls at a time, as a server makes them: small indexing calls, calls that wait together, changes and searches of an
// index, and what all of them leave to timers and memory. Public API, the monitored class, results simply forgotten. Prints a
// Markdown table.
//
//   node --expose-gc bench/many-calls.mjs [--rounds 7] [--only calls,upsert] [--big]
//
// Ratios come from alternating rounds of one process: the median of the rounds' ratios, with the least and the greatest. A/A is
// the ratio of the same side to itself in neighbouring rounds. --big adds the builds and holds of large indexes.
import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Engine, MonitoredParallelIndexer, VectorIndex } from 'simdex';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    big: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
// The first round is left out, and the A/A ratio takes two of the others.
if (!(rounds >= 3)) throw new Error(`--rounds ${options.rounds}: expected 3 or more`);
const only = options.only?.split(',');
const DIMS = 384;
const THREADS = 2;
const ROUND_MS = 400;
const EVERYTHING_OFF = {
  enablePerThreadMonitoring: false,
  enableRealTimeUpdates: false,
  batchSizeMonitoring: false,
  queueDepthMonitoring: false,
  threadUtilizationMonitoring: false,
};

const randomRow = (dims = DIMS) => Float32Array.from({ length: dims }, () => Math.random() - 0.5);
const randomRows = (count, dims = DIMS) => Array.from({ length: count }, () => randomRow(dims));
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const percentile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.floor(share * (numbers.length - 1))];

/** What a program without simdex does: magnitude and unit vector of each row. */
function loop(rows) {
  return rows.map((row) => {
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i] * row[i];
    const magnitude = Math.sqrt(sum);
    const unit = new Float32Array(row.length);
    for (let i = 0; i < row.length; i++) unit[i] = row[i] / magnitude;
    return { magnitude, unit };
  });
}

/** Microseconds a call of the loop takes. */
function loopUs(rows) {
  let calls = 0;
  const began = performance.now();
  while (performance.now() - began < ROUND_MS / 2) {
    for (let i = 0; i < 50; i++) loop(rows);
    calls += 50;
  }
  return (1000 * (performance.now() - began)) / calls;
}

/** `callers` loops of `call` at a time: microseconds a call, the longest in milliseconds, all times. */
async function callers(count, call, ms = ROUND_MS) {
  const times = [];
  const began = performance.now();
  await Promise.all(
    Array.from({ length: count }, async (_, caller) => {
      while (performance.now() - began < ms) {
        const before = performance.now();
        await call(caller);
        times.push(performance.now() - before);
      }
    }),
  );
  return {
    us: (1000 * (performance.now() - began)) / times.length,
    longestMs: times.reduce((a, b) => Math.max(a, b), 0),
    times,
  };
}

/** Alternates two sides; ratio of their figures a / b. */
async function ratio(a, b) {
  const found = [];
  for (let round = 0; round < rounds; round++) found.push([await a(), await b()]);
  const ratios = found.slice(1).map(([x, y]) => x / y);
  const same = found.slice(2).map(([x], i) => x / found[i + 1][0]);
  const band = (numbers) => `${Math.min(...numbers).toFixed(2)} to ${Math.max(...numbers).toFixed(2)}`;
  return {
    text: `${median(ratios).toFixed(2)} (${band(ratios)}; A/A ${band(same)})`,
    a: median(found.map(([x]) => x)),
    b: median(found.map(([, y]) => y)),
  };
}

const table = [];
const tell = (what, figure) => {
  table.push(`| ${what} | ${figure} |`);
  console.error(`${what}: ${figure}`);
};
const wants = (part) => !only || only.includes(part);

const indexer = new MonitoredParallelIndexer(THREADS);
const unwatched = new MonitoredParallelIndexer(THREADS, EVERYTHING_OFF);
await Promise.all([indexer.ready(), unwatched.ready()]);
const original = { order: 'original' };

if (wants('calls')) {
  for (const count of [1, 8, 64]) {
    const rows = randomRows(count);
    const one = () => callers(1, () => indexer.indexVectorsMonitored(rows, original)).then(({ us }) => us);
    const many = () => callers(64, () => indexer.indexVectorsMonitored(rows, original)).then(({ us }) => us);
    const off = () => callers(1, () => unwatched.indexVectorsMonitored(rows, original)).then(({ us }) => us);
    const toLoop = await ratio(one, async () => loopUs(rows));
    tell(`one caller, ${count} rows: time of a call / of the loop (${toLoop.b.toFixed(1)} µs)`, toLoop.text);
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    const { longestMs } = await callers(64, () => indexer.indexVectorsMonitored(rows, original), 2000);
    const grownMb = (process.memoryUsage().rss - before) / 1e6;
    tell(
      `64 callers, ${count} rows: longest call, memory above the start`,
      `${longestMs.toFixed(1)} ms, ${grownMb.toFixed(0)} MB`,
    );
    tell(`64 callers, ${count} rows: throughput / of one caller`, (await ratio(one, many)).text);
    tell(`${count} rows: everything monitored / everything off`, (await ratio(one, off)).text);
  }
}

if (wants('together')) {
  const rows = randomRows(256);
  const all = Array.from({ length: 64 }, () => rows).flat();
  const rate = (result) => (256 * 1000) / result.us;
  const many = () => callers(64, () => indexer.indexVectorsMonitored(rows, original), 1500).then(rate);
  const one = () =>
    callers(1, () => indexer.indexVectorsMonitored(all, original), 1500).then(({ us }) => (all.length * 1000) / us);
  tell('64 callers of 256 rows: rows/s / of one run of 16,384', (await ratio(many, one)).text);
}

if (wants('live')) {
  const rows = randomRows(1, 16);
  globalThis.gc?.();
  const before = process.memoryUsage();
  const results = [];
  for (let i = 0; i < 1_000_000; i++) results.push(await indexer.indexVectorsMonitored(rows, original));
  globalThis.gc?.();
  const after = process.memoryUsage();
  const bytes = (after.heapUsed + after.external - before.heapUsed - before.external) / results.length;
  const rss = (after.rss - before.rss) / results.length;
  tell(
    '1,000,000 live results of 1 × 16: bytes each, on the heap / resident',
    `${bytes.toFixed(0)} / ${rss.toFixed(0)}`,
  );
}

if (wants('iterate')) {
  const { vectors } = await indexer.indexVectorsMonitored(randomRows(100_000, 64), original);
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    let sum = 0;
    for (const { magnitude } of vectors) sum += magnitude;
    times.push((1e6 * (performance.now() - began)) / vectors.length);
    if (!(sum > 0)) throw new Error('nothing was iterated over');
  }
  tell('iterating result.vectors: ns a row', `${median(times).toFixed(0)} (least ${Math.min(...times).toFixed(0)})`);
}

const engine = new Engine({ threads: THREADS });

if (wants('upsert')) {
  const index = await VectorIndex.build(randomRows(100_000), { engine });
  const row = randomRows(1);
  let id = 0;
  const upsert = () => index.upsert(row, { ids: [id++ % 100_000] });
  const base = async () => loopUs(row);
  tell(
    'upsert of one row into 100,000, one caller / loop of one row',
    (await ratio(() => callers(1, upsert).then(({ us }) => us), base)).text,
  );
  tell('the same, 64 callers', (await ratio(() => callers(64, upsert).then(({ us }) => us), base)).text);
  const query = randomRow();
  const p99 = async (changing) => {
    let stop = false;
    const writers = changing
      ? Array.from({ length: 64 }, async () => {
          while (!stop) await upsert();
        })
      : [];
    const { times } = await callers(1, () => index.search(query, 10), 1500);
    stop = true;
    await Promise.all(writers);
    return percentile(times, 0.99);
  };
  tell(
    'p99 of search while 64 callers upsert / without',
    (
      await ratio(
        () => p99(true),
        () => p99(false),
      )
    ).text,
  );
  const delays = monitorEventLoopDelay({ resolution: 1 });
  let latestMs = 0;
  let due = performance.now() + 10;
  const timer = setInterval(() => {
    latestMs = Math.max(latestMs, performance.now() - due);
    due = performance.now() + 10;
  }, 10);
  delays.enable();
  const small = randomRows(8);
  await Promise.all([
    callers(32, () => indexer.indexVectorsMonitored(small, original), 3000),
    callers(32, upsert, 3000),
  ]);
  clearInterval(timer);
  tell('a 10 ms timer while 64 callers loop over small calls and upserts: latest', `${latestMs.toFixed(1)} ms`);
  await index.dispose();
}

if (wants('search')) {
  for (const count of [10, 1000]) {
    const rows = randomRows(count);
    const index = await VectorIndex.build(rows, { engine });
    const query = randomRow();
    const { times } = await callers(1, () => index.search(query, 10), 1500);
    const scan = [];
    for (let i = 0; i < 300; i++) {
      const began = performance.now();
      const scores = rows.map((row) => {
        let dot = 0;
        for (let j = 0; j < DIMS; j++) dot += row[j] * query[j];
        return dot;
      });
      scores
        .map((score, at) => [score, at])
        .sort((a, b) => b[0] - a[0])
        .slice(0, 10);
      scan.push(performance.now() - began);
    }
    tell(
      `search of ${count} rows, k = 10: median (a JavaScript loop)`,
      `${(1000 * median(times)).toFixed(1)} µs (${(1000 * median(scan)).toFixed(0)} µs)`,
    );
    await index.dispose();
  }
  const index = await VectorIndex.build(randomRows(20_000), { engine });
  const queries = randomRows(64);
  const many = () => callers(64, (caller) => index.search(queries[caller], 10), 1000).then(({ us }) => 1e6 / us);
  const batch = () => callers(1, () => index.searchBatch(queries, 10), 1000).then(({ us }) => (64 * 1e6) / us);
  tell('64 callers of search on 20,000 rows: queries/s / of searchBatch of 64', (await ratio(many, batch)).text);
  await index.dispose();
}

if (options.big) {
  const matrix = indexer.allocate(1_000_000, DIMS);
  for (let i = 0; i < matrix.data.length; i++) matrix.data[i] = Math.random() - 0.5;
  const one = new Engine({ threads: 1 });
  const build = async (on) => {
    const began = performance.now();
    const index = await VectorIndex.build(matrix, { engine: on });
    const ms = performance.now() - began;
    await index.dispose();
    return ms;
  };
  tell(
    'build of 1,000,000 × 384 from shared memory: 1 thread / 2',
    (
      await ratio(
        () => build(one),
        () => build(engine),
      )
    ).text,
  );
  await one.dispose();
  matrix.dispose();

  const count = 500_000;
  const data = Float32Array.from({ length: count * 64 }, () => Math.random() - 0.5);
  const ids = Array.from({ length: count }, (_, i) => `row ${i}`);
  const holdOf = async (what, work) => {
    globalThis.gc?.();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const value = await work();
    delay.disable();
    tell(`longest hold of the calling thread, 500,000 × 64: ${what}`, `${(delay.max / 1e6).toFixed(1)} ms`);
    return value;
  };
  const index = await holdOf('build, string ids', () => VectorIndex.build({ data, dims: 64 }, { engine, ids }));
  // What the machine adds to every hold: the threads and the calling thread share its processors.
  const few = { data: data.subarray(0, 64 * 64), dims: 64 };
  await holdOf('none, while the threads search', () => index.searchBatch(few, 10));
  await holdOf('search, k = size', () => index.search(data.subarray(0, 64), count));
  await holdOf('upsert of 300,000', () =>
    index.upsert({ data: data.subarray(0, 300_000 * 64), dims: 64 }, { ids: ids.slice(0, 300_000) }),
  );
  await holdOf('remove of 300,000', () => index.remove(ids.slice(0, 300_000)));
  const bytes = index.toBytes();
  await index.dispose();
  await (await holdOf('load', () => VectorIndex.load(bytes, { engine }))).dispose();
}

await Promise.all([indexer.dispose(), unwatched.dispose(), engine.dispose()]);
console.log(`${cpus()[0].model}, ${cpus().length} processors, Node ${process.version}, ${rounds} rounds\n`);
console.log(`| what | found |\n| --- | --- |\n${table.join('\n')}`);
