/**
 * A fixed number of worker threads, behind one interface on every platform.
 *
 * A thread that dies is replaced before its task's promise rejects; the pool stays usable.
 */
import type { WorkerTask } from './task.js';

export interface WorkerPool {
  /**
   * Runs one task on an idle thread. Rejects when the thread died (whatever the way) or the task threw; never stays
   * pending after its thread is gone.
   */
  run(task: WorkerTask): Promise<void>;
  /** Ends all threads; resolves when they are gone or have been given up. */
  dispose(): Promise<void>;
}
