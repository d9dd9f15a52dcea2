/**
 * The module that runs in every Node worker thread (`simdex/worker`). Tinypool calls its default export with each task.
 */
import { runTask } from './run-task.js';
import type { IndexTask, PartAnswer, WorkerTask } from './task.js';
import type { UnitListener } from './unit-work.js';

/**
 * Runs one task to its end.
 *
 * @param onUnit called with the number of every unit this thread claims (a batch; of a search a block of rows), before it touches the
 *   rows; for worker modules of your own that wrap this one
 */
export default function run(task: WorkerTask, onUnit?: UnitListener): PartAnswer | undefined | Promise<undefined> {
  switch (task.type) {
    case 'search':
    case 'rows':
    case 'move':
      return runForIndex(task, onUnit);
    case 'forget':
      loaded?.forgetMemories(task.memoryKeys);
      return undefined;
    default:
      return runTask(task, onUnit);
  }
}

/** What an index takes, loaded when it is asked for. */
let loaded: typeof import('./run-index-task.js') | undefined;

async function runForIndex(task: IndexTask, onUnit: UnitListener | undefined): Promise<undefined> {
  loaded ??= await import('./run-index-task.js');
  loaded.runIndexTask(task, onUnit);
}
