/**
 * What a thread does for a graph. Kernels on the memories of graphs are kept from job to job.
 */
import { insertRows, mendRows } from './graph-insert-loop.js';
import { makeRecords } from './graph-records.js';
import { searchGraphs } from './graph-search-loop.js';
import type { GraphPlace, GraphTask } from './graph-task.js';
import { KernelsByMemory } from './kernels-by-memory.js';
import { compileHere, OpenGraph } from './open-graph.js';
import type { MemoryOpener } from './search-loop.js';
import type { UnitWork } from './unit-work.js';

const graphs = new KernelsByMemory<OpenGraph>();

export function graphWork(task: GraphTask, openMemory: MemoryOpener): UnitWork {
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

/** Lets go of kernels on memories that are gone. */
export function forgetGraphs(keys: readonly number[]): void {
  graphs.forget(keys);
}
