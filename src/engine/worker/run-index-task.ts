/**
 * What a thread does for an index: search its rows, bring rows in, move them, and all of that with a graph. Kernels on the memories of
 * segments are kept from job to job.
 */
import { UnitControl } from '../../memory/control-block.js';
import { KernelsByMemory } from './kernels-by-memory.js';
import { moveRows, openRowKernels, type RowKernels, settleIncomingRows } from './rows-loop.js';
import { forgetGraphs, graphWork } from './run-graph-task.js';
import { type MemoryOpener, OpenMemory, searchBlocks } from './search-loop.js';
import type { IndexTask, WorkerTask } from './task.js';
import { doUnits, type UnitListener } from './unit-work.js';

/** Whether a task is one of these. */
export function isIndexTask(task: WorkerTask): task is IndexTask {
  switch (task.type) {
    case 'search':
    case 'rows':
    case 'move':
    case 'graph-insert':
    case 'graph-records':
    case 'graph-mend':
    case 'graph-search':
      return true;
    default:
      return false;
  }
}

const opened = new KernelsByMemory<OpenMemory>();
const rowKernels = new KernelsByMemory<RowKernels>();

/** Does a thread's part of a job. */
export function runIndexTask(task: IndexTask, onUnit?: UnitListener): void {
  doUnits(new UnitControl(task.control), task.thread, workOf(task), onUnit);
}

/** Lets go of kernels on memories that are gone. */
export function forgetMemories(keys: readonly number[]): void {
  opened.forget(keys);
  rowKernels.forget(keys);
  forgetGraphs(keys);
}

function workOf(task: IndexTask) {
  switch (task.type) {
    case 'search':
      return searchBlocks(task, openMemory);
    case 'rows': {
      const { kernel, searchKernel } = task;
      return settleIncomingRows(task, ({ key, memory }) =>
        rowKernels.get(key, memory.buffer, () => openRowKernels(kernel, searchKernel, memory)),
      );
    }
    case 'move':
      return moveRows(task);
    default:
      return graphWork(task, openMemory);
  }
}

const openMemory: MemoryOpener = ({ searchKernel }, { key, memory }) =>
  opened.get(key, memory.buffer, () => new OpenMemory(searchKernel, memory));
