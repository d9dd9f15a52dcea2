/**
 * Chooses who does the jobs of an engine, and starts the workers that it needs. The code for places without shared memory or without
 * workers is loaded only there.
 */
import { messageOf } from '../../base/errors.js';
import type { BusyTimes } from '../busy-times.js';
import type { Lanes } from './lanes.js';
import { boundPlatform, type PoolKernels, type WorkerChoice } from './platform.js';
import { notStarted, threadLanes } from './thread-lanes.js';
import { WorkersUnavailable } from './worker-pool.js';

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
