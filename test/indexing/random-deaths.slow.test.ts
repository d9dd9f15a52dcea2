/**
 * Random calls at random times on 1 to 8 threads that die at random moments, with aborts: every call that resolves has every
 * row right, every other rejects with a reason of its own; counts are exact, no memory is lost, and the indexer goes on.
 */
import { MonitoredParallelIndexer } from 'simdex';
import { afterAll, expect, test } from 'vitest';
import { casesOf, seedOfTheDay } from '../seed.js';
import { deaths, dieAt, dieAtRandom, dieNowhere, dyingWorker, MOMENTS } from './dying.js';
import { below, faultsOfRejection, faultsOfResult, type RandomCall, randomCall } from './random-calls.js';
import { differencesFrom } from './reference.js';
import { countedBy, randomRows, seededRandom, turn } from './support.js';

/** Of each indexer. The last check of every case takes all of it. */
const MOST_BYTES = 2 ** 23;
const MOST_DEATHS = 12;

const indexers = new Map<number, MonitoredParallelIndexer>();
afterAll(async () => {
  dieNowhere();
  await Promise.all([...indexers.values()].map((indexer) => indexer.dispose()));
});

function indexerOf(threads: number): MonitoredParallelIndexer {
  const known = indexers.get(threads);
  if (known) return known;
  const indexer = new MonitoredParallelIndexer(threads, {}, { worker: dyingWorker, maxMemoryBytes: MOST_BYTES });
  indexers.set(threads, indexer);
  return indexer;
}

function armRandomly(random: () => number, seed: number): void {
  // An exit takes long to replace, so most deaths are throws.
  const way = random() < 0.15 ? 'exit' : 'throw';
  const times = 1 + below(random, random() < 0.2 ? MOST_DEATHS : 3);
  const kind = random();
  if (kind < 0.1) dieNowhere();
  else if (kind < 0.5) dieAtRandom(50 + below(random, 1500), seed, way, times);
  else dieAt({ moment: MOMENTS[below(random, MOMENTS.length)]!, way, times, skip: below(random, 10) });
}

interface Outcome {
  readonly faults: readonly string[];
  /** Vectors that it indexed; of a call that rejected, the most that it can have indexed. */
  readonly atLeast: number;
  readonly atMost: number;
}

async function outcomeOf(indexer: MonitoredParallelIndexer, call: RandomCall): Promise<Outcome> {
  const { abortAfter, controller, reason } = call;
  const abort = async () => {
    for (let turns = 0; turns < abortAfter!; turns++) await turn();
    controller.abort(reason);
  };
  const run = indexer.indexVectorsMonitored(call.source, call.options);
  if (abortAfter !== undefined) abort();
  try {
    const result = await run;
    const faults = faultsOfResult(call, result);
    const { indexedCount } = result;
    result.dispose();
    return { faults, atLeast: indexedCount, atMost: indexedCount };
  } catch (error) {
    const faults = faultsOfRejection(call, error, deaths());
    return { faults, atLeast: 0, atMost: call.rows.length };
  }
}

/** One case: some calls at a time. Gives what was wrong. */
async function runCase(random: () => number, seed: number): Promise<string[]> {
  const indexer = indexerOf(1 + below(random, 8));
  await indexer.ready();
  const before = countedBy(indexer).total;
  armRandomly(random, seed);
  const calls = Array.from({ length: 1 + below(random, 6) }, () => randomCall(indexer, random));
  const outcomes: Promise<Outcome>[] = [];
  for (const call of calls) {
    outcomes.push(outcomeOf(indexer, call));
    if (random() < 0.3) await turn();
  }
  const ended = await Promise.all(outcomes);
  dieNowhere();
  for (const call of calls) call.free();
  const faults = ended.flatMap((outcome, i) =>
    outcome.faults.map((fault) => `call ${i} (${calls[i]!.kind}): ${fault}`),
  );

  const { total, threads } = countedBy(indexer);
  if (threads !== total) faults.push(`the monitors count ${threads} by thread and ${total} together`);
  const sum = (each: (outcome: Outcome) => number) => ended.reduce((all, outcome) => all + each(outcome), 0);
  const [atLeast, atMost] = [sum((one) => one.atLeast), sum((one) => one.atMost)];
  if (total - before < atLeast || total - before > atMost) {
    faults.push(`the monitors count ${total - before}, not ${atLeast} to ${atMost}`);
  }
  return [...faults, ...(await faultsAfterwards(indexer))];
}

const plain = randomRows(400, 8);

/** The indexer goes on, and its memory is free: nearly all that it may hold is to be had. */
async function faultsAfterwards(indexer: MonitoredParallelIndexer): Promise<string[]> {
  const rows = plain.slice(0, 50 * indexer.indexer.threadCount);
  const result = await indexer.indexVectorsMonitored(rows, { batchSize: 40 });
  const faults = differencesFrom(rows, result).map((difference) => `afterwards, ${difference}`);
  result.dispose();
  try {
    indexer.allocate(8000, 250).dispose();
  } catch (error) {
    faults.push(`afterwards, ${String(error)}`);
  }
  return faults;
}

test('whatever dies and whatever is aborted, results are right or calls reject', { timeout: 3_600_000 }, async () => {
  const cases = casesOf('random-deaths', 10_000);
  for (let number = 0; number < cases; number++) {
    const seed = 100_000 * (seedOfTheDay % 1e8) + number;
    const faults = await runCase(seededRandom(seed), seed % 2 ** 31);
    expect(faults, `case ${number} of SIMDEX_SEED=${seedOfTheDay}`).toEqual([]);
  }
});
