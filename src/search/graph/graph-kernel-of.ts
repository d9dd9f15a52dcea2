/**
 * The graph kernel of an engine. It is compiled when the first graph is made, once for all engines: to check that it builds a known graph
 * rightly takes longer than to load a small index.
 */
import type { EngineCore } from '../../engine/engine-core.js';
import { compileGraphKernel } from '../../kernel/graph/compile-graph-kernel.js';
import type { PreparedKernel } from '../../kernel/instantiate.js';

/** Kernels by their backends, and whether memory is shared. */
const kernels = new Map<string, Promise<PreparedKernel>>();
/** Kernels of engines that were given a kernel of their own. */
const ownKernels = new WeakMap<EngineCore, Promise<PreparedKernel>>();

export async function graphKernelOf(core: EngineCore): Promise<PreparedKernel> {
  const indexing = await core.preparedKernel();
  const key = `${indexing.compiled.backend}, ${core.sharesMemory ? 'shared' : 'not shared'}`;
  const known = core.options.wasm ? ownKernels.get(core) : kernels.get(key);
  if (known) return known;
  const compiling = compileGraphKernel(indexing, core.sharesMemory, (reason) => core.tellFallback('graph', reason));
  if (core.options.wasm) ownKernels.set(core, compiling);
  else kernels.set(key, compiling);
  // A kernel that could not be loaded is tried again.
  compiling.catch(() => {
    kernels.delete(key);
    ownKernels.delete(core);
  });
  return compiling;
}
