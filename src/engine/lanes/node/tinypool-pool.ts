/**
 * Worker threads in Node, through tinypool.
 *
 * Tinypool notices a thread that throws, not one that exits: `run` and `destroy` would stay pending for ever. So every
 * exit is watched and handed to tinypool as an error. Tinypool then rejects the task.
 *
 * Threads start with the tasks that need them, take one task at a time and stay alive. If the system gives no thread, that
 * task rejects. Tinypool must not start threads at other times (minThreads 0). If it failed to start one in its constructor, those
 * that it had started would be left behind. If it failed in its handler of a thread's death, nothing could catch the error.
 */
import { Tinypool } from 'tinypool';
import type { AnswerTo, WorkerTask } from '../../worker/task.js';
import type { WorkerPool } from '../worker-pool.js';

/** Time, in milliseconds, for threads that do not answer when they are terminated. Others end at once. */
const DISPOSE_DEADLINE_MS = 2000;
/** Idle time, in milliseconds, after which tinypool ends a thread: the longest that it takes. */
const IDLE_TIMEOUT_MS = 2 ** 31 - 1;

type PoolThread = Tinypool['threads'][number];

export function createTinypoolPool(threadCount: number, worker: URL | string): WorkerPool {
  const pool = new Tinypool({
    filename: typeof worker === 'string' ? worker : worker.href,
    minThreads: 0,
    maxThreads: threadCount,
    // With `useAtomics`, Deno hangs at random, and Node gains nothing that can be measured.
    useAtomics: false,
    concurrentTasksPerWorker: 1,
    idleTimeout: IDLE_TIMEOUT_MS,
    ...execArgvOfThreads(),
  });
  /** Threads that have not exited, and when they will have. */
  const exits = new Map<PoolThread, Promise<void>>();
  const failed = new Set<PoolThread>();
  let disposed = false;

  /** To be called after each task: threads start with tasks. */
  function watchNewThreads(): void {
    for (const thread of pool.threads) {
      if (exits.has(thread)) continue;
      letFailWhileDestroyed(thread);
      thread.on('error', (error: unknown) => {
        if (exits.has(thread)) failed.add(thread);
        if (pool.threads.length === 0) cancelWaiting(error);
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

  /** Tasks that wait may have no thread to wait for any more. Whoever wants them done asks again, and threads start. */
  let failedStart: unknown;
  function cancelWaiting(error: unknown): void {
    failedStart = error;
    pool.cancelPendingTasks();
  }
  // Tinypool tells here of a thread that died without a task: an idle one, or one that could not even load its module.
  pool.on('error', cancelWaiting);

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
        // A cancelled task never ran. The reason is the error that ended its thread.
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
 * no such method, and nothing could catch the TypeError.
 */
function letFailWhileDestroyed(thread: PoolThread): void {
  Object.assign(thread, { removeListener: () => thread });
}
