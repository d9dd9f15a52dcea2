/**
 * The threads that the tests of a file start: counted, and known while they live.
 */
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach } from 'vitest';

export interface Threads {
  /** Since the test began. */
  started: number;
  /** Those of the test that have not ended. */
  readonly alive: Set<Worker>;
}

/** Keeps account of them, test by test. */
export function watchThreads(): Threads {
  const threads: Threads = { started: 0, alive: new Set() };
  const watch = (worker: Worker) => {
    threads.started++;
    threads.alive.add(worker);
    worker.once('exit', () => threads.alive.delete(worker));
  };
  beforeEach(() => {
    threads.started = 0;
    threads.alive.clear();
    process.on('worker', watch);
  });
  afterEach(() => {
    process.off('worker', watch);
  });
  return threads;
}
