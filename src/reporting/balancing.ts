/**
 * What a better balance of the threads could gain, and when a gain is worth a change. Pure. Times in milliseconds.
 */
import { predictRun, type RecordedRun } from './what-if.js';

/** Batches for each thread, so that the last one may idle little: the plan's own aim. */
const BATCHES_PER_THREAD = 16;
/** A change must gain this share of the run, and this much: what is less differs from run to run anyway. */
const WORTH_SHARE = 0.05;
const WORTH_MS = 20;

export function isWorthChange(gainMs: number, runMs: number): boolean {
  return gainMs >= WORTH_MS && gainMs >= WORTH_SHARE * runMs;
}

/** Rows of a batch, so that there are batches enough for every thread. */
export function evenBatchSize(vectors: number, threads: number): number {
  return Math.max(1, Math.floor(vectors / (threads * BATCHES_PER_THREAD)));
}

/** What the run would gain by even batches, by a replay with its own batches and with those; 0 where they are as small. */
export function balancingGainMs(run: RecordedRun): number {
  if (run.threads < 2) return 0;
  const batchSize = evenBatchSize(
    run.batches.reduce((sum, { vectors }) => sum + vectors, 0),
    run.threads,
  );
  if (run.batches.every(({ vectors }) => vectors <= batchSize)) return 0;
  const asItWas = predictRun(run, {});
  const even = predictRun(run, { batchSize });
  return asItWas && even ? Math.max(0, Math.min(asItWas.totalTimeMs, run.totalTimeMs) - even.totalTimeMs) : 0;
}
