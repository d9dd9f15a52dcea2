/**
 * The graph kernel of an engine, compiled when the first graph is made: once for all engines, since whether it builds a known graph takes longer to
 * find out than to load a small index.
 */
import type { EngineCore } from '../../engine/engine-core.js';
import { compileGraphKernel, type GraphKernel } from '../../kernel/graph/compile-graph-kernel.js';

/** By their backends, and whether memory is shared. */
const kernels = new Map<string, Promise<GraphKernel>>();

export async function graphKernelOf(core: EngineCore): Promise<GraphKernel> {
  const { backend } = await core.kernel();
  const key = `${backend}, ${core.sharesMemory ? 'shared' : 'not shared'}`;
  const known = kernels.get(key);
  if (known) return known;
  const compiling = compileGraphKernel(backend, core.sharesMemory);
  kernels.set(key, compiling);
  // What could not be loaded is tried again.
  compiling.catch(() => kernels.delete(key));
  return compiling;
}
