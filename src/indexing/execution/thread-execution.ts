/**
 * Threads that share the run's memory: one task per thread and run, while the calling thread copies rows in.
 */
import { IndexingError } from '../../errors.js';
import type { WorkerPool } from '../../workers/worker-pool.js';
import type { Execution } from './execution.js';
import { scheduleThreads } from './schedule-threads.js';

export function executeOnThreads(pool: WorkerPool, threads: number): Execution {
  return {
    threads,
    shared: true,
    pool,
    async warmUp(kernel) {
      const warmUps = Array.from({ length: threads }, (_, threadId) =>
        pool.run({ type: 'warm-up', kernel, shared: true }).catch((cause: unknown) => {
          throw notStarted(threadId, cause);
        }),
      );
      await Promise.all(warmUps);
    },
    async execute(work) {
      const stop = (error: unknown) => {
        work.control.lowerEnd(0);
        throw error;
      };
      const both = [scheduleThreads(pool, work), work.copyIn()].map((part) => part.catch(stop));
      // Both, also when one failed: the run's memory is free once this has settled.
      const failed = (await Promise.allSettled(both)).find((part) => part.status === 'rejected');
      if (failed) throw failed.reason;
    },
    dispose: () => pool.dispose(),
  };
}

export function notStarted(threadId: number, cause: unknown): IndexingError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new IndexingError('ThreadPanic', `the worker did not start (${reason})`, { threadId, cause });
}
