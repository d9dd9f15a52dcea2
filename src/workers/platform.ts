/**
 * What differs between Node and browsers. The entry point of each binds its own before anything else runs.
 */
import type { WorkerPool } from './worker-pool.js';

export interface Platform {
  /** Threads that `'auto'` stands for. */
  availableThreads(): number;
  /** Processor time that all threads of this process have used, in milliseconds; left out where it cannot be told. */
  cpuTimeMs?(this: void): number;
  /** @param worker URL of the worker module, for those who serve it themselves */
  createPool(threadCount: number, worker: URL | string | undefined): WorkerPool;
  /** Default of `maxMemoryBytes`. */
  readonly maxMemoryBytes: number;
  /** Has garbage collected now, as far as the engine lets itself be asked, and finalizers run. */
  collectGarbage(): Promise<void>;
}

let bound: Platform | undefined;

export function bindPlatform(platform: Platform): void {
  bound = platform;
}

export function boundPlatform(): Platform {
  if (!bound) throw new Error('no platform is bound: import simdex by its package name, not a file inside it');
  return bound;
}
