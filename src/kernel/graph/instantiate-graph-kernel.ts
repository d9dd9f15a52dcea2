/**
 * A compiled graph kernel and its instances: all that a worker needs.
 */
import { instantiateSync } from '@assemblyscript/loader';
import type { CompiledKernel, KernelMemory } from '../instantiate.js';
import type { GraphKernelExports } from './graph-kernel.js';
import { createJavaScriptGraphKernel } from './javascript-graph-kernel.js';

/** The kernel as functions of `memory`; any number of instances, of any backends, may work on one memory. */
export function instantiateGraphKernel(kernel: CompiledKernel, memory: KernelMemory): GraphKernelExports {
  if (kernel.backend === 'javascript') return createJavaScriptGraphKernel(memory.buffer);
  // Where there is a WebAssembly kernel, memories are WebAssembly memories.
  const imports = { env: { memory: memory as WebAssembly.Memory } };
  const exports: Record<string, unknown> = instantiateSync(kernel.module, imports).instance.exports;
  return exports as Record<string, unknown> & GraphKernelExports;
}
