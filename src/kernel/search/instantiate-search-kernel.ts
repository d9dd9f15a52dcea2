/**
 * A compiled search kernel and its instances: all that a worker needs.
 */
import { instantiateSync } from '@assemblyscript/loader';
import type { CompiledKernel } from '../instantiate.js';
import { createJavaScriptSearchKernel } from './javascript-search-kernel.js';
import type { SearchKernelExports } from './search-kernel.js';

/** The kernel as functions of `memory`; any number of instances may work on one memory. */
export function instantiateSearchKernel(kernel: CompiledKernel, memory: WebAssembly.Memory): SearchKernelExports {
  if (kernel.backend === 'javascript') return createJavaScriptSearchKernel(memory.buffer);
  const exports: Record<string, unknown> = instantiateSync(kernel.module, { env: { memory } }).instance.exports;
  return exports as Record<string, unknown> & SearchKernelExports;
}
