/**
 * Has a thread's kernel compiled at its best before there is anything to do.
 */
import { type CompiledKernel, instantiateKernel } from '../../kernel/instantiate.js';
import { createMemory } from '../../memory/create-memory.js';
import { layOutMatrix } from '../../memory/matrix-memory.js';

const WARM_UP_MS = 10;
const WARM_UP_ROWS = 4;
/** Long enough for every pass of the sort. */
const WARM_UP_DIMS = 1024;

/** Runs the kernel until the engine has had reason to compile it at its best; all threads share that code. */
export function warmUp(kernel: CompiledKernel, shared: boolean): void {
  const layout = layOutMatrix([{ dims: WARM_UP_DIMS, count: WARM_UP_ROWS }], 1);
  const { memory, buffer } = createMemory(layout.byteLength, shared);
  new Float32Array(buffer, 0, WARM_UP_ROWS * WARM_UP_DIMS).fill(1);
  const { process } = instantiateKernel(kernel, memory);
  const { magnitudes } = layout.groups[0]!;
  const until = performance.now() + WARM_UP_MS;
  while (performance.now() < until) process(0, WARM_UP_ROWS, WARM_UP_DIMS, magnitudes, layout.scratch);
}
