/**
 * The tuner against simulated machines with noise: the plan of real runs, the schedule of real threads, and a cost for every
 * row, batch, thread and switch between threads.
 */
import { expect, test } from 'vitest';
import { planBatches } from '../../src/indexing/plan.js';
import {
  type Observation,
  type Setting,
  type Step,
  startTuning,
  type TunerState,
  tune,
} from '../../src/indexing/tuning/tuner.js';
import { layOutMatrix } from '../../src/memory/matrix-memory.js';
import { scheduleBatches } from '../../src/reporting/schedule.js';
import type { RowGroup } from '../../src/vectors/source-rows.js';
import { seededRandom } from './support.js';

interface Machine {
  readonly processors: number;
  readonly groups: readonly RowGroup[];
  /** Of a row, by dims. */
  readonly nsPerVector: (dims: number) => number;
  /** Share by which runs differ, and batches. */
  readonly noise: number;
}

const sortedNs = (dims: number) => 10 + 0.2 * dims + 0.025 * dims * Math.log2(dims + 1) ** 2;
/** A batch costs a claim, a record, two looks at the clock, its share of the plan and of the report. */
const BATCH_MS = 0.002;
/** From the call to the first claim, and from the last thread's answer to the result. */
const DISPATCH_MS = 0.15;
const THREAD_MS = 0.03;
/** What a processor loses to switching for every thread beyond the first. */
const SWITCH_SHARE = 0.03;

/** Normally distributed, mean 0 and deviation 1. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A run, with noise where `random` is given. */
function simulate(machine: Machine, { threads, batchSize }: Setting, random?: () => number): Observation {
  const noise = (scale: number) => (random ? Math.exp(scale * machine.noise * gaussian(random)) : 1);
  const rows = machine.groups.reduce((sum, { count }) => sum + count, 0);
  const { batches } = planBatches({
    groups: layOutMatrix(machine.groups, threads).groups,
    threads,
    batchSize,
    maxBatchSize: Math.max(50, Math.floor(rows / threads)),
    nsPerVector: machine.nsPerVector,
    lanes: 4,
    clockTickNs: 0,
  });
  const perProcessor = Math.max(1, Math.min(threads, batches.length) / machine.processors);
  const slowdown = perProcessor * (1 + SWITCH_SHARE * (perProcessor - 1)) * noise(1);
  const scheduled = batches.map(({ count, dims }) => {
    // Four rows at a time, of which some may be missing.
    const ms = (Math.ceil(count / 4) * 4 * machine.nsPerVector(dims)) / 1e6;
    return { busyMs: (ms + BATCH_MS / 2) * slowdown * noise(2), readyMs: 0 };
  });
  const starts = Array.from({ length: threads }, (_, i) => THREAD_MS * (i + 1));
  const schedule = scheduleBatches(scheduled, starts, (BATCH_MS / 2) * slowdown);
  const busy = schedule.map(({ busyMs }) => busyMs);
  const timeMs = Math.max(...schedule.map(({ endedAtMs }) => endedAtMs)) + DISPATCH_MS;
  const components = machine.groups.reduce((sum, { count, dims }) => sum + count * dims, 0);
  return {
    rate: components / timeMs,
    vectorsPerSecond: (1000 * rows) / timeMs,
    threadEfficiency: Math.min(...busy) / Math.max(...busy),
    batchSize: batches.reduce((most, { count }) => Math.max(most, count), 0),
    batches: batches.length,
    batchMs: busy.reduce((sum, ms) => sum + ms, 0) / batches.length,
    availableThreads: machine.processors,
  };
}

function runs(machine: Machine, given: Setting, count: number, seed: number): { state: TunerState; steps: Step[] } {
  const random = seededRandom(seed);
  const steps: Step[] = [];
  let state = startTuning(given);
  for (let run = 0; run < count; run++) {
    const step = tune(state, simulate(machine, state.setting, random));
    steps.push(step);
    state = step.state;
  }
  return { state, steps };
}

/** Rate of the best setting that stays as it is, without noise. */
function bestRate(machine: Machine, most: number): number {
  const rows = machine.groups.reduce((sum, { count }) => sum + count, 0);
  const sizes: (number | undefined)[] = [undefined];
  for (let size = 1; size < 2 * rows; size *= 2) sizes.push(Math.min(size, rows));
  let best = 0;
  for (let threads = 1; threads <= most; threads++) {
    for (const batchSize of sizes) best = Math.max(best, simulate(machine, { threads, batchSize }).rate);
  }
  return best;
}

const uniform = (count: number, dims: number) => [{ dims, count }];
const ragged = [
  { dims: 64, count: 12_000 },
  { dims: 512, count: 3000 },
  { dims: 4096, count: 300 },
];
const total = ragged.reduce((sum, { count }) => sum + count, 0);

