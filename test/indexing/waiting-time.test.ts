/**
 * What the report of a call says that had to wait for the threads: its time is from the call to its result, and what it waited is part
 * of that, which rates leave out, and before which no batch begins.
 */
import { Engine, MonitoredParallelIndexer } from 'simdex';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { failAtBatch, failNowhere, faultyWorker, held, release } from './fault.js';
import { inSharedMemory, randomMatrix, randomRows, turn } from './support.js';

afterEach(failNowhere);

const blocker = inSharedMemory(randomMatrix(1000, 16));
/** Clocks are read at slightly different moments, and rounded. */
const SLACK_MS = 0.01;

test.each([
  ['alone', 1],
  ['together', 12],
])('calls that wait %s', async (_, count) => {
  const engine = new Engine({ threads: 2, worker: faultyWorker });
  onTestFinished(() => engine.dispose());
  const indexer = new MonitoredParallelIndexer('auto', {}, { engine });
  await indexer.ready();
  failAtBatch('held', 0);
  const first = indexer.indexVectorsMonitored(blocker, { batchSize: 100 });
  await held();
  const sources = Array.from({ length: count }, (_, i) => randomRows(300 + 40 * i, 24, i));
  const calls = sources.map(async (rows) => {
    const calledAt = performance.now();
    const { performanceReport } = await indexer.indexVectorsMonitored(rows);
    return { report: performanceReport!, rows, calledAt, elapsedMs: performance.now() - calledAt };
  });
  while (engine.pending.calls < count) await turn();
  const waitingAt = performance.now();
  while (performance.now() < waitingAt + 50) await turn();
  const releasedAt = performance.now();
  release();
  await first;
  for (const { report, rows, calledAt, elapsedMs } of await Promise.all(calls)) {
    const { totalTimeMs, waitedMs, totalVectors } = report;
    expect(waitedMs).toBeGreaterThanOrEqual(releasedAt - waitingAt - SLACK_MS);
    expect(waitedMs).toBeLessThan(totalTimeMs);
    expect(totalTimeMs).toBeLessThanOrEqual(elapsedMs + SLACK_MS);
    expect(calledAt).toBeLessThan(waitingAt);
    const ownMs = totalTimeMs - waitedMs;
    expect(totalVectors).toBe(rows.length);
    expect(report.vectorsPerSecond).toBeCloseTo((1000 * rows.length) / ownMs, 6);
    expect(report.averageVectorTimeMs).toBeCloseTo(ownMs / rows.length, 9);
    for (const { claimedAtMs, endedAtMs } of report.batches) {
      expect(claimedAtMs).toBeGreaterThanOrEqual(waitedMs - SLACK_MS);
      expect(endedAtMs).toBeLessThanOrEqual(totalTimeMs + SLACK_MS);
    }
    expect(report.queueDepth!.samples[0]).toMatchObject({ atMs: waitedMs, depth: report.batches.length });
    const phases = Object.fromEntries(report.phases!.map(({ name, ms }) => [name, ms]));
    expect(phases['waiting']).toBeCloseTo(waitedMs, 6);
    expect(phases['indexing']).toBeGreaterThan(0);
    expect(Object.values(phases).reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(totalTimeMs, 6);
  }
});
