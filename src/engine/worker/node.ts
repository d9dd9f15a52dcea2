/**
 * The module that runs in every Node worker thread (`simdex/worker`). Tinypool calls its default export with each task. It
 * loads nothing later: a process may have no file descriptors left by then.
 */
import { forgetMemories, isIndexTask, runIndexTask } from './run-index-task.js';
import { runTask } from './run-task.js';
import type { PartAnswer, WorkerTask } from './task.js';
import type { UnitListener } from './unit-work.js';

/**
 * Runs one task to its end.
 *
 * @param onUnit called with the number of every unit this thread claims (a batch; of a search a block of rows), before it touches the
 *   rows; for worker modules of your own that wrap this one
 */
export default function run(task: WorkerTask, onUnit?: UnitListener): PartAnswer | undefined {
  if (task.type === 'forget') forgetMemories(task.memoryKeys);
  if (!isIndexTask(task)) return runTask(task, onUnit);
  runIndexTask(task, onUnit);
  return undefined;
}
