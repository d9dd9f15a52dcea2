/**
 * Threads that share memory: one task per thread and job, and they claim the units themselves.
 */
import { IndexingError, messageOf } from '../../base/errors.js';
import type { BusyTimes } from '../busy-times.js';
import type { Deaths } from '../deaths.js';
import type { Job } from '../job.js';
import type { Lanes } from './lanes.js';
import type { WorkerPool } from './worker-pool.js';

/**
 * @param searches whether the threads can search
 * @param times get how long each thread has work
 */
export function threadLanes(pool: WorkerPool, threads: number, searches: boolean, times: BusyTimes): Lanes {
  return {
    threads,
    shared: true,
    searches,
    pool,
    async warmUp(kernel) {
      const warmUps = Array.from({ length: threads }, (_, thread) =>
        pool.run({ type: 'warm-up', kernel, shared: true }).catch((cause: unknown) => {
          throw notStarted(thread, cause);
        }),
      );
      await Promise.all(warmUps);
    },
    async workOn(job, deaths) {
      const { control } = job;
      const count = Math.min(job.threads, threads, control.unitCount);
      const ended = await Promise.allSettled(
        Array.from({ length: count }, async (_, thread) => {
          try {
            await times.during(thread, () => runThread(pool, job, deaths, thread));
          } catch (error) {
            // The job ends, but its memory is free only when the other threads have answered.
            control.drop(0, control.unitCount);
            throw error;
          }
        }),
      );
      const failed = ended.find((thread) => thread.status === 'rejected');
      if (failed) throw failed.reason;
    },
    dispose: () => pool.dispose(),
  };
}

/** Resolves when the thread has answered: it found nothing to claim, or made way. One that dies is followed by another. */
async function runThread(pool: WorkerPool, job: Job, deaths: Deaths, thread: number): Promise<void> {
  while (job.control.findOpen() >= 0) {
    try {
      await pool.run(job.task(thread));
      return;
    } catch (cause) {
      await deaths.settle(thread, cause);
    }
  }
}

export function notStarted(threadId: number, cause: unknown): IndexingError {
  return new IndexingError('ThreadPanic', `the worker did not start (${messageOf(cause)})`, { threadId, cause });
}
