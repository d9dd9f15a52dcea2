/**
 * A trace keeps to the rules of Chrome's trace event format, by which viewers read it, and tells what the report tells.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IndexingPerformanceReport } from '../../src/reporting/report.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { runsOf } from '../seed.js';
import { allParts, anyReportData, noParts, sampleRun } from './report-samples.js';

interface Event {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args: Record<string, number | string>;
}

const sample = () => new IndexingPerformanceReport(summarizeRun(sampleRun(), allParts));

function eventsOf(report: IndexingPerformanceReport): Event[] {
  return JSON.parse(report.toTrace()).traceEvents;
}

/** The rules: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
function expectValid(events: readonly Event[]): void {
  for (const { name, ph, pid, tid, ts, dur, args } of events) {
    expect(['X', 'C', 'M']).toContain(ph);
    expect(name.length).toBeGreaterThan(0);
    for (const number of [pid, tid]) expect(Number.isSafeInteger(number)).toBe(true);
    expect(Number.isFinite(ts)).toBe(true);
    expect(dur !== undefined && Number.isFinite(dur) && dur >= 0, `${name} ${dur}`).toBe(ph === 'X');
    if (ph === 'M') expect(['process_name', 'thread_name', 'thread_sort_index']).toContain(name);
    if (ph === 'C') {
      expect(Object.keys(args)).toHaveLength(1);
      expect(Object.values(args).every((value) => typeof value === 'number')).toBe(true);
    }
  }
  const timed = events.filter(({ ph }) => ph !== 'M');
  for (const [i, { ts }] of timed.entries()) if (i > 0) expect(ts).toBeGreaterThanOrEqual(timed[i - 1]!.ts);
}

test('any report gives a valid trace', () => {
  fc.assert(
    fc.property(anyReportData, (data) => expectValid(eventsOf(new IndexingPerformanceReport(data)))),
    runsOf(300),
  );
});

describe('a trace has', () => {
  const events = eventsOf(sample());
  const named = (name: string) => events.filter((event) => event.name === name);

  test('a named track for the calling thread and for each thread', () => {
    expect(named('process_name').map(({ args }) => args)).toEqual([{ name: 'simdex' }]);
    expect(named('thread_name').map(({ tid, args }) => [tid, args['name']])).toEqual([
      [0, 'Calling thread'],
      [1, 'Thread 0'],
      [2, 'Thread 1'],
    ]);
  });

  test('a slice for each batch, on the track of its thread, in microseconds', () => {
    expect(named('batch').map(({ tid, ts, dur, args }) => ({ tid, ts, dur, ...args }))).toEqual(
      sample().batches.map(({ threadId, claimedAtMs, endedAtMs, vectors, dims, rejected }, claim) => ({
        tid: threadId + 1,
        ts: claimedAtMs * 1000,
        dur: (endedAtMs - claimedAtMs) * 1000,
        claim,
        vectors,
        dims,
        rejected,
      })),
    );
  });

  test('the run, and copying in inside of it, on the track of the calling thread', () => {
    expect(named('run')).toMatchObject([{ tid: 0, ts: 0, dur: 500_000, args: { vectors: 1200, rejected: 3 } }]);
    expect(named('copying in')).toMatchObject([{ tid: 0, ts: 0, dur: 90_000, args: { bytes: 38_496, busyMs: 30 } }]);
    const late = new IndexingPerformanceReport({ ...sample(), copyIn: { bytes: 1, busyMs: 1, endedAtMs: 501 } });
    expect(eventsOf(late).find(({ name }) => name === 'copying in')!.dur).toBe(500_000);
  });

  test('the depth of the queue, sample for sample', () => {
    expect(named('queue depth').map(({ ts, args }) => ({ atMs: ts / 1000, depth: args['batches'] }))).toEqual(
      sample().queueDepth!.samples,
    );
  });

  test('throughput that holds every vector', () => {
    const counters = named('throughput').map(({ ts, args }) => ({ ts, rate: Number(args['vectors/s']) }));
    expect(counters.at(-1)).toEqual({ ts: 500_000, rate: 0 });
    const vectors = counters.slice(1).map(({ ts }, i) => (counters[i]!.rate * (ts - counters[i]!.ts)) / 1e6);
    expect(vectors.reduce((a, b) => a + b)).toBeCloseTo(1200, 6);
  });

  test('no counters of what was switched off', () => {
    const without = eventsOf(new IndexingPerformanceReport(summarizeRun(sampleRun(), noParts)));
    expect(without.map(({ name }) => name)).not.toContain('queue depth');
  });
});
