/**
 * Worker threads in Node, through tinypool.
 *
 * Tinypool notices a thread that throws, not one that exits: `run` and `destroy` would stay pending for ever. So every
 * exit is watched and handed to tinypool as the error it understands, upon which it rejects the task and replaces the
 * thread. All threads are kept alive (minThreads = maxThreads) and take one task at a time.
 */
import { Tinypool } from 'tinypool';
import type { WorkerTask } from '../task.js';
import type { WorkerPool } from '../worker-pool.js';

/** Threads are terminated at once; the time is for those that do not answer any more. */
const DISPOSE_DEADLINE_MS = 2000;

type PoolThread = Tinypool['threads'][number];

export function createTinypoolPool(threadCount: number, worker: URL | string): WorkerPool {
  const pool = new Tinypool({
    filename: typeof worker === 'string' ? worker : worker.href,
    minThreads: threadCount,
    maxThreads: threadCount,
    concurrentTasksPerWorker: 1,
  });
  const watched = new WeakSet<PoolThread>();
  let disposed = false;

  function watchNewThreads(): void {
    for (const thread of pool.threads) {
      if (watched.has(thread)) continue;
      watched.add(thread);
      let failed = false;
      thread.on('error', () => {
        failed = true;
        // Tinypool's own listener came first: the replacement is already among its threads.
        watchNewThreads();
      });
      thread.once('exit', (code: number) => {
        if (!failed && !disposed) thread.emit('error', new Error(`the worker thread exited with code ${code}`));
      });
    }
  }

  // An idle thread that dies is replaced without anybody waiting for it; the next task on it would tell if it persists.
  pool.on('error', watchNewThreads);
  watchNewThreads();

  return {
    async run(task: WorkerTask): Promise<void> {
      if (disposed) throw new Error('the worker pool is disposed');
      const answer = pool.run(task);
      watchNewThreads();
      await answer;
    },
    async dispose(): Promise<void> {
      if (disposed) return;
      disposed = true;
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, DISPOSE_DEADLINE_MS);
      });
      await Promise.race([pool.destroy(), deadline]);
      clearTimeout(timer);
    },
  };
}
