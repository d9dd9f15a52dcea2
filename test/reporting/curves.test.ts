import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExponentialHistogram } from '../../src/monitoring/exponential-histogram.js';
import {
  bucketRange,
  busyStretches,
  distributionBars,
  thinCurve,
  throughputSpans,
} from '../../src/reporting/curves.js';
import type { BatchSample } from '../../src/reporting/report-data.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { allParts, sampleRun } from './report-samples.js';

const data = () => summarizeRun(sampleRun(), allParts);

/** Batches of a run of 1,000 ms. */
const someBatches = fc.array(
  fc.record({
    threadId: fc.nat({ max: 3 }),
    vectors: fc.integer({ min: 1, max: 500 }),
    dims: fc.constant(8),
    rejected: fc.constant(0),
    claimedAtMs: fc.double({ min: 0, max: 990, noNaN: true }),
    lasted: fc.double({ min: 0, max: 10, noNaN: true }),
  }),
  { minLength: 1, maxLength: 200 },
);

describe('throughput over time', () => {
  test('each batch counts evenly over the time it took', () => {
    // Three batches, hence three spans of 500/3 ms.
    const spans = throughputSpans(data());
    const width = 500 / 3;
    const batches = [
      { from: 0, to: 150, vectors: 300 },
      { from: 100, to: 420, vectors: 600 },
      { from: 150, to: 400, vectors: 300 },
    ];
    const overlap = (from: number, to: number, i: number) =>
      Math.max(0, Math.min(to, (i + 1) * width) - Math.max(from, i * width));
    expect(spans).toHaveLength(3);
    spans.forEach(({ fromMs, toMs, vectorsPerSecond }, i) => {
      const expected = batches.reduce(
        (sum, { from, to, vectors }) => sum + (vectors * overlap(from, to, i)) / (to - from),
        0,
      );
      expect(fromMs).toBeCloseTo(i * width, 9);
      expect(toMs).toBeCloseTo((i + 1) * width, 9);
      expect(vectorsPerSecond).toBeCloseTo((1000 * expected) / width, 6);
    });
  });

  test('all spans together hold every vector once, whatever the batches', () => {
    fc.assert(
      fc.property(someBatches, fc.boolean(), (drawn, thinned) => {
        const batches: BatchSample[] = drawn.map(({ lasted, ...batch }) => ({
          ...batch,
          endedAtMs: batch.claimedAtMs + lasted,
        }));
        const total = batches.reduce((sum, { vectors }) => sum + vectors, 0);
        const ends = [...batches].sort((a, b) => a.endedAtMs - b.endedAtMs);
        let sum = 0;
        const completed = ends.map(({ endedAtMs, vectors }) => {
          sum += vectors;
          return { atMs: endedAtMs, vectors: sum };
        });
        const spans = throughputSpans({
          ...data(),
          totalTimeMs: 1000,
          totalVectors: total,
          // Of a long stream not all batches are kept.
          batches: thinned ? batches.slice(1) : batches,
          completed,
        });
        const held = spans.reduce((all, span) => all + (span.vectorsPerSecond * (span.toMs - span.fromMs)) / 1000, 0);
        expect(held).toBeCloseTo(total, 6);
        expect(spans.length).toBeLessThanOrEqual(60);
        for (const { vectorsPerSecond } of spans) expect(vectorsPerSecond).toBeGreaterThan(-1e-9);
      }),
    );
  });

  test('a run of no time or no batch has none', () => {
    expect(throughputSpans({ ...data(), totalTimeMs: 0 })).toEqual([]);
    expect(throughputSpans({ ...data(), totalVectors: 0, batches: [], completed: [] })).toEqual([]);
  });
});