const starts: [string, number, Setting, readonly RowGroup[]][] = [
  ['batches of 1', 2, { threads: 2, batchSize: 1 }, uniform(20_000, 128)],
  ['batches of 1 on 8 processors', 8, { threads: 8, batchSize: 1 }, uniform(50_000, 64)],
  ['one batch of everything', 2, { threads: 2, batchSize: 20_000 }, uniform(20_000, 128)],
  ['one batch of everything on 8 processors', 8, { threads: 8, batchSize: 50_000 }, uniform(50_000, 384)],
  ['8 threads on 2 processors', 2, { threads: 8, batchSize: undefined }, uniform(20_000, 128)],
  ['8 threads on 2 processors, batches of 1', 2, { threads: 8, batchSize: 1 }, uniform(20_000, 128)],
  ['8 threads on 2 processors, everything', 2, { threads: 8, batchSize: 20_000 }, uniform(20_000, 128)],
  ['ragged, chosen', 2, { threads: 2, batchSize: undefined }, ragged],
  ['ragged, batches of 1', 4, { threads: 4, batchSize: 1 }, ragged],
  ['ragged, everything', 4, { threads: 4, batchSize: total }, ragged],
  ['ragged, 8 threads on 2 processors, everything', 2, { threads: 8, batchSize: total }, ragged],
];

test.each(starts)('from %s it comes to 0.95 of the best within five runs', (_, processors, given, groups) => {
  const machine: Machine = { processors, groups, nsPerVector: sortedNs, noise: 0.03 };
  const best = bestRate(machine, given.threads);
  const short: string[] = [];
  for (let seed = 1; seed <= 100; seed++) {
    const { state } = runs(machine, given, 5, seed);
    const share = simulate(machine, state.setting).rate / best;
    if (share < 0.95) short.push(`seed ${seed}: ${share.toFixed(3)} with ${JSON.stringify(state.setting)}`);
  }
  expect(short).toEqual([]);
});

test.each([
  ['2 threads, chosen batches', 2, { threads: 2, batchSize: undefined }, uniform(20_000, 128)],
  ['8 threads on 8 processors', 8, { threads: 8, batchSize: undefined }, uniform(100_000, 128)],
  ['ragged', 4, { threads: 4, batchSize: undefined }, ragged],
  ['a batch size that can be right', 2, { threads: 2, batchSize: 2048 }, uniform(50_000, 128)],
])('a steady load keeps what it has: %s', (_, processors, given, groups) => {
  for (let seed = 1; seed <= 50; seed++) {
    const { state, steps } = runs({ processors, groups, nsPerVector: sortedNs, noise: 0.03 }, given, 40, seed);
    expect(state.setting).toEqual(given);
    expect(steps.flatMap(({ begun }) => begun)).toEqual([]);
  }
});

const observed: Observation = {
  rate: 1000,
  vectorsPerSecond: 10_000,
  threadEfficiency: 0.9,
  batchSize: 400,
  batches: 100,
  batchMs: 4,
  availableThreads: 8,
};

/** Steps through runs observed as given, one after another. */
function through(given: Setting, ...observations: readonly Partial<Observation>[]): Step[] {
  let state = startTuning(given);
  return observations.map((changes) => {
    const step = tune(state, { ...observed, ...changes });
    state = step.state;
    return step;
  });
}

test('low efficiency sheds threads, by halves, never below two', () => {
  const low = { threadEfficiency: 0.59 };
  const steps = through({ threads: 8, batchSize: undefined }, low, low, low, low);
  expect(steps.map(({ begun }) => begun)).toEqual([['fewer threads'], [], ['fewer threads'], []]);
  // The same rate is near enough to the bound to be measured twice.
  expect(steps.map(({ state }) => state.setting.threads)).toEqual([4, 4, 2, 2]);
  const two = through({ threads: 2, batchSize: undefined }, low, low, low);
  expect(two.flatMap(({ begun }) => begun)).toEqual([]);
  expect(through({ threads: 8, batchSize: undefined }, { threadEfficiency: 0.6 })[0]!.begun).toEqual([]);
});

test('what did not help is taken back, and not tried again', () => {
  const low = { threadEfficiency: 0.3 };
  const steps = through({ threads: 8, batchSize: undefined }, low, { ...low, rate: 700 }, low, low, low);
  expect(steps[1]).toMatchObject({ verdict: { effect: 0.7, kept: false }, begun: [] });
  expect(steps[1]!.state.setting).toEqual({ threads: 8, batchSize: undefined });
  expect(steps.slice(2).flatMap(({ begun }) => begun)).toEqual([]);
});

test('an effect near the bound is measured twice, and judged by the mean', () => {
  const given = { threads: 3, batchSize: undefined };
  const low = { threadEfficiency: 0.3 };
  const [, near, kept] = through(given, low, { ...low, rate: 950 }, { ...low, rate: 1010 });
  expect(near!.verdict).toBeUndefined();
  expect(near!.state.setting.threads).toBe(2);
  expect(kept!.verdict).toEqual({ effect: 0.98, kept: true });
  const [, , taken] = through(given, low, { ...low, rate: 950 }, { ...low, rate: 960 });
  expect(taken!.verdict).toEqual({ effect: 0.955, kept: false });
  const [, clear] = through(given, low, { ...low, rate: 1100 });
  expect(clear!.verdict).toEqual({ effect: 1.1, kept: true });
});

