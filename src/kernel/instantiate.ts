import { instantiateSync } from '@assemblyscript/loader';
import type { KernelExports } from './kernel-exports.js';
import type { CompiledKernel } from './load.js';

export function instantiateKernel(kernel: CompiledKernel, memory: WebAssembly.Memory): KernelExports {
  if (kernel.backend === 'javascript') throw new Error('later');
  return instantiateSync<KernelExports & Record<string, unknown>>(kernel.module, { env: { memory } }).exports;
}
