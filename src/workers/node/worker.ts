/**
 * The module that runs in every Node worker thread (`simdex/worker`). Tinypool calls its default export with each task.
 */
import { instantiateKernel } from '../../kernel/instantiate.js';
import { createMatrixMemory, seeByCollector } from '../../memory/matrix-memory.js';
import { type BatchListener, claimBatches } from '../claim-loop.js';
import type { WorkerTask } from '../task.js';

/**
 * Runs one task to its end.
 *
 * @param onBatch called with the index of every batch this thread claims, before it touches the rows; for worker modules
 *   of your own that wrap this one
 */
export default function runTask(task: WorkerTask, onBatch?: BatchListener): void {
  if (task.type === 'warm-up') {
    instantiateKernel(task.kernel, createMatrixMemory(1).memory).magnitudes(0, 1, 1, 64);
    return;
  }
  const { buffer } = task.memory;
  seeByCollector(buffer as ArrayBufferLike as SharedArrayBuffer, buffer.byteLength);
  claimBatches(task, onBatch);
}
