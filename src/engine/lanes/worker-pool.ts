/**
 * A fixed number of worker threads, behind one interface on every platform.
 *
 * A thread that dies is replaced before its task's promise rejects; the pool stays usable.
 */
import type { AnswerTo, WorkerTask } from '../worker/task.js';

export interface WorkerPool {
  /**
   * Runs one task on an idle thread. Rejects when the thread died (whatever the way) or the task threw; never stays
   * pending after its thread is gone.
   */
  run<Task extends WorkerTask>(task: Task): Promise<AnswerTo<Task>>;
  /** Ends all threads; resolves when they are gone or have been given up. */
  dispose(): Promise<void>;
}

/** The thread died before it began with this task, which so cannot have been the cause. */
export class TaskNotBegun extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TaskNotBegun';
  }
}

/** No worker can start here, whatever its file: there are no workers, or the page's policy forbids them. */
export class WorkersUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WorkersUnavailable';
  }
}
