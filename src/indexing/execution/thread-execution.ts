/**
 * Threads that share the run's memory: one task per thread and run, while the calling thread copies rows in.
 */
import { IndexingError, messageOf } from '../../base/errors.js';
import type { WorkerPool } from '../../engine/lanes/worker-pool.js';
import type { Execution } from './execution.js';
import { scheduleThreads } from './schedule-threads.js';
import { settleAll } from './settle-all.js';

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
      await settleAll(work.control, [scheduleThreads(pool, work), work.copyIn()]);
    },
    dispose: () => pool.dispose(),
  };
}

export function notStarted(threadId: number, cause: unknown): IndexingError {
  return new IndexingError('ThreadPanic', `the worker did not start (${messageOf(cause)})`, { threadId, cause });
}
