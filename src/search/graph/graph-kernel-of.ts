/**
 * The graph kernel of an engine, compiled once: when the first graph is made.
 */
import type { EngineCore } from '../../engine/engine-core.js';
import { compileGraphKernel, type GraphKernel } from '../../kernel/graph/compile-graph-kernel.js';

const kernels = new WeakMap<EngineCore, Promise<GraphKernel>>();

export function graphKernelOf(core: EngineCore): Promise<GraphKernel> {
  const known = kernels.get(core);
  if (known) return known;
  const compiling = core.kernel().then(({ backend }) => compileGraphKernel(backend, core.sharesMemory));
  kernels.set(core, compiling);
  // What could not be loaded is tried again.
  compiling.catch(() => kernels.delete(core));
  return compiling;
}
