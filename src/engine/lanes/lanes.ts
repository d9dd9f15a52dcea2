/**
 * Who does the units of jobs: threads that share memory, one worker that is sent messages, or the calling thread. That is chosen once for an
 * engine; a job does not know which. The code for places without shared memory or without workers is loaded only there.
 */
import { messageOf } from '../../base/errors.js';
import type { CompiledKernel } from '../../kernel/instantiate.js';
import type { Deaths } from '../deaths.js';
import type { Job } from '../job.js';
import { boundPlatform, type PoolKernels, type WorkerChoice } from './platform.js';
import type { BusyTimes } from './thread-lanes.js';
import { notStarted, threadLanes } from './thread-lanes.js';
import type { WorkerPool } from './worker-pool.js';
import { WorkersUnavailable } from './worker-pool.js';

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

/** So that a worker with its own memory has one message while the next is copied here. */
const MESSAGES_IN_FLIGHT = 2;

export interface LanesOptions {
  readonly threads: number;
  readonly kernels: PoolKernels;
  readonly worker: WorkerChoice | undefined;
  readonly times: BusyTimes;
  readonly warn: (message: string) => void;
}

/** Rejects with `IndexingError` `ThreadPanic` when workers are to be had, but this one does not start. */
export async function startLanes({ threads, kernels, worker, times, warn }: LanesOptions): Promise<Lanes> {
  const platform = boundPlatform();
  const shared = platform.sharesMemory;
  const options = { threads, worker, kernels, tasksPerThread: shared ? 1 : MESSAGES_IN_FLIGHT, warn };
  try {
    const messages = shared ? undefined : await import('./message-lanes.js');
    const pool = await platform.createPool(options);
    if (!messages)
      return threadLanes(pool, threads, platform.workersSearch || kernels.searchKernel !== undefined, times);
    warn(`${platform.whyNotShared}, so no shared memory: one worker with its own memory is used`);
    return messages.messageLanes(pool, MESSAGES_IN_FLIGHT);
  } catch (error) {
    if (!(error instanceof WorkersUnavailable)) throw notStarted(0, error);
    warn(`No workers: the calling thread does the work, in slices (${messageOf(error)})`);
    const { callingThreadLanes } = await import('./calling-thread-lanes.js');
    return callingThreadLanes(shared);
  }
}