describe('bars of a distribution', () => {
  test('hold every value between their bounds, and no more bars than asked for', () => {
    const value = fc.oneof(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), fc.constantFrom(1, 2, 1.5));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 100 }),
        fc.integer({ min: 2, max: 64 }),
        (values, most) => {
          const histogram = new ExponentialHistogram();
          for (const one of values) histogram.record(one, 1);
          const bars = distributionBars(histogram.snapshot(), most);
          expect(bars.length).toBeLessThanOrEqual(most);
          bars.forEach(({ from, to, count }, i) => {
            // A value within one rounding of a bound may lie beside it.
            const sure = values.filter((one) => one > from * (1 + 1e-12) && one <= to * (1 - 1e-12)).length;
            const possible = values.filter((one) => one > from * (1 - 1e-12) && one <= to * (1 + 1e-12)).length;
            expect(count).toBeGreaterThanOrEqual(sure);
            expect(count).toBeLessThanOrEqual(possible);
            if (i > 0) expect(from).toBe(bars[i - 1]!.to);
          });
          expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        },
      ),
    );
  });

  test('are the same for several histograms with one range', () => {
    const low = { zeros: 0, buckets: [{ bucket: -100, count: 4 }] };
    const high = { zeros: 2, buckets: [{ bucket: 500, count: 1 }] };
    const range = bucketRange([low.buckets, high.buckets]);
    const bounds = (histogram: typeof low) => distributionBars(histogram, 32, range).map(({ from, to }) => [from, to]);
    expect(bounds(low)).toEqual(bounds(high));
    expect(distributionBars({ zeros: 3, buckets: [] }, 32)).toEqual([]);
  });
});

describe('stretches of batches', () => {
  const batch = (threadId: number, claimedAtMs: number, endedAtMs: number): BatchSample => ({
    threadId,
    vectors: 10,
    dims: 8,
    rejected: 0,
    claimedAtMs,
    endedAtMs,
  });
  const batches = [batch(0, 0, 5), batch(1, 1, 3), batch(0, 5.5, 8), batch(1, 7, 9), batch(0, 8, 9)];

  test('are the batches themselves', () => {
    expect(busyStretches(batches, undefined)).toEqual(
      batches.map(({ threadId, claimedAtMs, endedAtMs }) => ({
        threadId,
        fromMs: claimedAtMs,
        toMs: endedAtMs,
        batches: 1,
        vectors: 10,
      })),
    );
  });

  test('or those of a thread without a gap between them', () => {
    expect(busyStretches(batches, 1)).toEqual([
      { threadId: 0, fromMs: 0, toMs: 9, batches: 3, vectors: 30 },
      { threadId: 1, fromMs: 1, toMs: 3, batches: 1, vectors: 10 },
      { threadId: 1, fromMs: 7, toMs: 9, batches: 1, vectors: 10 },
    ]);
  });
});

describe('a curve of many points', () => {
  const point = fc.record({ x: fc.double({ min: 0, max: 1e6, noNaN: true }), y: fc.double({ noNaN: true }) });

  test('keeps some of its points, in order, and its ends and peaks', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 400 }), (points) => {
        points.sort((a, b) => a.x - b.x);
        const thin = thinCurve(points, 40);
        expect(thin.length).toBeLessThanOrEqual(Math.max(40, 4 * 11));
        const places = thin.map((one) => points.indexOf(one));
        expect(places).toEqual([...places].sort((a, b) => a - b));
        expect(new Set(places).size).toBe(thin.length);
        expect(thin[0]!.x).toBe(points[0]!.x);
        expect(thin.at(-1)).toBe(points.at(-1));
        expect(Math.max(...thin.map(({ y }) => y))).toBe(Math.max(...points.map(({ y }) => y)));
        expect(Math.min(...thin.map(({ y }) => y))).toBe(Math.min(...points.map(({ y }) => y)));
      }),
    );
  });

  test('keeps all of them where they are few', () => {
    const points = Array.from({ length: 40 }, (_, i) => ({ x: i, y: i % 3 }));
    expect(thinCurve(points, 40)).toBe(points);
  });
});
