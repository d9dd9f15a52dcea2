/**
 * What a thread does for an index: search its rows, bring rows in, move them, and all of that with a graph. Kernels on the memories of
 * segments and graphs are kept from job to job.
 */

import { UnitControl } from '../../memory/control-block.js';
import { countForCollector } from '../../memory/create-memory.js';
import { insertRows, mendRows } from './graph-insert-loop.js';
import { makeRecords } from './graph-records.js';
import { searchGraphs } from './graph-search-loop.js';
import type { GraphPlace, GraphTask } from './graph-task.js';
import { compileHere, OpenGraph } from './open-graph.js';
import { moveRows, openRowKernels, type RowKernels, settleIncomingRows } from './rows-loop.js';
import type { MemoryOpener } from './search-loop.js';
import { OpenMemory, searchBlocks } from './search-loop.js';
import type { IndexTask, WorkerTask } from './task.js';
import type { UnitWork } from './unit-work.js';
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

/** Kernels by the keys of their memories. */
const opened = new Map<number, OpenMemory>();
const rowKernels = new Map<number, RowKernels>();
const graphs = new Map<number, OpenGraph>();

/** Does a thread's part of a job. */
export function runIndexTask(task: IndexTask, onUnit?: UnitListener): void {
  doUnits(new UnitControl(task.control), task.thread, workOf(task), onUnit);
}

/** Lets go of kernels on memories that are gone. */
export function forgetMemories(keys: readonly number[]): void {
  for (const key of keys) {
    opened.delete(key);
    rowKernels.delete(key);
    graphs.delete(key);
  }
}

function workOf(task: IndexTask): UnitWork {
  switch (task.type) {
    case 'search':
      return searchBlocks(task, openMemory);
    case 'rows': {
      const { kernel, searchKernel } = task;
      return settleIncomingRows(task, ({ key, memory }) =>
        kept(rowKernels, key, memory.buffer, () => openRowKernels(kernel, searchKernel, memory)),
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
  const open = (graph: GraphPlace) => kept(graphs, graph.key, graph.memory.buffer, () => new OpenGraph(kernel, graph));
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
  kept(opened, key, memory.buffer, () => new OpenMemory(searchKernel, memory));

function kept<T>(known: Map<number, T>, key: number, buffer: ArrayBufferLike, open: () => T): T {
  const found = known.get(key);
  if (found) return found;
  // Every task brings its memory as a new object; the first is kept, and the collector told what that costs.
  countForCollector(buffer, buffer.byteLength);
  const made = open();
  known.set(key, made);
  return made;
}
