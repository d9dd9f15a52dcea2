import { expect, test } from 'vitest';
import { RunThroughput } from '../../src/monitoring/run-throughput.js';

test('the rate of a stretch is that of its vectors and its time', () => {
  const throughput = new RunThroughput();
  throughput.add(500, 100);
  expect(throughput.take(false)).toBe(5000);
  throughput.add(0, 100);
  expect(throughput.take(false)).toBe(0);
});

test('a stretch too short to tell is taken together with the next', () => {
  const throughput = new RunThroughput();
  throughput.add(0, 2);
  expect(throughput.take(false)).toBeUndefined();
  throughput.add(510, 100);
  expect(throughput.take(false)).toBe(5000);
});

test('a run shorter than an update is judged as a whole, the end of a longer one not', () => {
  const throughput = new RunThroughput();
  throughput.add(30, 3);
  expect(throughput.take(true)).toBe(10_000);
  throughput.add(1000, 100);
  expect(throughput.take(false)).toBe(10_000);
  throughput.add(1, 2);
  expect(throughput.take(true)).toBeUndefined();
  throughput.add(30, 3);
  expect(throughput.take(true)).toBe(10_000);
});

test('no run, and a clock that stands still, have no rate', () => {
  const throughput = new RunThroughput();
  expect(throughput.take(true)).toBeUndefined();
  throughput.add(100, 0);
  expect(throughput.take(true)).toBeUndefined();
});