test('threads that were shed come back where they are busy and gain', () => {
  const low = { threadEfficiency: 0.3 };
  const steps = through({ threads: 8, batchSize: undefined }, low, { rate: 1100 }, { rate: 2000 }, { rate: 2000 });
  expect(steps[1]!.begun).toEqual(['more threads']);
  expect(steps[1]!.state.setting.threads).toBe(8);
  expect(steps[2]!.verdict).toMatchObject({ kept: true });
  expect(steps[3]!.begun).toEqual([]);
});

test('below 50 vectors per second the size of batches is looked at, both ways, as far as it helps', () => {
  const slow = (rate: number) => ({ rate, vectorsPerSecond: 49, batchSize: 64, batches: 400 });
  const given = { threads: 2, batchSize: undefined };
  const steps = through(
    given,
    slow(100),
    { ...slow(150), batchSize: 32 },
    { ...slow(120), batchSize: 16 },
    { ...slow(150), batchSize: 32 },
    { ...slow(100), batchSize: 64 },
    { ...slow(150), batchSize: 32 },
  );
  expect(steps[0]).toMatchObject({ begun: ['smaller batches'], analyzed: true });
  expect(steps[0]!.state.setting.batchSize).toBe(32);
  expect(steps[1]).toMatchObject({ verdict: { effect: 1.5, kept: true }, begun: ['smaller batches'] });
  // Half of half lost; then the other way.
  expect(steps[2]).toMatchObject({ verdict: { effect: 0.8, kept: false } });
  expect(steps[2]!.state.setting.batchSize).toBe(32);
  expect(steps[3]).toMatchObject({ begun: ['larger batches'] });
  expect(steps[4]).toMatchObject({ verdict: { kept: false } });
  expect(steps[5]).toMatchObject({ begun: [] });
  expect(steps[5]!.state.setting.batchSize).toBe(32);
  expect(through(given, { vectorsPerSecond: 50 })[0]).toMatchObject({ begun: [], analyzed: false });
});

test('fallen throughput, twice in a row, has the size of batches looked at', () => {
  const given = { threads: 2, batchSize: undefined };
  const once = through(given, {}, {}, { rate: 700 }, {}, { rate: 700 }, {});
  expect(once.flatMap(({ begun }) => begun)).toEqual([]);
  const steps = through(given, {}, {}, { rate: 700 }, { rate: 700 }, { rate: 980 });
  expect(steps[3]).toMatchObject({ begun: ['smaller batches'], analyzed: true });
  expect(steps[4]).toMatchObject({ verdict: { effect: 1.4, kept: true } });
});

test('where nothing helps, it gives up', () => {
  const bad = { vectorsPerSecond: 1, threadEfficiency: 0.1, rate: 1000 };
  for (const rates of [[1], [1, 1.2], [1, 0.5, 1.1]]) {
    const observations = Array.from({ length: 200 }, (_, i) => ({ ...bad, rate: 1000 * rates[i % rates.length]! }));
    const steps = through({ threads: 8, batchSize: 64 }, ...observations);
    expect(steps.slice(60).flatMap(({ begun }) => begun)).toEqual([]);
  }
});

test('settings stay within what the caller gave and what can be', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const given = {
      threads: 1 + Math.floor(8 * random()),
      batchSize: random() < 0.5 ? undefined : 1 + Math.floor(1000 * random()),
    };
    let state = startTuning(given);
    for (let run = 0; run < 60; run++) {
      const { setting } = state;
      const step = tune(state, {
        rate: 10 ** (4 * random()),
        vectorsPerSecond: 10 ** (5 * random()),
        threadEfficiency: random(),
        batchSize: setting.batchSize ?? 1 + Math.floor(1000 * random()),
        batches: 1 + Math.floor(100 * random()),
        batchMs: 10 ** (4 * random() - 3),
        availableThreads: 1 + Math.floor(8 * random()),
      });
      state = step.state;
      expect(state.setting.threads).toBeGreaterThanOrEqual(1);
      expect(state.setting.threads).toBeLessThanOrEqual(given.threads);
      const size = state.setting.batchSize ?? 1;
      expect(Number.isInteger(size) && size >= 1).toBe(true);
      // One judgement, at most, and what is begun is in force.
      if (step.begun.length > 0) expect(state.trial?.actions).toEqual(step.begun);
      if (step.verdict && !step.verdict.kept) expect(state.setting).toEqual(stateBefore(step, state));
    }
  }
});

function stateBefore({ state: { setting } }: Step, state: TunerState): Setting {
  return state.trial ? state.trial.before : setting;
}
