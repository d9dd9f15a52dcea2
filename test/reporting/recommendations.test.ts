import { describe, expect, test } from 'vitest';
import { type RecommendationFigures, recommend } from '../../src/reporting/recommendations.js';

const indexTime = { count: 100, meanMs: 10, p50Ms: 10, p95Ms: 12, p99Ms: 12, minMs: 8, maxMs: 12, stdDevMs: 1 };
/** A run of a second in which better balancing, or faster slow groups, would gain enough. */
const good: RecommendationFigures = {
  runMs: 1000,
  threadEfficiency: 1,
  threadTimeRatio: 1,
  balancingGainMs: 50,
  vectorsPerSecond: 1000,
  indexTime,
  timingGroups: 500,
  slowGroupsMs: 50,
  bottlenecks: [],
};

const praise = 'Performance looks good. No specific optimizations recommended.';
const lowEfficiency = (percent: string) =>
  `Low thread efficiency (${percent}%). Consider rebalancing work distribution or adjusting batch sizes.`;
const moderateEfficiency = (percent: string) =>
  `Moderate thread efficiency (${percent}%). Smaller batches would improve load balancing.`;
const lowThroughput = (rate: string) =>
  `Low throughput (${rate} vectors/sec). Consider optimizing vector processing or increasing parallelism.`;
const highVariance = (ratio: string) =>
  `High thread time variance (max/min ratio: ${ratio}). Consider dynamic load balancing.`;
const highMean = 'Average indexing time is high. Consider reducing batch size or optimizing vector processing.';
const highP99 = 'High P99 latency detected. Consider investigating outlier processing or memory allocation patterns.';

test('a good run is praised', () => {
  expect(recommend(good)).toEqual([praise]);
});

test.each([
  [0, lowEfficiency('0.0')],
  [0.654321, lowEfficiency('65.4')],
  [0.7 - 2 ** -53, lowEfficiency('70.0')],
  [0.7, moderateEfficiency('70.0')],
  [0.75, moderateEfficiency('75.0')],
  [0.8 - 2 ** -53, moderateEfficiency('80.0')],
  [0.8, praise],
  [1, praise],
])('thread efficiency %d', (threadEfficiency, sentence) => {
  expect(recommend({ ...good, threadEfficiency })).toEqual([sentence]);
});

test.each([
  [0, lowThroughput('0.0')],
  [12.345, lowThroughput('12.3')],
  [100 - 2 ** -46, lowThroughput('100.0')],
  [100, praise],
  [100.1, praise],
])('throughput %d', (vectorsPerSecond, sentence) => {
  expect(recommend({ ...good, vectorsPerSecond })).toEqual([sentence]);
});

test.each([
  [1, praise],
  [2 - 2 ** -52, praise],
  [2, praise],
  [2 + 2 ** -51, highVariance('2.0')],
  [3.75, highVariance('3.8')],
])('thread time ratio %d', (threadTimeRatio, sentence) => {
  expect(recommend({ ...good, threadTimeRatio })).toEqual([sentence]);
});

test.each([
  [50 - 2 ** -47, praise],
  [50, praise],
  [50 + 2 ** -47, highMean],
])('mean index time %d', (meanMs, sentence) => {
  expect(recommend({ ...good, indexTime: { ...indexTime, meanMs, p99Ms: meanMs } })).toEqual([sentence]);
});

test.each([
  [30 - 2 ** -48, praise],
  [30, praise],
  [30 + 2 ** -48, highP99],
])('p99 of %d with a mean of 10', (p99Ms, sentence) => {
  expect(recommend({ ...good, indexTime: { ...indexTime, p99Ms } })).toEqual([sentence]);
});

const low = lowEfficiency('50.0');

test.each([
  // At least 5 % of the run and 20 ms.
  [1000, 50, low],
  [1000, 49.9, 'Thread efficiency was 50.0%; better balancing would gain 49.9 ms of 1,000 ms.'],
  [400, 20, low],
  [400, 19.9, 'Thread efficiency was 50.0%; better balancing would gain 19.9 ms of 400 ms.'],
  [2000, 0, 'Thread efficiency was 50.0%; better balancing would gain 0 ms of 2,000 ms.'],
  [100, 5, 'Thread efficiency was 50.0%; better balancing would gain 5.00 ms of 100 ms.'],
  [99.9, 5, 'Thread efficiency was 50.0%, in a run too short (99.9 ms) for it to matter.'],
  [0.5, 0.4, 'Thread efficiency was 50.0%, in a run too short (0.500 ms) for it to matter.'],
  // Short, but half of it could be saved.
  [60, 30, low],
])('of %d ms balancing would gain %d', (runMs, balancingGainMs, sentence) => {
  const figures = { ...good, runMs, balancingGainMs, threadEfficiency: 0.5, threadTimeRatio: 2 };
  expect(recommend(figures)).toEqual([sentence]);
  expect(recommend({ ...figures, threadEfficiency: 0.8 })).toEqual([praise]);
  // Rule 3 is silent where balancing would gain too little.
  const uneven = recommend({ ...figures, threadEfficiency: 0.8, threadTimeRatio: 2.5 });
  expect(uneven).toEqual([sentence === low ? highVariance('2.5') : praise]);
});

test('throughput says nothing of a run below 100 ms', () => {
  expect(recommend({ ...good, vectorsPerSecond: 12, runMs: 99.9 })).toEqual([praise]);
  expect(recommend({ ...good, vectorsPerSecond: 12, runMs: 100 })).toEqual([lowThroughput('12.0')]);
});

test.each([
  [500, 50, 1000, highP99],
  [499, 50, 1000, praise],
  [500, 49.9, 1000, praise],
  [500, 19.9, 100, praise],
  [500, 20, 100, highP99],
])('p99 with %d timing groups, slow ones taking %d ms of %d', (timingGroups, slowGroupsMs, runMs, sentence) => {
  const slow = { ...indexTime, p99Ms: 31 };
  expect(recommend({ ...good, indexTime: slow, timingGroups, slowGroupsMs, runMs })).toEqual([sentence]);
});

describe('together', () => {
  const bad = {
    ...good,
    threadEfficiency: 0.25,
    threadTimeRatio: 4,
    vectorsPerSecond: 5,
    indexTime: { ...indexTime, meanMs: 60, p99Ms: 600 },
    bottlenecks: [],
  };

  test('all that hold are given, in order, without praise', () => {
    expect(recommend(bad)).toEqual([
      lowEfficiency('25.0'),
      lowThroughput('5.0'),
      highVariance('4.0'),
      highMean,
      highP99,
    ]);
  });

  test('what held the run back follows, and takes the place of praise', () => {
    const bottlenecks = ['first', 'second'].map((recommendation) => {
      return { name: 'copying' as const, share: 0.5, lostMs: 10, gainMs: 10, recommendation };
    });
    expect(recommend({ ...good, bottlenecks })).toEqual(['first', 'second']);
    expect(recommend({ ...bad, bottlenecks }).slice(4)).toEqual([highP99, 'first', 'second']);
  });

  test('without index times the latency rules are silent', () => {
    expect(recommend({ ...bad, indexTime: undefined })).toHaveLength(3);
    expect(recommend({ ...good, indexTime: undefined })).toEqual([praise]);
  });
});
