/**
 * Chooses how runs are executed here, once for an indexer, and starts the workers that it takes. Ways that do without shared memory
 * or without workers are loaded where they are needed: pages that have both need not load them.
 */

import { boundPlatform } from '../../engine/lanes/platform.js';
import { WorkersUnavailable } from '../../engine/lanes/worker-pool.js';
import { kernelBytes } from '../../kernel/compile.js';
import type { KernelBackend } from '../../kernel/instantiate.js';
import { ownKernel } from '../../kernel/own-kernel.js';
import type { IndexerOptions } from '../options.js';
import type { Execution } from './execution.js';
import { executeOnThreads, notStarted } from './thread-execution.js';

/** So that a worker with its own memory has one while the other is copied here. */
const MESSAGES_IN_FLIGHT = 2;

/** Rejects with `IndexingError` `ThreadPanic` when workers are to be had, but this one does not start. */
export async function startExecution(
  threads: number,
  backend: KernelBackend,
  { worker, wasm, logger }: IndexerOptions,
): Promise<Execution> {
  const platform = boundPlatform();
  const shared = platform.sharesMemory;
  const own = wasm && ownKernel(wasm);
  const kernel = backend === 'javascript' ? { backend } : { backend, bytes: await kernelBytes(backend, shared, own) };
  const options = { threads, worker, kernel, tasksPerThread: shared ? 1 : MESSAGES_IN_FLIGHT, searches: false };
  try {
    const messages = shared ? undefined : await import('./message-execution.js');
    const pool = await platform.createPool(options);
    if (!messages) return executeOnThreads(pool, threads);
    logger?.warn('No cross-origin isolation, so no shared memory: one worker with its own memory is used');
    return messages.executeInMessages(pool, MESSAGES_IN_FLIGHT);
  } catch (error) {
    if (!(error instanceof WorkersUnavailable)) throw notStarted(0, error);
    logger?.warn(`No workers: vectors are indexed on the calling thread, in slices (${error.message})`);
    const { executeOnCallingThread } = await import('./calling-thread-execution.js');
    return executeOnCallingThread(shared);
  }
}
