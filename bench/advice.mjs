// Whether what reports and alerts say is worth its cost, on this machine.
//
//   npm run build && node bench/advice.mjs [demo] [causes] [service] [--runs 20] [--seconds 60] [--busy]
//
//   demo     60 runs of `simdex index` on the vectors of `npm run demo`: how many of them ask for a change
//   causes   runs that are held back on purpose, each by one cause, and the same work as the report asks for it, in turn: how
//            many reports name the cause, what they promise, and what following them gains (medians)
//   service  one minute of small runs and searches at an even pace: no alert may be raised
//
// --busy keeps as many other processes at work as there are cores; where a report asks for their end, they are stopped for the run that
// follows it. Status 1 when something is not as it should be.
import { execFileSync, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MonitoredParallelIndexer, VectorIndex } from 'simdex';
import { randomComponents } from './random-components.mjs';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    busy: { type: 'boolean', default: false },
  },
});
const parts = { demo, causes, service };
const chosen = positionals.length > 0 ? positionals : Object.keys(parts);
const unknown = chosen.find((name) => !Object.hasOwn(parts, name));
if (unknown) {
  console.error(`there is no part ${unknown}: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
const runs = Number(flags.runs);
/** What differs from run to run anyway. */
const NOISE_SHARE = 0.05;
const others = flags.busy
  ? Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['-e', 'while (true);']))
  : [];
try {
  for (const name of chosen) await parts[name]();
} finally {
  for (const other of others) other.kill();
}

function judge(ok, text) {
  console.log(`${ok ? 'ok  ' : 'FAIL'}  ${text}`);
  if (!ok) process.exitCode = 1;
}

/** Whether a sentence asks for a change. */
function asks(sentence) {
  return !/^(Performance looks good|Thread efficiency was)/.test(sentence);
}

async function demo() {
  const vectors = fileURLToPath(new URL('../build/demo/text.npy', import.meta.url));
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
  const said = [];
  for (let run = 0; run < 60; run++) {
    const { recommendations } = JSON.parse(
      execFileSync(process.execPath, [cli, 'index', vectors, '--json'], { encoding: 'utf8' }),
    );
    if (recommendations.some(asks)) said.push(recommendations.filter(asks).join(' '));
  }
  judge(said.length <= 3, `demo: ${said.length} of 60 runs ask for a change`);
  for (const sentence of new Set(said)) console.log(`        ${sentence}`);
}

async function causes() {
  for (const { name, held, followed, denied } of await scenarios()) {
    const gains = [];
    const promised = [];
    const took = [];
    let canFollow = true;
    // The first run on fresh memory, by code that no thread has compiled yet, is held back by that.
    await held();
    for (let run = 0; run < runs; run++) {
      const report = await held();
      const found = causeOf(name, report);
      const heldMs = report.totalTimeMs - report.waitedMs;
      took.push(heldMs);
      if (found) promised.push(found.gainMs);
      const asksToEnd = found !== undefined && /\bEnd them\b/.test(found.recommendation);
      canFollow &&= !asksToEnd || others.length > 0;
      if (asksToEnd) for (const other of others) other.kill('SIGSTOP');
      gains.push(heldMs - (await (followed ?? denied)()));
      for (const other of others) other.kill('SIGCONT');
    }
    const promisedMs = promised.length > 0 ? median(promised) : 0;
    const gainedMs = median(gains);
    const noiseMs = NOISE_SHARE * median(took);
    const holds = followed ? gainedMs >= promisedMs / 2 - noiseMs : gainedMs <= noiseMs;
    judge(
      promised.length === runs && (holds || !canFollow),
      `${name}: named in ${promised.length} of ${runs}; promised ${followed ? promisedMs.toFixed(2) : 'no'} ms, gained ${gainedMs.toFixed(2)} ms of ${median(took).toFixed(2)} ms${canFollow ? '' : ' (it asks for the end of programs that are not ours: gain not judged)'}`,
    );
  }
}

/**
 * What the report says of the cause. Threads that have no processor ask nothing of the memory: where other programs took
 * processors, that is what holds such a run back.
 */
function causeOf(name, { bottlenecks, recommendations }) {
  const named = (wanted) =>
    bottlenecks.find((cause) => cause.name === wanted && recommendations.includes(cause.recommendation));
  const others = name === 'memory bandwidth' ? named('processors') : undefined;
  return named(name) ?? others;
}

/**
 * Each gives the report of a run that is held back, and the time of the same work as the report asks for it (followed), or as it says
 * that it would be no faster (denied).
 */
async function scenarios() {
  const threads = Math.max(2, availableParallelism());
  const warm = async (count) => {
    const indexer = new MonitoredParallelIndexer(count);
    await indexer.ready();
    return indexer;
  };
  const indexer = await warm(threads);
  await indexer.indexer.measureMemory();
  const reportOf = async (source, options, own = indexer) => {
    const result = await own.indexVectorsMonitored(source, options);
    result.dispose();
    return result.performanceReport;
  };
  const timeOf = async (...args) => {
    const { totalTimeMs, waitedMs } = await reportOf(...args);
    return totalTimeMs - waitedMs;
  };
  const allocated = (count, dims, own = indexer) => {
    const matrix = own.allocate(count, dims);
    matrix.data.set(randomComponents(count * dims));
    return matrix;
  };
  const original = { order: 'original' };
  const inPlace = { order: 'original', inPlace: true };

  const small = allocated(30_000, 64);
  const rows = Array.from({ length: 30_000 }, (_, i) => Array.from(small.data.subarray(64 * i, 64 * (i + 1))));
  const shared = new Float32Array(new SharedArrayBuffer(4 * 64 * 120_000)).fill(0.5);
  const kept = [];
  const into = indexer.allocate(120_000, 64);
  const wide = allocated(16_000, 2048);
  const few = allocated(60 * threads, 64);
  const many = allocated(300_000, 64);
  const long = allocated(200_000, 256);
  const twice = await warm(2 * threads);
  const longForTwice = allocated(200_000, 256, twice);
  const crowd = await warm(4 * threads);
  const crowded = allocated(20_000, 1024, crowd);
  const uncrowded = allocated(20_000, 1024);
  return [
    { name: 'copying', held: () => reportOf(rows, original), followed: () => timeOf(small, inPlace) },
    {
      name: 'first touch',
      async held() {
        kept.push(await indexer.indexVectorsMonitored({ data: shared, dims: 64 }, original));
        return kept.at(-1).performanceReport;
      },
      followed: () => timeOf({ data: shared, dims: 64 }, { ...original, into }),
    },
    {
      name: 'memory bandwidth',
      held: () => reportOf(long, inPlace),
      denied: () => timeOf(longForTwice, inPlace, twice),
    },
    {
      name: 'imbalance',
      held: () => reportOf(wide, { inPlace: true, batchSize: 15_800 }),
      followed: () => timeOf(wide, { inPlace: true, batchSize: Math.floor(16_000 / (16 * threads)) }),
    },
    {
      name: 'few vectors',
      held: () => reportOf(few, inPlace),
      // As many vectors together as the runs before had apart.
      followed: async () => ((await timeOf(many, inPlace)) * 60 * threads) / 300_000,
    },
    {
      name: 'start-up',
      async held() {
        const fresh = new MonitoredParallelIndexer(threads);
        return reportOf(allocated(2000, 64, fresh), inPlace, fresh).finally(() => fresh.dispose());
      },
      async followed() {
        const fresh = await warm(threads);
        return timeOf(allocated(2000, 64, fresh), inPlace, fresh).finally(() => fresh.dispose());
      },
    },
    {
      name: 'processors',
      held: () => reportOf(crowded, { inPlace: true }, crowd),
      followed: () => timeOf(uncrowded, { inPlace: true }),
    },
  ];
}

async function service() {
  const indexer = new MonitoredParallelIndexer();
  await indexer.ready();
  const data = randomComponents(20_000 * 128);
  const index = await VectorIndex.build({ data, dims: 128 });
  const query = data.subarray(0, 128);
  const raised = [];
  const realTime = indexer.enableRealTimeMonitoring();
  realTime.on('alert', ({ state, message }) => state === 'raised' && raised.push(message));
  const untilMs = performance.now() + 1000 * Number(flags.seconds);
  let vectors = 0;
  let searches = 0;
  while (performance.now() < untilMs) {
    const result = await indexer.indexVectorsMonitored({ data: data.slice(0, 2000 * 128), dims: 128 });
    result.dispose();
    vectors += result.indexedCount;
    for (let i = 0; i < 5; i++, searches++) await indexer.monitor.timeQuery(() => index.search(query, 10));
    await pause(20);
  }
  realTime.stop();
  await index.dispose();
  await indexer.dispose();
  judge(raised.length === 0, `service: ${vectors} vectors, ${searches} searches, ${raised.length} alerts`);
  for (const message of raised) console.log(`        ${message}`);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
