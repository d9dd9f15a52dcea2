/**
 * A compiled kernel and its instances: all that a worker needs. The kernel's bytes are elsewhere (compile.ts), so that
 * a worker's bundle does not carry them.
 */
import { instantiateSync } from '@assemblyscript/loader';
import { createJavaScriptKernel } from './javascript.js';
import type { KernelExports } from './kernel-exports.js';

export type KernelBackend = 'simd' | 'scalar' | 'javascript';

/** Can be posted to workers: one compilation serves all threads. */
export type CompiledKernel =
  | { readonly backend: 'simd' | 'scalar'; readonly module: WebAssembly.Module }
  | { readonly backend: 'javascript' };

/** The kernel as functions of `memory`, which is shared; any number of instances may work on one memory. */
export function instantiateKernel(kernel: CompiledKernel, memory: WebAssembly.Memory): KernelExports {
  if (kernel.backend === 'javascript') return createJavaScriptKernel(memory.buffer);
  // The raw exports: the loader's own wrap every call to count its arguments.
  const exports: Record<string, unknown> = instantiateSync(kernel.module, { env: { memory } }).instance.exports;
  return exports as Record<string, unknown> & KernelExports;
}
