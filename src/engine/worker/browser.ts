/**
 * The module that runs in the Web Workers of indexers (`simdex/worker`). It does not search: pages that only index need not
 * load what that takes.
 */
import type { BatchListener } from './claim-loop.js';
import { runTask } from './run-task.js';
import { servePage } from './serve-page.js';
import type { IndexerTask } from './task.js';

let onBatch: BatchListener | undefined;

/** For worker modules of your own that import this one: called with every batch that this worker claims. */
export default function watchBatches(listener: BatchListener): void {
  onBatch = listener;
}

// A page sends searches to those workers only that say they search.
servePage((task) => runTask(task as IndexerTask, onBatch), false);
