/**
 * What the memory of this machine gives to threads, measured at most once in a process: it takes some 50 ms of all threads
 * and 64 MiB, so nobody pays for it who does not ask, or whose run took far longer.
 */

import type { WorkerPool } from '../../engine/lanes/worker-pool.js';
import type { MemoryProbeTask } from '../../engine/worker/memory-probe.js';
import type { MemoryRates } from '../../reporting/report-data.js';

/** Beyond the caches of most machines, all threads together. */
export const PROBE_BYTES = 64 * 2 ** 20;
/** A thread touches at least as much: below, the clock and the caches are what is measured. */
const LEAST_BYTES = 2 ** 20;

let known: MemoryRates | undefined;

/** undefined until it was measured. */
export function knownMemoryRates(): MemoryRates | undefined {
  return known;
}

/** Has all threads of `pool` measure at once; what was known before is given again. undefined where a thread did not come. */
export async function measureMemoryRates(pool: WorkerPool, threads: number): Promise<MemoryRates | undefined> {
  if (known) return known;
  const words = new SharedArrayBuffer(16);
  const figures = new SharedArrayBuffer(24 * threads);
  const bytes = 2 * Math.floor(Math.max(LEAST_BYTES, PROBE_BYTES / threads) / 2);
  const tasks = Array.from({ length: threads }, (_, threadId): MemoryProbeTask => {
    return { type: 'measure-memory', threadId, threads, bytes, words, figures };
  });
  await Promise.all(tasks.map((task) => pool.run(task)));
  known = ratesOf(new Float64Array(figures));
  return known;
}

/** @param figures first touch, copying together and copying alone of each thread, bytes per millisecond; 0 for unknown */
function ratesOf(figures: Float64Array): MemoryRates | undefined {
  const threads = Array.from({ length: figures.length / 3 }, (_, i) => figures.subarray(3 * i, 3 * i + 3));
  const bytesPerMs = threads.reduce((sum, [, together]) => sum + together!, 0);
  const touch = threads.reduce((sum, [touched]) => sum + touched!, 0) / threads.length;
  const alone = threads[0]?.[2] ?? 0;
  if (threads.some(([touched, together]) => !(touched! > 0 && together! > 0)) || alone <= 0) return undefined;
  return { bytesPerMs, firstTouchBytesPerMs: touch, oneThreadShare: Math.min(1, alone / bytesPerMs) };
}
