/**
 * The module that runs in the Web Workers of a VectorIndex (`simdex/search-worker`): it indexes as `simdex/worker` does, and
 * searches.
 */
import type { BatchListener } from './claim-loop.js';
import { runTask } from './run-task.js';
import { SearchInstances, searchBlocks } from './search-loop.js';
import { servePage } from './serve-page.js';

let onBatch: BatchListener | undefined;

/** For worker modules of your own that import this one: called with every batch or, of a search, block that this worker claims. */
export default function watchBatches(listener: BatchListener): void {
  onBatch = listener;
}

const instances = new SearchInstances();

servePage((task) => {
  if (task.type !== 'search') return runTask(task, onBatch);
  instances.keepOnly(task.parts);
  searchBlocks(task, instances, onBatch);
  return undefined;
}, true);
