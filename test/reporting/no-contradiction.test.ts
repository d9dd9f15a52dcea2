/**
 * Of any run: headline, score, bottlenecks and recommendations of its report say the same.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lossesOf } from '../../src/reporting/losses.js';
import { IndexingPerformanceReport } from '../../src/reporting/report.js';
import type { BatchSample, RunConditions } from '../../src/reporting/report-data.js';
import { type MeasuredRun, summarizeRun } from '../../src/reporting/summarize-run.js';
import { runsOf } from '../seed.js';
import { allParts, sampleRun, timesOf } from './report-samples.js';

/** In 64ths, so that sums of them are exact and rounding decides nothing. */
const msUpTo = (most: number) => fc.integer({ min: 1, max: 64 * most }).map((n) => n / 64);

const span = fc.record({
  threadId: fc.nat({ max: 3 }),
  vectors: fc.integer({ min: 1, max: 400 }),
  gapMs: msUpTo(30),
  busyMs: fc.oneof(msUpTo(2), msUpTo(300)),
});

const anyRun: fc.Arbitrary<MeasuredRun> = fc
  .record({
    threads: fc.integer({ min: 1, max: 4 }),
    spans: fc.array(span, { minLength: 1, maxLength: 12 }),
    restMs: msUpTo(50),
    waitedMs: fc.oneof(fc.constant(0), msUpTo(500)),
    startedThreads: fc.constantFrom(0, 4),
    freshBytes: fc.constantFrom(0, 1e8),
    availableThreads: fc.integer({ min: 1, max: 4 }),
    cpuShare: fc.constantFrom(0, 0.25, 0.5, 1),
    memoryBytesPerMs: fc.option(fc.constantFrom(1e3, 1e7), { nil: undefined }),
    copies: fc.boolean(),
  })
  .map((given) => {
    const { threads, waitedMs, copies, memoryBytesPerMs } = given;
    const freeAt = new Array<number>(threads).fill(waitedMs);
    const batches: BatchSample[] = given.spans.map(({ threadId: anyThread, vectors, gapMs, busyMs }) => {
      const threadId = anyThread % threads;
      const claimedAtMs = freeAt[threadId]! + gapMs;
      freeAt[threadId] = claimedAtMs + busyMs;
      return { threadId, vectors, dims: 64, rejected: 0, claimedAtMs, endedAtMs: freeAt[threadId]! };
    });
    batches.sort((a, b) => a.claimedAtMs - b.claimedAtMs);
    const totalTimeMs = Math.max(...freeAt) + given.restMs;
    const busy = batches.reduce((sum, { claimedAtMs, endedAtMs }) => sum + endedAtMs - claimedAtMs, 0);
    const conditions: RunConditions = {
      runs: 1,
      startedThreads: given.startedThreads,
      freshBytes: given.freshBytes,
      availableThreads: given.availableThreads,
      cpuMs: busy * given.cpuShare,
      memory:
        memoryBytesPerMs === undefined
          ? undefined
          : { bytesPerMs: memoryBytesPerMs, firstTouchBytesPerMs: 1e6, oneThreadShare: 0.6 },
    };
    const copyEnd = waitedMs + (totalTimeMs - waitedMs) / 2;
    const copyIn = copies ? { bytes: 1e6, busyMs: copyEnd - waitedMs, endedAtMs: copyEnd } : undefined;
    return {
      ...sampleRun(),
      totalTimeMs,
      waitedMs,
      batchSize: Math.max(...batches.map(({ vectors }) => vectors)),
      batchCount: batches.length,
      batches,
      conditions,
      copyIn,
      losses: lossesOf({ totalTimeMs, waitedMs, threads, batches, copyIn, conditions }),
      threads: Array.from({ length: threads }, (_, threadId) => {
        const own = batches.filter((each) => each.threadId === threadId);
        return {
          busyMs: own.reduce((sum, { claimedAtMs, endedAtMs }) => sum + endedAtMs - claimedAtMs, 0),
          indexTimes: timesOf(...own.map((each) => [each.endedAtMs - each.claimedAtMs, each.vectors] as const)),
        };
      }),
    };
  });

