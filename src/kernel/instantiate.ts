/**
 * A compiled kernel and its instances: all that a worker needs. The kernel's bytes are elsewhere (compile.ts), so that
 * a worker's bundle does not carry them.
 */
import { instantiateSync } from '@assemblyscript/loader';
import { createJavaScriptKernel } from './javascript.js';
import type { KernelExports } from './kernel-exports.js';

/** Form in which the kernel runs: WebAssembly with SIMD, without it, or its twin in JavaScript. */
export type KernelBackend = 'simd' | 'scalar' | 'javascript';

/** Can be posted to workers: one compilation serves all threads. */
export type CompiledKernel =
  | {
      readonly backend: 'simd' | 'scalar';
      /** Kept out of declarations: Node's types have no WebAssembly. @internal */
      readonly module: WebAssembly.Module;
    }
  | { readonly backend: 'javascript' };

/** Source of a kernel in another thread: its bytes, which can be posted everywhere, or the compiled one where there are no bytes. */
export type KernelSource =
  | { readonly backend: 'simd' | 'scalar'; readonly bytes: Uint8Array<ArrayBuffer> }
  | CompiledKernel;

/** A kernel, and what to tell threads that compile it themselves. */
export interface PreparedKernel {
  readonly compiled: CompiledKernel;
  readonly source: KernelSource;
}

/** Whether a kernel has the function `name`, as one has all that is of a file for all purposes. */
export function hasExport(kernel: CompiledKernel, name: string): boolean {
  return 'module' in kernel && WebAssembly.Module.exports(kernel.module).some((each) => each.name === name);
}

/** Memory that a kernel works on: a WebAssembly.Memory; for the JavaScript kernel any buffer will do. */
export interface KernelMemory {
  readonly buffer: ArrayBufferLike;
}

/**
 * The kernel as functions of `memory`, which is shared if the kernel was compiled for that; any number of instances may
 * work on one memory.
 */
export function instantiateKernel(kernel: CompiledKernel, memory: KernelMemory): KernelExports {
  if (kernel.backend === 'javascript') return createJavaScriptKernel(memory.buffer);
  // Where there is a WebAssembly kernel, memories are WebAssembly memories.
  const imports = { env: { memory: memory as WebAssembly.Memory } };
  // The raw exports: the loader's own wrap every call to count its arguments.
  const exports: Record<string, unknown> = instantiateSync(kernel.module, imports).instance.exports;
  return exports as Record<string, unknown> & KernelExports;
}
