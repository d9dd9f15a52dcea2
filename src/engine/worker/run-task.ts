/**
 * What a thread does with a task, on every platform. Searches are in search-loop.ts, so that threads which only index do not load them.
 */

import { UnitControl } from '../../memory/control-block.js';
import { countForCollector } from '../../memory/create-memory.js';
import { indexBatches } from './index-batches.js';
import { measureMemory } from './memory-probe.js';
import { PartWorkspace } from './part.js';
import type { IndexerTask, PartAnswer } from './task.js';
import { doUnits, type UnitListener } from './unit-work.js';
import { warmUp } from './warm-up.js';

/** Memory of this thread's own, for parts. */
const workspace = new PartWorkspace();

/**
 * Runs one task to its end.
 *
 * @param onUnit called with the number of every batch this thread claims, before it touches the rows; for worker modules
 *   of your own that wrap this one
 */
export function runTask(task: IndexerTask, onUnit?: UnitListener): PartAnswer | undefined {
  switch (task.type) {
    case 'warm-up':
      warmUp(task.kernel, task.shared);
      return undefined;
    case 'measure-memory':
      doUnits(new UnitControl(task.control), task.thread, measureMemory(task));
      return undefined;
    case 'index':
      tellCollector(task.memoryKey, task.memory.buffer);
      doUnits(new UnitControl(task.control), task.thread, indexBatches(task), onUnit);
      return undefined;
    case 'forget':
      // Nothing is kept from one indexing job to the next.
      return undefined;
    case 'part':
      return workspace.index(task);
  }
}

/** Keys of the memories that came last. */
const known: number[] = [];
const MAX_KNOWN = 64;

/**
 * Every task brings its memory as a new object. What that costs to keep, the collector is told once for each memory: told every
 * time, it would run after every few tasks of a stream.
 */
function tellCollector(key: number, buffer: ArrayBufferLike): void {
  if (known.includes(key)) return;
  countForCollector(buffer);
  known.push(key);
  if (known.length > MAX_KNOWN) known.shift();
}
