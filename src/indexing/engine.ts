/**
 * What an indexer computes with: a compiled kernel, and how long that takes for a vector.
 */
import { compileKernel } from '../kernel/compile.js';
import type { CompiledKernel, KernelBackend } from '../kernel/instantiate.js';
import { ownKernel } from '../kernel/own-kernel.js';
import type { IndexerLogger, IndexerOptions } from './options.js';
import { WorkEstimate } from './tuning/work-estimate.js';

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

/** Tells why `'auto'` is JavaScript here. */
export function fallbackTeller(logger: IndexerLogger | undefined): (reason: string) => void {
  return (reason) => logger?.warn(`The JavaScript kernel is used: ${reason}`);
}

/**
 * Rejects with `IndexingError` `InvalidConfiguration` for a kernel that is not to be had here.
 *
 * @param shared whether threads can share memory here
 */
export async function loadEngine(
  { kernel: choice, wasm, logger }: IndexerOptions,
  threads: number,
  shared: boolean,
): Promise<Engine> {
  const kernel = await compileKernel(choice ?? 'auto', {
    own: wasm && ownKernel(wasm),
    shared,
    onFallback: fallbackTeller(logger),
  });
  logger?.info(`Using the ${kernel.backend} kernel on ${threads} threads`);
  return { kernel, backend: { kernel: kernel.backend, threads, shared }, estimate: new WorkEstimate(kernel.backend) };
}
