/** What an estimate learns from runs whose batches are not timed. */
import { expect, test } from 'vitest';
import { WorkEstimate } from '../../src/indexing/tuning/work-estimate.js';
import { BatchRecords, describeBatches } from '../../src/memory/batch.js';
import { JobControl } from '../../src/memory/job-control.js';

const THREADS = 2;

/** A run of batches of 100 rows that are all done. */
function runOf(dims: readonly number[], totalTimeMs: number, timed = false) {
  const batches = dims.map((each) => ({
    dims: each,
    count: 100,
    firstRank: 0,
    rows: 0,
    magnitudes: 0,
    sliceRows: 100,
  }));
  const { units, timings } = describeBatches([{ batches, endAtRejection: false }]);
  const control = JobControl.create(units, { threads: THREADS, timed, timings: timed ? timings : 0, shared: true });
  for (let unit = control.claimNow(0); unit >= 0; unit = control.claimNow(0)) {
    if (timed) control.recordClaimedAt(unit, 1000);
    control.recordDone(unit, 0, 0, timed ? 1000 + totalTimeMs / batches.length : undefined);
  }
  return { control: new BatchRecords(control), threads: THREADS, totalTimeMs };
}

test('a faster run is believed at once, a slower one step by step', () => {
  const estimate = new WorkEstimate('simd');
  // 4 batches on 2 threads in 4 ms: 20 µs a vector at most.
  estimate.learnFrom(runOf([4096, 4096, 4096, 4096], 4), 'process');
  const first = estimate.nsPerVector(4096, 'process');
  expect(first).toBeLessThanOrEqual(20_000);
  estimate.learnFrom(runOf([4096, 4096, 4096, 4096], 2), 'process');
  expect(estimate.nsPerVector(4096, 'process')).toBeCloseTo(Math.min(first, 10_000), 6);
  estimate.learnFrom(runOf([4096, 4096, 4096, 4096], 1000), 'process');
  expect(estimate.nsPerVector(4096, 'process')).toBeCloseTo(1.25 * Math.min(first, 10_000), 6);
  for (let run = 0; run < 60; run++) estimate.learnFrom(runOf([4096, 4096, 4096, 4096], 1000), 'process');
  expect(estimate.nsPerVector(4096, 'process')).toBeCloseTo(5e6, 0);
});

test('a run of several lengths changes the estimates of all of them alike, and no others', () => {
  const estimate = new WorkEstimate('simd');
  const before = [2048, 4096, 128].map((dims) => estimate.nsPerVector(dims, 'process'));
  estimate.learnFrom(runOf([2048, 4096], 100), 'process');
  const after = [2048, 4096, 128].map((dims) => estimate.nsPerVector(dims, 'process'));
  for (const [i, factor] of [1.25, 1.25, 1].entries()) expect(after[i]! / before[i]!).toBeCloseTo(factor, 9);
  expect(estimate.nsPerVector(4096, 'normalize')).toBe(new WorkEstimate('simd').nsPerVector(4096, 'normalize'));
});

test('a short run untimed, and a run of nothing, say nothing', () => {
  const estimate = new WorkEstimate('simd');
  const before = estimate.nsPerVector(64, 'process');
  estimate.learnFrom(runOf([64], 1.9), 'process');
  estimate.learnFrom(runOf([], 50), 'process');
  expect(estimate.nsPerVector(64, 'process')).toBe(before);
});

test('small runs that are held up now and then say nothing, untimed', () => {
  const estimate = new WorkEstimate('simd');
  const before = estimate.nsPerVector(128, 'process');
  for (let run = 0; run < 50; run++) estimate.learnFrom(runOf([128], 3), 'process');
  expect(estimate.nsPerVector(128, 'process')).toBe(before);
});

test('an estimate that is too high falls with short runs untimed: small calls come back from the threads', () => {
  const estimate = new WorkEstimate('simd');
  const before = estimate.nsPerVector(384, 'normalize');
  // Calls of 8 rows that were held up for a millisecond each.
  for (let call = 0; call < 40; call++) estimate.learnFromSmall(384, 'normalize', 8, 1);
  expect(estimate.nsPerVector(384, 'normalize')).toBeGreaterThan(20 * before);
  for (let run = 0; run < 60; run++) estimate.learnFrom(runOf([384], 0.5), 'normalize');
  expect(estimate.nsPerVector(384, 'normalize')).toBeLessThan(1.5 * before);
  expect(estimate.nsPerVector(384, 'normalize')).toBeGreaterThanOrEqual(before);
});

test('a timed run says what its batches took', () => {
  const estimate = new WorkEstimate('simd');
  estimate.learnFrom(runOf([64, 64], 10, true), 'process');
  expect(estimate.nsPerVector(64, 'process')).toBeCloseTo(50_000, 3);
});
