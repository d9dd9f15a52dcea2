/**
 * The module that runs in every Node worker thread (`simdex/worker`). Tinypool calls its default export with each task. It
 * loads nothing later: a process may have no file descriptors left by then.
 */
import { runTask } from './run-task.js';
import { SearchInstances, searchBlocks } from './search-loop.js';
import type { PartAnswer, WorkerTask } from './task.js';
import type { UnitListener } from './unit-work.js';

/**
 * Runs one task to its end.
 *
 * @param onUnit called with the index of every batch (of a search: block) this thread claims, before it touches the rows;
 *   for worker modules of your own that wrap this one
 */
export default function run(task: WorkerTask, onUnit?: UnitListener): PartAnswer | undefined {
  if (task.type !== 'search') return runTask(task, onUnit);
  instances.keepOnly(task.parts);
  searchBlocks(task, instances, onUnit);
  return undefined;
}

const instances = new SearchInstances();
