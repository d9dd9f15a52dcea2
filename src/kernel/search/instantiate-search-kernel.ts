/**
 * A compiled search kernel and its instances: all that a worker needs.
 */
import { instantiateSync } from '@assemblyscript/loader';
import type { CompiledKernel, KernelMemory } from '../instantiate.js';
import { createJavaScriptSearchKernel } from './javascript-search-kernel.js';
import type { SearchKernelExports } from './search-kernel.js';

/** The kernel as functions of `memory`; any number of instances may work on one memory. */
export function instantiateSearchKernel(kernel: CompiledKernel, memory: KernelMemory): SearchKernelExports {
  if (kernel.backend === 'javascript') return createJavaScriptSearchKernel(memory.buffer);
  // Where there is a WebAssembly kernel, memories are WebAssembly memories.
  const imports = { env: { memory: memory as WebAssembly.Memory } };
  const exports: Record<string, unknown> = instantiateSync(kernel.module, imports).instance.exports;
  return exports as Record<string, unknown> & SearchKernelExports;
}
