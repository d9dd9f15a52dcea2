/**
 * What a thread does for an index: search its rows, bring rows in, move them, and all of that with a graph. Kernels on the memories of
 * segments and graphs are kept from job to job.
 */
import { UnitControl } from '../../memory/control-block.js';
import { countAsGone, countForCollector } from '../../memory/create-memory.js';
import { insertRows, mendRows } from './graph-insert-loop.js';
import { makeRecords } from './graph-records.js';
import { searchGraphs } from './graph-search-loop.js';
import type { GraphPlace, GraphTask } from './graph-task.js';
import { compileHere, OpenGraph } from './open-graph.js';
import { moveRows, openRowKernels, type RowKernels, settleIncomingRows } from './rows-loop.js';
import { type MemoryOpener, OpenMemory, searchBlocks } from './search-loop.js';
import type { IndexTask, WorkerTask } from './task.js';
import { doUnits, type UnitListener, type UnitWork } from './unit-work.js';

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

/** Kernels by the keys of their memories. Every task brings its memories as new objects; the first object of each is kept. */
class KernelsByMemory<T> {
  readonly #kept = new Map<number, { readonly buffer: ArrayBufferLike; readonly kernel: T }>();

  /** The kernel on the memory with this key; `open` makes it the first time. */
  get(key: number, buffer: ArrayBufferLike, open: () => T): T {
    const found = this.#kept.get(key);
    if (found) return found.kernel;
    countForCollector(buffer, 'index');
    const kernel = open();
    this.#kept.set(key, { buffer, kernel });
    return kernel;
  }

  /** Lets go of kernels on memories that are gone. */
  forget(keys: readonly number[]): void {
    for (const key of keys) {
      const found = this.#kept.get(key);
      if (found) countAsGone(found.buffer);
      this.#kept.delete(key);
    }
  }
}

const opened = new KernelsByMemory<OpenMemory>();
const rowKernels = new KernelsByMemory<RowKernels>();
const graphs = new KernelsByMemory<OpenGraph>();

/** Does a thread's part of a job. */
export function runIndexTask(task: IndexTask, onUnit?: UnitListener): void {
  doUnits(new UnitControl(task.control), task.thread, workOf(task), onUnit);
}

/** Lets go of kernels on memories that are gone. */
export function forgetMemories(keys: readonly number[]): void {
  for (const kernels of [opened, rowKernels, graphs]) kernels.forget(keys);
}

function workOf(task: IndexTask): UnitWork {
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
      return graphWork(task);
  }
}

function graphWork(task: GraphTask): UnitWork {
  const kernel = compileHere(task.graphKernel);
  const open = (graph: GraphPlace) => graphs.get(graph.key, graph.memory.buffer, () => new OpenGraph(kernel, graph));
  switch (task.type) {
    case 'graph-insert':
      return insertRows(task, open(task.graph));
    case 'graph-records':
      return makeRecords(task, open(task.graph));
    case 'graph-mend':
      return mendRows(task, open(task.graph));
    case 'graph-search':
      return searchGraphs(task, openMemory, open);
  }
}

const openMemory: MemoryOpener = ({ searchKernel }, { key, memory }) =>
  opened.get(key, memory.buffer, () => new OpenMemory(searchKernel, memory));
