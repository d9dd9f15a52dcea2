import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AlertRule, MonitorUpdate } from '../../src/monitoring/monitor-update.js';
import { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';
import { RealTimeMonitor, type RealTimeMonitorOptions } from '../../src/monitoring/real-time-monitor.js';
import { SimulatedRun } from './simulated-run.js';

// The clock is that of the simulated timers.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

type Update = MonitorUpdate<string>;

function watching(options: RealTimeMonitorOptions = {}) {
  const monitor = new PerformanceMonitor();
  const realTime = new RealTimeMonitor<string>(monitor, options);
  const seen: Update[] = [];
  for (const type of ['progress', 'metric', 'alert', 'degradation', 'report'] as const) {
    realTime.on(type, (update) => seen.push(update));
  }
  return { monitor, realTime, seen };
}

const of = <Type extends Update['type']>(seen: readonly Update[], type: Type) =>
  seen.filter((update): update is Extract<Update, { type: Type }> => update.type === type);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

async function readAll(updates: AsyncIterable<Update>): Promise<Update[]> {
  const all: Update[] = [];
  for await (const update of updates) all.push(update);
  return all;
}

test('an update every 100 ms from start to stop, and one at the stop', async () => {
  const { realTime, seen } = watching();
  await pass(1000);
  expect(seen).toEqual([]);
  realTime.start();
  realTime.start();
  await pass(950);
  expect(seen.map(({ type }) => type)).toEqual(new Array(9).fill('metric'));
  realTime.stop();
  realTime.stop();
  await pass(1000);
  expect(seen).toHaveLength(10);
  expect(of(seen, 'metric').map(({ stats }) => stats.uptimeMs)).toEqual([...new Array(9).fill(100), 50]);
  realTime.start();
  await pass(100);
  expect(seen).toHaveLength(11);
  realTime.stop();
});

test('every record is in one window, and beside it is the lifetime', async () => {
  const { monitor, realTime, seen } = watching();
  monitor.recordQueryTime(9);
  realTime.start();
  for (let i = 0; i < 7; i++) {
    monitor.recordQueryTime(i);
    if (i % 3 === 0) monitor.recordIndexTime(i);
    await pass(60);
  }
  monitor.recordQueryTime(40);
  realTime.stop();
  monitor.recordQueryTime(1000);
  const metrics = of(seen, 'metric');
  expect(sum(metrics.map(({ stats }) => stats.totalQueries))).toBe(8);
  expect(sum(metrics.map(({ stats }) => stats.totalIndexes))).toBe(3);
  expect(metrics[0]!.stats).toMatchObject({
    totalQueries: 2,
    minQueryTimeMs: 0,
    maxQueryTimeMs: 1,
    queriesPerSecond: 20,
  });
  expect(metrics.at(-1)).toMatchObject({
    stats: { totalQueries: 1, avgQueryTimeMs: 40 },
    lifetime: { totalQueries: 9 },
  });
});

test('resetting the monitor empties the lifetime, not the window', async () => {
  const { monitor, realTime, seen } = watching();
  realTime.start();
  monitor.recordQueryTime(5);
  monitor.reset();
  await pass(100);
  expect(seen).toMatchObject([{ stats: { totalQueries: 1 }, lifetime: { totalQueries: 0 } }]);
  realTime.stop();
});

test('a run of an hour: progress never goes back, reports come at their interval, windows add up to the whole', async () => {
  const { monitor, realTime, seen } = watching();
  const total = 3_600_000;
  const run = new SimulatedRun(monitor, total);
  realTime.start();
  const number = realTime.beginRun(run);
  for (let second = 0; second < 3600; second++) {
    run.advance(total / 3600);
    await pass(1000);
  }
  await run.takeIn();
  realTime.endRun(number);
  realTime.stop();
  const processed = of(seen, 'progress').map((update) => update.processed);
  expect(processed).toHaveLength(36_001);
  expect(processed.every((count, i) => i === 0 || count >= processed[i - 1]!)).toBe(true);
  expect(of(seen, 'progress').filter(({ last }) => last)).toEqual([
    expect.objectContaining({ run: 1, processed: total, total, percent: 100 }),
  ]);
  const reports = of(seen, 'report');
  expect(reports).toHaveLength(120);
  expect(reports[0]).toMatchObject({ run: 1, report: '30000 of 3600000', lifetime: { totalIndexes: 30_000 } });
  for (const { stats } of reports) expect(stats).toMatchObject({ totalIndexes: 30_000, uptimeMs: 30_000 });
  expect(sum(of(seen, 'metric').map(({ stats }) => stats.totalIndexes))).toBe(total);
});

test('reportingIntervalMs is followed, by every run for itself', async () => {
  const { monitor, realTime, seen } = watching({ reportingIntervalMs: 250 });
  realTime.start();
  realTime.beginRun(new SimulatedRun(monitor, 10));
  await pass(200);
  const second = realTime.beginRun(new SimulatedRun(monitor, 20));
  await pass(400);
  realTime.endRun(second);
  await pass(400);
  realTime.stop();
  expect(of(seen, 'report').map(({ run }) => run)).toEqual([1, 2, 1, 1]);
});

test('runs of nothing, of one vector and of a millisecond end on their result', async () => {
  const { monitor, realTime, seen } = watching();
  realTime.start();
  for (const total of [0, 1, 1000]) {
    const run = new SimulatedRun(monitor, total);
    const number = realTime.beginRun(run);
    run.advance(total);
    await pass(1);
    await run.takeIn();
    realTime.endRun(number);
  }
  await pass(100);
  expect(of(seen, 'progress')).toMatchObject([
    { run: 1, processed: 0, total: 0, last: true },
    { run: 2, processed: 1, total: 1, last: true },
    { run: 3, processed: 1000, total: 1000, last: true },
  ]);
  expect(of(seen, 'metric')[0]!.stats.totalIndexes).toBe(1001);
  realTime.stop();
});

test('what a run did before the start is in no window', async () => {
  const { monitor, realTime, seen } = watching({ thresholds: { minVectorsPerSecond: 6000 } });
  const run = new SimulatedRun(monitor, 100_000);
  realTime.beginRun(run);
  run.advance(90_000);
  await pass(100);
  realTime.start();
  await pass(0);
  for (let i = 0; i < 100; i++) {
    run.advance(50);
    await pass(100);
  }
  realTime.stop();
  expect(of(seen, 'metric')[0]).toMatchObject({ stats: { totalIndexes: 50 }, lifetime: { totalIndexes: 90_050 } });
  expect(of(seen, 'alert')).toMatchObject([{ rule: 'throughput', value: 500 }]);
});

/** Records ten queries every 100 ms. */
async function query(monitor: PerformanceMonitor, seconds: number, ...ms: readonly number[]) {
  for (let i = 0; i < 10 * seconds; i++) {
    for (let j = 0; j < 10; j++) monitor.recordQueryTime(ms[j % ms.length]!);
    await pass(100);
  }
}

test('alerts on query times rise once and clear once, and thresholds can be set meanwhile', async () => {
  const { monitor, realTime, seen } = watching();
  realTime.start();
  await query(monitor, 1, 900);
  await query(monitor, 30, 1200);
  await query(monitor, 30, 900);
  expect(of(seen, 'alert')).toMatchObject([
    { rule: 'meanQueryTime', state: 'raised', threshold: 1000 },
    { rule: 'meanQueryTime', state: 'cleared', threshold: 1000 },
  ]);
  expect(() => realTime.setThresholds({ meanQueryTimeMs: Number.NaN })).toThrowError(/thresholds\.meanQueryTimeMs/);
  expect(realTime.thresholds.meanQueryTimeMs).toBe(1000);
  realTime.setThresholds({ meanQueryTimeMs: 5 });
  await query(monitor, 4, 900);
  expect(of(seen, 'alert')).toHaveLength(3);
  // A stop is no clearing: what was raised is still so after the next start.
  realTime.stop();
  realTime.start();
  await query(monitor, 4, 900);
  realTime.setThresholds({ meanQueryTimeMs: 1000 });
  await query(monitor, 1, 900);
  expect(of(seen, 'alert').map(({ state }) => state)).toEqual(['raised', 'cleared', 'raised', 'cleared']);
  realTime.stop();
});

/** What makes each rule hold, in the place of what a steady service does. */
const faults: [AlertRule, { queries?: number[]; indexes?: number[]; stands?: true }][] = [
  ['meanQueryTime', { queries: [1200] }],
  ['meanIndexTime', { indexes: [6000] }],
  ['p99QueryTime', { queries: [...new Array<number>(49).fill(4), 400] }],
  ['p99IndexTime', { indexes: [...new Array<number>(49).fill(0.1), 8] }],
  ['queryTimeVariation', { queries: [1, 200] }],
  ['indexTimeVariation', { indexes: [0.02, 0.2] }],
  ['throughput', { stands: true }],
];

test.each(faults)(
  '%s: a fault of half a minute in a steady service raises it once and clears it once',
  async (rule, fault) => {
    const { monitor, realTime, seen } = watching({ thresholds: { minVectorsPerSecond: 100 } });
    realTime.start();
    // Its own times are recorded elsewhere.
    const run = new SimulatedRun(new PerformanceMonitor(), 1e9);
    const number = realTime.beginRun(run);
    let n = 0;
    const serve = async (seconds: number, { queries = [4], indexes = [0.1], stands }: (typeof faults)[number][1]) => {
      for (let i = 0; i < 10 * seconds; i++) {
        for (let j = 0; j < 50; j++) monitor.recordQueryTime(queries[n++ % queries.length]!);
        for (let j = 0; j < 200; j++) monitor.recordIndexTime(indexes[n++ % indexes.length]!);
        if (!stands) run.advance(200);
        await pass(100);
      }
    };
    await serve(60, {});
    expect([...of(seen, 'alert'), ...of(seen, 'degradation')]).toEqual([]);
    await serve(30, fault);
    expect(of(seen, 'alert').filter((alert) => alert.rule === rule)).toMatchObject([{ state: 'raised' }]);
    await serve(30, {});
    const states = of(seen, 'alert').filter((alert) => alert.rule === rule);
    expect(states.map(({ state }) => state)).toEqual(['raised', 'cleared']);
    // Whatever else rose with it is cleared too.
    const open = of(seen, 'alert').reduce((count, { state }) => count + (state === 'raised' ? 1 : -1), 0);
    expect(open).toBe(0);
    realTime.endRun(number);
    realTime.stop();
  },
);

test('ten seconds that are worse than the ten before are told', async () => {
  const { monitor, realTime, seen } = watching();
  realTime.start();
  const run = new SimulatedRun(monitor, 1e6);
  realTime.beginRun(run);
  for (const [vectors, vectorMs] of [
    [100, 1],
    [100, 1.1],
    [40, 2.5],
    [40, 2.5],
  ] as const) {
    run.vectorMs = vectorMs;
    for (let i = 0; i < 200; i++) {
      run.advance(vectors);
      await pass(100);
    }
  }
  realTime.stop();
  expect(
    of(seen, 'degradation')
      .map(({ figure }) => figure)
      .sort(),
  ).toEqual(['avgIndexTimeMs', 'vectorsPerSecond']);
});

test.each([
  ['stands still', () => 5],
  ['ticks every 100 µs', () => Math.floor(performance.now() * 10) / 10],
])('a clock that %s: updates come, no figure is NaN, and nothing is raised', async (_, clock) => {
  const { monitor, realTime, seen } = watching({ clock, reportingIntervalMs: 0.001 });
  realTime.start();
  const run = new SimulatedRun(monitor, 500);
  const number = realTime.beginRun(run);
  for (let i = 0; i < 5; i++) {
    run.advance(100);
    await pass(100);
  }
  realTime.endRun(number);
  realTime.stop();
  expect(of(seen, 'metric')).toHaveLength(6);
  for (const { stats } of of(seen, 'metric')) expect(Object.values(stats).every(Number.isFinite)).toBe(true);
  expect([...of(seen, 'alert'), ...of(seen, 'degradation')]).toEqual([]);
});

test('a listener that throws or rejects is taken off, its error told once, and everybody else goes on', async () => {
  const errors: unknown[] = [];
  const { realTime, seen } = watching({ onListenerError: (error) => errors.push(error) });
  const calls = { throws: 0, rejects: 0 };
  const reader = readAll(realTime.updates());
  realTime.on('metric', () => {
    calls.throws++;
    throw 'thrown';
  });
  realTime.on('metric', async () => {
    calls.rejects++;
    return Promise.reject('rejected');
  });
  const after: Update[] = [];
  realTime.on('metric', (update) => after.push(update));
  realTime.start();
  await pass(500);
  realTime.stop();
  expect(calls).toEqual({ throws: 1, rejects: 1 });
  expect(errors).toEqual(['thrown', 'rejected']);
  expect([seen.length, after.length, (await reader).length]).toEqual([6, 6, 6]);
});

test('without anybody to hear it, the error of a listener goes to the console', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { realTime } = watching();
  const thrown = new Error('broken');
  realTime.on('metric', () => {
    throw thrown;
  });
  realTime.start();
  await pass(500);
  realTime.stop();
  expect(error.mock.calls).toEqual([[expect.stringContaining('listener'), thrown]]);
  error.mockRestore();
});

