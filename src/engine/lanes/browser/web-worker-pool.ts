/**
 * Web Workers behind the pool interface. A worker that died is replaced when the next task comes.
 */

import type { AnswerTo, WorkerTask } from '../../worker/task.js';
import type { PoolOptions } from '../platform.js';
import type { WorkerPool } from '../worker-pool.js';
import { LiveWorker, WorkerForeign, WorkerNotLoaded, type WorkerStart } from './live-worker.js';

/** Rejects with what keeps the workers from starting; resolves when the first has. */
export async function createWebWorkerPool(start: WorkerStart, options: PoolOptions): Promise<WorkerPool> {
  const { threads, tasksPerThread } = options;
  const workers = Array.from({ length: threads }, () => new LiveWorker(start, options));
  /** To be called when a worker may have become free. */
  const waiting: (() => void)[] = [];
  let disposed = false;

  /** The worker with the fewest tasks. Undefined when every worker has as many tasks as it may have. */
  function takeFreest(): LiveWorker | undefined {
    for (const [i, worker] of workers.entries()) if (!worker.isAlive) workers[i] = new LiveWorker(start, options);
    const freest = workers.reduce((best, worker) => (worker.load < best.load ? worker : best));
    return freest.load < tasksPerThread ? freest : undefined;
  }

  async function run<Task extends WorkerTask>(task: Task): Promise<AnswerTo<Task>> {
    while (!disposed) {
      const worker = takeFreest();
      if (worker) {
        try {
          return await worker.run(task);
        } finally {
          waiting.shift()?.();
        }
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    throw new Error('the worker pool is disposed');
  }

  async function dispose(): Promise<void> {
    disposed = true;
    await Promise.all(workers.map((worker) => worker.terminate()));
    for (const wake of waiting.splice(0)) wake();
  }

  try {
    await Promise.any(workers.map(({ ready }) => ready));
  } catch (error) {
    await dispose();
    const cause = error instanceof AggregateError ? error.errors[0] : error;
    const otherWay = otherWayThan(start, cause);
    if (!otherWay) throw cause;
    // What keeps the other way from working says less than why the first does not.
    const pool = await otherWay()
      .then((other) => createWebWorkerPool(other, options))
      .catch(() => Promise.reject(cause));
    if (cause instanceof WorkerForeign)
      options.warn(`The workers start from blob: URLs, since ${start.from} is of another origin than the page`);
    return pool;
  }
  return { run, dispose };
}

function otherWayThan(start: WorkerStart, cause: unknown): (() => Promise<WorkerStart>) | undefined {
  if (cause instanceof WorkerNotLoaded) return start.whereMissing;
  return cause instanceof WorkerForeign ? start.whereForeign : undefined;
}
