/**
 * The threads that search.
 */
import { messageOf } from '../base/errors.js';
import type { IndexerLogger } from '../engine/engine-options.js';
import { boundPlatform, type WorkerChoice } from '../engine/lanes/platform.js';
import type { WorkerPool } from '../engine/lanes/worker-pool.js';
import type { KernelSource } from '../kernel/instantiate.js';

export interface SearchPoolOptions {
  readonly threads: number;
  readonly worker: WorkerChoice | undefined;
  readonly logger: IndexerLogger | undefined;
}

/** Resolves with undefined, and tells why, where no thread can search: the calling thread does then, in slices. */
export async function startSearchPool(
  kernel: KernelSource,
  { threads, worker, logger }: SearchPoolOptions,
): Promise<WorkerPool | undefined> {
  const instead = (reason: string) => {
    logger?.warn(`Searches run on the calling thread, in slices: ${reason}`);
    return undefined;
  };
  const platform = boundPlatform();
  if (!platform.sharesMemory) return instead('no cross-origin isolation, so no shared memory');
  try {
    return await platform.createPool({
      threads,
      worker,
      kernels: { kernel, searchKernel: kernel },
      tasksPerThread: 1,
    });
  } catch (error) {
    // Whatever it is, the hits are the same without threads.
    return instead(messageOf(error));
  }
}
