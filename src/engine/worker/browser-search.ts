/**
 * The module that runs in the Web Workers of a VectorIndex (`simdex/search-worker`): it indexes as `simdex/worker` does, and
 * searches.
 */
import { runTask } from './run-task.js';
import { SearchInstances, searchBlocks } from './search-loop.js';
import { servePage } from './serve-page.js';
import type { UnitListener } from './unit-work.js';

let onUnit: UnitListener | undefined;

/** For worker modules of your own that import this one: called with every batch or, of a search, block that this worker claims. */
export default function watchUnits(listener: UnitListener): void {
  onUnit = listener;
}

const instances = new SearchInstances();

servePage((task) => {
  if (task.type !== 'search') return runTask(task, onUnit);
  instances.keepOnly(task.parts);
  searchBlocks(task, instances, onUnit);
  return undefined;
}, true);
