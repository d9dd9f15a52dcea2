/**
 * The work of an indexing job: a batch is indexed slice by slice where its rows lie. Its rows, magnitudes and record are
 * written by the thread that claimed it, and by nobody else meanwhile.
 */

import { instantiateKernel } from '../../kernel/instantiate.js';
import { applyKernel } from '../../kernel/kernel-exports.js';
import { batchAt, endAtRejectionOf, firstTimingOf } from '../../memory/batch.js';
import { UnitControl } from '../../memory/control-block.js';
import type { IndexingTask } from './task.js';
import type { UnitWork } from './unit-work.js';

export function indexBatches(task: IndexingTask): UnitWork {
  const { thread, memory, operation, scratch, source } = task;
  const control = new UnitControl(task.control);
  const kernel = instantiateKernel(task.kernel, memory);
  const { timed } = control;
  // Differences of performance.now() keep their resolution; on the common time line of nowMs() they are rounded.
  const origin = timed ? performance.timeOrigin : 0;

  function* slices(unit: number): Generator<void, void, void> {
    const { count, dims, rows, magnitudes, sliceRows } = batchAt(control, unit);
    let sliceStart = timed ? performance.now() : 0;
    if (timed) control.recordClaimedAt(unit, origin + sliceStart);
    let timing = firstTimingOf(control, unit);
    let rejected = 0;
    for (let first = 0; first < count; first += sliceRows) {
      if (first > 0) yield;
      const rowsHere = Math.min(sliceRows, count - first);
      const at = rows + first * dims * 4;
      if (source) copyIn(at, rowsHere * dims);
      const placed = { rows: at, count: rowsHere, dims, magnitudes: magnitudes + first * 4, scratch };
      rejected += applyKernel(kernel, operation, placed);
      if (timed) {
        const sliceEnd = performance.now();
        control.recordTiming(timing++, Math.round((sliceEnd - sliceStart) * 1e6));
        sliceStart = sliceEnd;
      }
      control.recordRowsDone(unit, first + rowsHere);
    }
    // The end of the last slice is the end of the batch.
    control.recordDone(unit, thread, rejected, timed ? origin + sliceStart : undefined);
    if (rejected > 0) control.drop(unit + 1, endAtRejectionOf(control, unit));
  }

  /** Rows of a shared source lie where they do in the job's memory, from some byte on. */
  function copyIn(at: number, components: number): void {
    const { buffer, byteOffset } = source!;
    new Float32Array(memory.buffer, at, components).set(new Float32Array(buffer, byteOffset + at, components));
  }

  return { slices };
}
