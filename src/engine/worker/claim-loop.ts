/**
 * What a thread does in a run: claim a batch, index it slice by slice, write its record, claim the next.
 *
 * A batch's rows, magnitudes, timings and record are written by the thread that claimed it and by nobody else meanwhile.
 * The stop word is read, and the rows done are published, before every slice; a slice is planned to take well below 2 ms.
 */
import { applyKernel } from '../../kernel/apply.js';
import { instantiateKernel } from '../../kernel/instantiate.js';
import type { KernelExports } from '../../kernel/kernel-exports.js';
import { ClaimerControl } from '../../memory/claimer-control.js';
import type { Batch } from '../../memory/control-layout.js';
import type { IndexingTask } from './task.js';

/** Called when a batch has been claimed and recorded, before its rows are touched. */
export type BatchListener = (batch: number) => void;

/** Claims and indexes batches until none is wanted any more. Blocks the thread while rows are still being copied in. */
export function claimBatches(task: IndexingTask, onBatch?: BatchListener): void {
  const control = new ClaimerControl(task.control, task.batchCount);
  const kernel = instantiateKernel(task.kernel, task.memory);
  let batch = task.firstBatch >= 0 ? task.firstBatch : control.claimNext();
  while (control.isWanted(batch) && control.waitUntilReady(batch)) {
    indexBatch(task, control, kernel, batch, onBatch);
    if (!control.waitUntilAdmitted(task.threadId)) return;
    batch = control.claimNext();
  }
}

function indexBatch(
  task: IndexingTask,
  control: ClaimerControl,
  kernel: KernelExports,
  index: number,
  onBatch: BatchListener | undefined,
): void {
  const batch = control.batch(index);
  const { timed } = control;
  // Differences of performance.now() keep their resolution; on the common time line of nowMs() they are rounded.
  const origin = timed ? performance.timeOrigin : 0;
  let sliceStart = timed ? performance.now() : 0;
  control.recordClaim(index, task.threadId, timed ? origin + sliceStart : undefined);
  onBatch?.(index);
  let rejected = 0;
  for (let first = 0, slice = 0; first < batch.count; first += batch.sliceRows, slice++) {
    if (!control.isWanted(index)) return;
    const count = Math.min(batch.sliceRows, batch.count - first);
    rejected += indexRows(task, kernel, batch, first, count);
    if (timed) {
      const sliceEnd = performance.now();
      control.recordTiming(index, slice, Math.round((sliceEnd - sliceStart) * 1e6));
      sliceStart = sliceEnd;
    }
    control.recordRowsDone(index, first + count);
  }
  // The end of the last slice is the end of the batch.
  control.recordDone(index, rejected, timed ? origin + sliceStart : undefined);
  if (rejected > 0 && task.endAtRejection) control.lowerEnd(index + 1);
}

/** Works on rows `first` to `first + count` of a batch; returns the number of rejected ones. */
function indexRows(task: IndexingTask, kernel: KernelExports, batch: Batch, first: number, count: number): number {
  const { dims } = batch;
  const rows = batch.rows + first * dims * 4;
  const magnitudes = batch.magnitudes + first * 4;
  if (task.source) {
    const { buffer, byteOffset } = task.source;
    const from = new Float32Array(buffer, byteOffset + rows, count * dims);
    new Float32Array(task.memory.buffer, rows, count * dims).set(from);
  }
  return applyKernel(kernel, task.operation, { rows, count, dims, magnitudes, scratch: task.scratch });
}
