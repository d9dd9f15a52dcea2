/**
 * The module that runs in every Node worker thread (`simdex/worker`). Tinypool calls its default export with each task.
 */
import { runTask } from './run-task.js';
import type { SearchInstances } from './search-loop.js';
import type { SearchTask } from './search-task.js';
import type { PartAnswer, WorkerTask } from './task.js';
import type { UnitListener } from './unit-work.js';

/**
 * Runs one task to its end.
 *
 * @param onUnit called with the index of every batch (of a search: block) this thread claims, before it touches the rows;
 *   for worker modules of your own that wrap this one
 */
export default function run(task: WorkerTask, onUnit?: UnitListener): PartAnswer | undefined | Promise<undefined> {
  return task.type === 'search' ? search(task, onUnit) : runTask(task, onUnit);
}

let instances: SearchInstances | undefined;

/** Loads what searching needs when it is asked for. */
async function search(task: SearchTask, onBlock: UnitListener | undefined): Promise<undefined> {
  const { SearchInstances, searchBlocks } = await import('./search-loop.js');
  instances ??= new SearchInstances();
  instances.keepOnly(task.parts);
  searchBlocks(task, instances, onBlock);
}
