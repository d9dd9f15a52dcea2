/**
 * Threads that share memory: one task per thread and job, and they claim the units themselves. How long each was busy is counted here.
 */
import { IndexingError, messageOf } from '../../base/errors.js';
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

export interface ThreadTime {
  /** Busy time so far, in milliseconds, that of the task under way included. */
  readonly busyMs: number;
  /** Whether it has a task now. */
  readonly isBusy: boolean;
}

/**
 * How long each thread has had work: from the moment a task goes to it until it answers. The calling thread writes and reads this, one task of a
 * thread at a time. A thread is known by its place in jobs, so one that died and its successor count as one.
 */
export class BusyTimes {
  readonly #busyMs: number[];
  /** Start of the task that each thread has. */
  readonly #sinceMs: (number | undefined)[];

  constructor(threads: number) {
    this.#busyMs = new Array<number>(threads).fill(0);
    this.#sinceMs = new Array<undefined>(threads).fill(undefined);
  }

  /** Counts a task of a thread until it has ended. */
  async during<T>(thread: number, task: () => Promise<T>): Promise<T> {
    const beganAtMs = performance.now();
    this.#sinceMs[thread] = beganAtMs;
    try {
      return await task();
    } finally {
      this.#busyMs[thread]! += performance.now() - beganAtMs;
      this.#sinceMs[thread] = undefined;
    }
  }

  /** Busy time of each thread. */
  read(): readonly ThreadTime[] {
    const now = performance.now();
    return this.#busyMs.map((busyMs, thread) => {
      const since = this.#sinceMs[thread];
      return { busyMs: since === undefined ? busyMs : busyMs + now - since, isBusy: since !== undefined };
    });
  }
}
