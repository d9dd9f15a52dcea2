/**
 * Who does the units of jobs: threads that share memory, one worker that is sent messages, or the calling thread. Chosen once
 * for an engine; a job does not know which.
 */
import type { CompiledKernel } from '../../kernel/instantiate.js';
import type { Deaths } from '../deaths.js';
import type { Job } from '../job.js';
import type { WorkerPool } from './worker-pool.js';

export interface Lanes {
  /** Threads that take part in a job, at most. */
  readonly threads: number;
  /** Whether they share memory with the calling thread. */
  readonly shared: boolean;
  /** Whether they can search. */
  readonly searches: boolean;
  /** The threads, where they share memory. For work that is not a job. */
  readonly pool: WorkerPool | undefined;
  /** Has the kernel run everywhere; rejects with `IndexingError` `ThreadPanic` where it cannot. */
  warmUp(kernel: CompiledKernel): Promise<void>;
  /**
   * Does units of a job until none is left, or another job waits. Resolves when nobody is at work on it any more; rejects, then
   * too, with what ended the whole job.
   */
  workOn(job: Job, deaths: Deaths): Promise<void>;
  /** Ends the threads. */
  dispose(): Promise<void>;
}