const PRAISE = 'Performance looks good. No specific optimizations recommended.';
const NO_GAIN = /^Thread efficiency was/;
const BALANCE = /^(Low thread efficiency|Moderate thread efficiency|High thread time variance)/;

test('whatever the run, no two parts of its report contradict each other', () => {
  fc.assert(
    fc.property(anyRun, (run) => {
      const report = new IndexingPerformanceReport(summarizeRun(run, allParts));
      const { recommendations, bottlenecks, threadEfficiency, totalTimeMs, waitedMs } = report;
      const runMs = totalTimeMs - waitedMs;
      const names = bottlenecks.map(({ name }) => name);
      // Praise stands alone.
      if (recommendations.includes(PRAISE)) expect([recommendations, names]).toEqual([[PRAISE], []]);
      // Every cause is among the recommendations.
      for (const { recommendation } of bottlenecks) expect(recommendations).toContain(recommendation);
      // Where balancing gains nothing, nothing asks for it.
      if (recommendations.some((text) => NO_GAIN.test(text))) {
        expect(recommendations.filter((text) => BALANCE.test(text))).toEqual([]);
        expect(names).not.toContain('imbalance');
      }
      const gain = run.losses!.balancingGainMs;
      const worth = gain >= 20 && gain >= 0.05 * runMs;
      if (!worth) expect(recommendations.filter((text) => BALANCE.test(text))).toEqual([]);
      if (names.includes('imbalance')) expect(worth).toBe(true);
      // No two numbers of threads.
      const threads = recommendations.flatMap((text) => [...text.matchAll(/Use (\d+) thread/g)].map(([, n]) => n));
      expect(new Set(threads).size).toBeLessThanOrEqual(1);
      // The score, and what took points from it.
      const deductions = report.scoreDeductions();
      expect(deductions.reduce((score, { points }) => score - points, 100)).toBe(report.calculatePerformanceScore());
      expect(deductions.some(({ reason }) => reason.startsWith('thread efficiency'))).toBe(threadEfficiency < 0.9);
      // What comes first on the page is one of them, and the causes are of the run itself.
      const [, advice] = /<p class="advice">([^<]*)/.exec(report.toHtml())!;
      expect(recommendations.map((text) => text.replaceAll("'", '&#39;'))).toContain(advice!.trim());
      for (const { share, lostMs } of bottlenecks)
        expect([share <= 1, lostMs <= runMs * share + 1e-6 || share === 1]).toEqual([true, true]);
    }),
    runsOf(400),
  );
});

test('waiting for others changes no rule: the same run, begun later, says the same', () => {
  fc.assert(
    fc.property(anyRun, msUpTo(1000), (run, laterMs) => {
      const later: MeasuredRun = {
        ...run,
        totalTimeMs: run.totalTimeMs + laterMs,
        waitedMs: (run.waitedMs ?? 0) + laterMs,
        batches: run.batches.map((each) => {
          return { ...each, claimedAtMs: each.claimedAtMs + laterMs, endedAtMs: each.endedAtMs + laterMs };
        }),
        copyIn: run.copyIn && { ...run.copyIn, endedAtMs: run.copyIn.endedAtMs + laterMs },
      };
      const { totalTimeMs, waitedMs, batches, copyIn } = later;
      const conditions = run.conditions!;
      const losses = lossesOf({ totalTimeMs, waitedMs, threads: run.threads.length, batches, copyIn, conditions });
      const before = summarizeRun(run, allParts);
      const after = summarizeRun({ ...later, losses }, allParts);
      expect(after.bottlenecks.map(({ name }) => name)).toEqual(before.bottlenecks.map(({ name }) => name));
      expect(Math.abs(after.vectorsPerSecond - before.vectorsPerSecond)).toBeLessThanOrEqual(
        1e-6 * before.vectorsPerSecond,
      );
      expect(after.recommendations).toHaveLength(before.recommendations.length);
    }),
    runsOf(200),
  );
});
