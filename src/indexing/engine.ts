/**
 * What an indexer computes with: a compiled kernel, and how long that takes for a vector.
 */
import { compileKernel } from '../kernel/compile.js';
import type { CompiledKernel, KernelBackend } from '../kernel/instantiate.js';
import type { IndexerOptions } from './options.js';
import { WorkEstimate } from './work-estimate.js';

/** What indexes, once it is known. */
export interface Backend {
  readonly kernel: KernelBackend;
  readonly threads: number;
  /** Whether the threads share memory. */
  readonly shared: boolean;
}

export interface Engine {
  readonly kernel: CompiledKernel;
  readonly backend: Backend;
  readonly estimate: WorkEstimate;
}

/** Rejects with `IndexingError` `InvalidConfiguration` for a kernel that is not to be had here. */
export async function loadEngine({ kernel: choice, wasm, logger }: IndexerOptions, threads: number): Promise<Engine> {
  const kernel = await compileKernel(choice ?? 'auto', wasm);
  logger?.info(`Using the ${kernel.backend} kernel on ${threads} threads`);
  if (kernel.backend === 'javascript' && choice !== 'javascript') {
    logger?.warn('WebAssembly SIMD is missing or computes wrong here; the JavaScript kernel is used');
  }
  const backend = { kernel: kernel.backend, threads, shared: true };
  return { kernel, backend, estimate: new WorkEstimate(kernel.backend) };
}