test('on and off: a listener hears its type alone, once however often it was added, and nothing after off', async () => {
  const { realTime } = watching();
  const heard: Update[] = [];
  const listener = (update: Update) => heard.push(update);
  realTime.on('metric', listener).on('metric', listener).on('alert', listener).on('progress', listener);
  realTime.start();
  await pass(200);
  realTime.off('metric', listener).off('report', listener);
  await pass(200);
  realTime.stop();
  expect(heard.map(({ type }) => type)).toEqual(['metric', 'metric']);
  expect(() => realTime.on('metrics' as 'metric', listener)).toThrowError(/type must be one of progress, metric/);
  expect(() => realTime.on('metric', 5 as unknown as () => void)).toThrowError(/listener must be a function/);
});

test('a listener may stop the monitor: updates still go out in order, and iterations end after the last', async () => {
  const { monitor, realTime, seen } = watching();
  const reader = readAll(realTime.updates());
  realTime.start();
  realTime.on('alert', () => realTime.stop());
  await query(monitor, 10, 5000);
  expect(seen.slice(-3).map(({ type }) => type)).toEqual(['metric', 'alert', 'metric']);
  expect(await reader).toEqual(seen);
});

test('updates are for each reader, from the call to the stop, also when nobody reads meanwhile', async () => {
  const { monitor, realTime } = watching();
  const early = realTime.updates();
  realTime.start();
  const run = new SimulatedRun(monitor, 10);
  const number = realTime.beginRun(run);
  await pass(300);
  const late = realTime.updates();
  const gone = realTime.updates();
  run.advance(10);
  await query(monitor, 5, 2000);
  for await (const _ of gone) break;
  realTime.endRun(number);
  realTime.stop();
  const types = (await readAll(early)).map(({ type }) => type);
  expect(types).toEqual(['alert', 'progress', 'metric']);
  expect((await readAll(late)).map(({ type }) => type)).toEqual(types);
  expect(await readAll(gone)).toEqual([]);
});

test.each([
  [{ reportingIntervalMs: 0 }, 'reportingIntervalMs'],
  [{ reportingIntervalMs: -1 }, 'reportingIntervalMs'],
  [{ reportingIntervalMs: Number.NaN }, 'reportingIntervalMs'],
  [{ reportingIntervalMs: Number.POSITIVE_INFINITY }, 'reportingIntervalMs'],
  [{ thresholds: { degradation: -0.1 } }, 'thresholds.degradation'],
  [{ interval: 5 }, 'options.interval'],
])('%o is refused by name', (options, name) => {
  expect(() => new RealTimeMonitor(new PerformanceMonitor(), options as RealTimeMonitorOptions)).toThrowError(
    expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringContaining(name) }),
  );
});
