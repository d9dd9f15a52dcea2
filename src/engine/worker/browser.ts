/**
 * The module that runs in the Web Workers of indexers (`simdex/worker`). It does not search: pages that only index need not
 * load what that takes.
 */
import { runTask } from './run-task.js';
import { servePage } from './serve-page.js';
import type { IndexerTask } from './task.js';
import type { UnitListener } from './unit-work.js';

let onUnit: UnitListener | undefined;

/** For worker modules of your own that import this one: called with every batch that this worker claims. */
export default function watchUnits(listener: UnitListener): void {
  onUnit = listener;
}

// A page sends searches to those workers only that say they search.
servePage((task) => runTask(task as IndexerTask, onUnit), false);
