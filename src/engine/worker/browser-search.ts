/**
 * The module that runs in the Web Workers of a VectorIndex (`simdex/search-worker`): it indexes as `simdex/worker` does, and
 * searches.
 */
import { forgetMemories, isIndexTask, runIndexTask } from './run-index-task.js';
import { runTask } from './run-task.js';
import { servePage } from './serve-page.js';
import type { UnitListener } from './unit-work.js';

let onUnit: UnitListener | undefined;

/** For worker modules of your own that import this one: called with every batch or, of a search, block that this worker claims. */
export default function watchUnits(listener: UnitListener): void {
  onUnit = listener;
}

servePage((task) => {
  if (task.type === 'forget') forgetMemories(task.memoryKeys);
  if (!isIndexTask(task)) return runTask(task, onUnit);
  runIndexTask(task, onUnit);
  return undefined;
}, true);
