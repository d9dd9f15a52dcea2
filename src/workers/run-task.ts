/**
 * What a thread does with a task, on every platform; but for searches (search-loop.ts), so that threads which only index
 * need nothing of those.
 */
import { type CompiledKernel, instantiateKernel } from '../kernel/instantiate.js';
import { layOutMatrix } from '../memory/matrix-layout.js';
import { createMatrixMemory, seeByCollector } from '../memory/matrix-memory.js';
import { type BatchListener, claimBatches } from './claim-loop.js';
import { measureMemory } from './memory-probe.js';
import { PartWorkspace } from './part.js';
import type { IndexerTask, PartAnswer } from './task.js';

const WARM_UP_MS = 10;
const WARM_UP_ROWS = 4;
/** Long enough for every pass of the sort. */
const WARM_UP_DIMS = 1024;

/** Memory of this thread's own, for parts. */
const workspace = new PartWorkspace();

/**
 * Runs one task to its end.
 *
 * @param onBatch called with the index of every batch this thread claims, before it touches the rows; for worker modules
 *   of your own that wrap this one
 */
export function runTask(task: IndexerTask, onBatch?: BatchListener): PartAnswer | undefined {
  switch (task.type) {
    case 'warm-up':
      warmUp(task.kernel, task.shared);
      return undefined;
    case 'measure-memory':
      measureMemory(task);
      return undefined;
    case 'index':
      tellCollector(task.memoryKey, task.memory.buffer);
      claimBatches(task, onBatch);
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
  seeByCollector(buffer, buffer.byteLength);
  known.push(key);
  if (known.length > MAX_KNOWN) known.shift();
}

/** Runs the kernel until the engine has had reason to compile it at its best; all threads share that code. */
function warmUp(kernel: CompiledKernel, shared: boolean): void {
  const layout = layOutMatrix([{ dims: WARM_UP_DIMS, count: WARM_UP_ROWS }], 1);
  const { memory, buffer } = createMatrixMemory(layout.byteLength, shared);
  new Float32Array(buffer, 0, WARM_UP_ROWS * WARM_UP_DIMS).fill(1);
  const { process } = instantiateKernel(kernel, memory);
  const { magnitudes } = layout.groups[0]!;
  const until = performance.now() + WARM_UP_MS;
  while (performance.now() < until) process(0, WARM_UP_ROWS, WARM_UP_DIMS, magnitudes, layout.scratch);
}
