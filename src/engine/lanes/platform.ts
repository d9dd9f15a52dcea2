/**
 * What differs between Node and browsers. The entry point of each platform sets its own before anything else runs.
 */
import type { KernelSource } from '../../kernel/instantiate.js';
import type { WorkerPool } from './worker-pool.js';

export interface Platform {
  /** Threads that `'auto'` stands for. */
  availableThreads(): number;
  /** Processor time that all threads of this process have used, in milliseconds; left out where it cannot be told. */
  cpuTimeMs?(this: void): number;
  /** Whether threads can share memory. Where not, one worker is all there is. */
  readonly sharesMemory: boolean;
  /** Why they cannot, as the beginning of a sentence. */
  readonly whyNotShared?: string;
  /** Whether every worker can search. Where not, the workers that index load less. */
  readonly workersSearch: boolean;
  /** Whether the option `worker` may be a function that starts one. */
  readonly takesWorkerFactory: boolean;
  /** Rejects with `WorkersUnavailable` if no worker can start here, and otherwise with the reason why these do not start. */
  createPool(options: PoolOptions): Promise<WorkerPool>;
  /** The module that compiles the search kernel: pages load it when something is searched, Node has it from the start. */
  loadSearchKernel(this: void): Promise<typeof import('../../kernel/search/compile-search-kernel.js')>;
  /** Default of `maxMemoryBytes`. */
  readonly maxMemoryBytes: number;
  /** Has garbage collected now, as far as the engine lets itself be asked, and finalizers run. */
  collectGarbage(): Promise<void>;
}

export interface PoolOptions {
  readonly threads: number;
  /** The worker module, for those who serve it themselves. */
  readonly worker: WorkerChoice | undefined;
  /** What the threads compute with, for platforms that tell them once. */
  readonly kernels: PoolKernels;
  /** Tasks that a thread has at a time, one at work and the others waiting for it. */
  readonly tasksPerThread: number;
  /** Tells the caller once. */
  readonly warn: (message: string) => void;
}

/** The kernels of a pool of threads; with a search kernel they are to search, too. */
export interface PoolKernels {
  readonly kernel: KernelSource;
  readonly searchKernel: KernelSource | undefined;
}

/** URL of a worker module, or, in pages, a function that starts a worker with one. */
export type WorkerChoice = URL | string | (() => PageWorker);

/** A Web Worker: the part of `Worker` that is known without a page's types. */
export interface PageWorker {
  /** As of `Worker`. */
  postMessage(message: unknown): void;
  /** As of `Worker`. */
  terminate(): void;
}

let bound: Platform | undefined;

export function bindPlatform(platform: Platform): void {
  bound = platform;
}

export function boundPlatform(): Platform {
  if (!bound) throw new Error('no platform is bound: import simdex by its package name, not a file inside it');
  return bound;
}
