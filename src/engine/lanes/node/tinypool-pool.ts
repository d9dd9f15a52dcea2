/**
 * Worker threads in Node, through tinypool.
 *
 * Tinypool notices a thread that throws, not one that exits: `run` and `destroy` would stay pending for ever. So every
 * exit is watched and handed to tinypool as the error it understands, upon which it rejects the task and replaces the
 * thread. All threads are kept alive (minThreads = maxThreads) and take one task at a time.
 */
import { Tinypool } from 'tinypool';
import type { AnswerTo, WorkerTask } from '../../worker/task.js';
import type { WorkerPool } from '../worker-pool.js';

/** Threads are terminated at once; the time is for those that do not answer any more. */
const DISPOSE_DEADLINE_MS = 2000;

type PoolThread = Tinypool['threads'][number];

export function createTinypoolPool(threadCount: number, worker: URL | string): WorkerPool {
  const pool = new Tinypool({
    filename: typeof worker === 'string' ? worker : worker.href,
    minThreads: threadCount,
    maxThreads: threadCount,
    // With it on, Deno hangs at random, and Node gains nothing that can be measured.
    useAtomics: false,
    concurrentTasksPerWorker: 1,
    ...execArgvOfThreads(),
  });
  /** Threads that have not exited, and when they will have. */
  const exits = new Map<PoolThread, Promise<void>>();
  const failed = new Set<PoolThread>();
  let disposed = false;

  function watchNewThreads(): void {
    for (const thread of pool.threads) {
      if (exits.has(thread)) continue;
      letFailWhileDestroyed(thread);
      thread.on('error', () => {
        if (exits.has(thread)) failed.add(thread);
        // Tinypool's own listener came first: the replacement is already among its threads.
        watchNewThreads();
      });
      const exit = new Promise<void>((resolve) => {
        thread.once('exit', (code: number) => {
          exits.delete(thread);
          if (!failed.delete(thread) && !disposed) {
            thread.emit('error', new Error(`the worker thread exited with code ${code}`));
          }
          resolve();
        });
      });
      exits.set(thread, exit);
    }
  }

  // Tinypool tells here of a thread that died without a task: an idle one, or one that could not even load its module,
  // for which a task may be waiting in the queue. No other thread may come, so that task is told.
  let failedStart: unknown;
  pool.on('error', (error: unknown) => {
    failedStart = error;
    pool.cancelPendingTasks();
    watchNewThreads();
  });
  watchNewThreads();

  return {
    async run<Task extends WorkerTask>(task: Task): Promise<AnswerTo<Task>> {
      if (disposed) throw new Error('the worker pool is disposed');
      const answer = pool.run(task);
      watchNewThreads();
      try {
        return await answer;
      } catch (error) {
        // Tinypool rejects as soon as a thread fails; until it has exited it may still write to the run's memory.
        await Promise.all([...failed].map((thread) => exits.get(thread)));
        // A cancelled task never ran; why is what its thread died of.
        throw error instanceof Error && error.name === 'CancelError' ? failedStart : error;
      }
    },
    async dispose(): Promise<void> {
      if (disposed) return;
      disposed = true;
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, DISPOSE_DEADLINE_MS);
      });
      // Tinypool would replace a thread that fails meanwhile.
      pool.options.minThreads = 0;
      // It rejects when a thread fails meanwhile, and does not wait for the others then.
      pool.destroy().catch(() => undefined);
      await Promise.race([Promise.all(exits.values()), deadline]);
      clearTimeout(timer);
    },
  };
}

/**
 * Threads inherit the program's flags, but Node refuses a file to a thread that inherits `--input-type`, which says how the
 * program itself was given. They cannot be handed on by name instead: Node refuses a thread most of them (`--max-…` and
 * the other flags of V8, which hold for the whole process anyway). So such a program's threads start without any.
 */
function execArgvOfThreads(): { execArgv?: string[] } {
  return process.execArgv.some((argument) => argument.startsWith('--input-type')) ? { execArgv: [] } : {};
}

/**
 * Tinypool waits for exits with `events.once`, which calls `removeListener` when there is an error instead. Its threads have
 * no such method, and the TypeError would be nobody's to catch.
 */
function letFailWhileDestroyed(thread: PoolThread): void {
  Object.assign(thread, { removeListener: () => thread });
}
