import { expect, test } from 'vitest';
import { deductionText, performanceScore, scoreDeductions } from '../../src/reporting/score.js';

const best = { vectorsPerSecond: 1000, threadEfficiency: 1, averageVectorTimeMs: 1 };

test('a good run scores 100', () => {
  expect(performanceScore(best)).toBe(100);
});

test.each([
  [0, 80],
  [100 - 2 ** -46, 80],
  [100, 90],
  [500 - 2 ** -44, 90],
  [500, 100],
])('throughput %d scores %d', (vectorsPerSecond, score) => {
  expect(performanceScore({ ...best, vectorsPerSecond })).toBe(score);
});

test.each([
  [0, 75],
  [0.7 - 2 ** -53, 75],
  [0.7, 90],
  [0.9 - 2 ** -53, 90],
  [0.9, 100],
])('thread efficiency %d scores %d', (threadEfficiency, score) => {
  expect(performanceScore({ ...best, threadEfficiency })).toBe(score);
});

test.each([
  [5, 100],
  [5 + 2 ** -50, 95],
  [10, 95],
  [10 + 2 ** -49, 85],
  [1e9, 85],
])('average vector time %d scores %d', (averageVectorTimeMs, score) => {
  expect(performanceScore({ ...best, averageVectorTimeMs })).toBe(score);
});

test('what took points is told, with its figure', () => {
  expect(scoreDeductions(best)).toEqual([]);
  const poor = { vectorsPerSecond: 82, threadEfficiency: 0.581, averageVectorTimeMs: 12.2 };
  expect(scoreDeductions(poor).map(deductionText)).toEqual([
    '−20: throughput 82.0 vectors/s',
    '−25: thread efficiency 58.1 %',
    '−15: average vector time 12.2 ms',
  ]);
});

test('deductions add up, to 40 at worst', () => {
  expect(performanceScore({ vectorsPerSecond: 1, threadEfficiency: 0.1, averageVectorTimeMs: 100 })).toBe(40);
  expect(performanceScore({ vectorsPerSecond: 200, threadEfficiency: 0.8, averageVectorTimeMs: 7 })).toBe(75);
});
