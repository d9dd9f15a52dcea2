/**
 * A compiled kernel and how a thread binds it to a memory. Nothing here compiles or holds the kernel's bytes, so that
 * workers, which are sent the module, need not carry them.
 */
import { instantiateSync } from '@assemblyscript/loader';
import { createJavaScriptKernel } from './javascript.js';
import type { KernelExports } from './kernel-exports.js';

export type KernelBackend = 'simd' | 'scalar' | 'javascript';

/** Can be structured-cloned to another thread. */
export type CompiledKernel =
  | { readonly backend: 'simd' | 'scalar'; readonly module: WebAssembly.Module }
  | { readonly backend: 'javascript' };

/** Binds a kernel to a shared memory of 1 to 65,536 pages; takes a few microseconds. */
export function instantiateKernel(kernel: CompiledKernel, memory: WebAssembly.Memory): KernelExports {
  if (kernel.backend === 'javascript') return createJavaScriptKernel(memory.buffer);
  return instantiateSync<KernelExports & Record<string, unknown>>(kernel.module, { env: { memory } }).exports;
}
