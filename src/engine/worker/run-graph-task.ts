/**
 * What a thread does for a graph. Kernels on the memories of graphs are kept from job to job.
 */
import { countForCollector } from '../../memory/create-memory.js';
import { insertRows, mendRows } from './graph-insert-loop.js';
import { makeRecords } from './graph-records.js';
import { searchGraphs } from './graph-search-loop.js';
import type { GraphPlace, GraphTask } from './graph-task.js';
import { compileHere, OpenGraph } from './open-graph.js';
import type { MemoryOpener } from './search-loop.js';
import type { UnitWork } from './unit-work.js';

/** Kernels by the keys of their memories. */
const opened = new Map<number, OpenGraph>();

export function graphWork(task: GraphTask, openMemory: MemoryOpener): UnitWork {
  const kernel = compileHere(task.graphKernel);
  const open = (graph: GraphPlace) => {
    const known = opened.get(graph.key);
    if (known) return known;
    const { buffer } = graph.memory;
    countForCollector(buffer, buffer.byteLength);
    const made = new OpenGraph(kernel, graph);
    opened.set(graph.key, made);
    return made;
  };
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
  for (const key of keys) opened.delete(key);
}
