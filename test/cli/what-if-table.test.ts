import { expect, test } from 'vitest';
import { WhatIfTable, whatIfText } from '../../src/cli/what-if.js';
import { IndexingPerformanceReport } from '../../src/reporting/report.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { allParts, sampleConditions, sampleRun } from '../reporting/report-samples.js';

/** A chunk that keeps two threads busy for `busyMs` each, in batches of 1,000 rows that are there from the start. */
function chunk(busyMs: number, runs = 1): IndexingPerformanceReport {
  const batches = [0, 1].map((threadId) => {
    return { threadId, vectors: 1000, dims: 8, rejected: 0, claimedAtMs: 0, endedAtMs: busyMs };
  });
  const conditions = { ...sampleConditions, runs, availableThreads: 4, memory: undefined };
  return new IndexingPerformanceReport(
    summarizeRun({ ...sampleRun(), totalTimeMs: busyMs, batches, copyIn: undefined, conditions }, allParts),
  );
}

test('the times of all chunks are added up: measured, as they were done, and with other threads', () => {
  const table = new WhatIfTable(2, 4);
  for (const busyMs of [30, 50]) table.add(chunk(busyMs));
  const { measuredMs, predictions, best, verifiedMs, error } = table.summary(12, 0.05);
  expect({ measuredMs, verifiedMs, error }).toEqual({ measuredMs: 80, verifiedMs: 12, error: 0.05 });
  const predicted = (threads: number, batchSize: number | null) =>
    predictions.find((each) => each.threads === threads && each.batchSize === batchSize)!.predictedMs;
  expect(predicted(2, null)).toBe(80);
  expect(predicted(1, null)).toBe(160);
  // Two batches are no work for four threads, unless they are cut.
  expect(predicted(4, null)).toBe(80);
  expect(predicted(4, 256)).toBeCloseTo(80 * (512 / 1000), 9);
  expect(predictions).toContainEqual(best);
  for (const { predictedMs } of predictions) expect(best!.predictedMs).toBeLessThanOrEqual(predictedMs / 0.99);
});

test('of predictions that are alike the fewest threads and batches as they were are best', () => {
  const table = new WhatIfTable(2, 2);
  table.add(chunk(30));
  expect(table.summary(null, null).best).toEqual({ threads: 2, batchSize: null, predictedMs: 30 });
});

test('what is no single run is left out', () => {
  const table = new WhatIfTable(2, 2);
  table.add(chunk(30, 2));
  expect(table.summary(null, null)).toEqual({
    measuredMs: 0,
    predictions: [],
    best: null,
    verifiedMs: null,
    error: null,
  });
});

test('people read how far such predictions were off, where they were tried', () => {
  const table = new WhatIfTable(2, 2);
  table.add(chunk(30));
  expect(whatIfText(table.summary(null, 0.063))).toContain('Such predictions were off by up to 6.30 % on this machine');
  expect(whatIfText(table.summary(null, null))).not.toContain('off by');
});
