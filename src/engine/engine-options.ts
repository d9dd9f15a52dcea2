/**
 * The options of an engine, checked here, once.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { checkKernelChoice } from '../kernel/compile.js';
import type { KernelBackend } from '../kernel/instantiate.js';
import { isOwnWasm, type OwnWasm } from '../kernel/own-kernel.js';
import { boundPlatform, type WorkerChoice } from './lanes/platform.js';

/** What an engine tells beside results, one line at a time. */
export interface IndexerLogger {
  /** Something a reader of logs may want to know. */
  info(message: string): void;
  /** Something that should not be so. */
  warn(message: string): void;
}

/** What an engine is made with. */
export interface EngineOptions {
  /**
   * Threads: 1 to 256, or `'auto'` (default): what the machine and the container's CPU quota allow (in pages: one less than the
   * cores, at most 8).
   */
  readonly threads?: number | 'auto' | undefined;
  /** Most bytes that everything on this engine holds at a time. No bound by default in Node, 1 GiB in pages. */
  readonly maxMemoryBytes?: number | undefined;
  /** Default `'auto'`: SIMD where the engine has it and answers a known question rightly, else JavaScript. */
  readonly kernel?: 'auto' | KernelBackend | undefined;
  /** The worker module, for those who serve it themselves: a URL or, in pages, also a function that starts one. */
  readonly worker?: WorkerChoice | undefined;
  /**
   * The kernels, for those who serve them themselves: the bytes of `simdex/simd-shared.wasm`, or one of the package's .wasm files as a
   * `WebAssembly.Module`, which is to fit: `simdex/simd-shared.wasm` where memory is shared, `simdex/simd.wasm` where it is not.
   */
  readonly wasm?: OwnWasm | undefined;
  /** Gets messages about what happens beside results. None by default. */
  readonly logger?: IndexerLogger | undefined;
}

export interface CheckedEngineOptions {
  readonly threads: number;
  readonly maxMemoryBytes: number;
  readonly kernel: 'auto' | KernelBackend;
  readonly worker: WorkerChoice | undefined;
  readonly wasm: EngineOptions['wasm'];
  readonly logger: IndexerLogger | undefined;
}

/** The options that belong to an engine, and so are refused beside `engine`. */
export const ENGINE_ONLY = ['maxMemoryBytes', 'kernel', 'worker', 'wasm'] as const;

const OPTIONS = new Set(['threads', ...ENGINE_ONLY, 'logger']);

/** @throws {IndexingError} `InvalidConfiguration` naming the option; so do all functions here. */
export function checkEngineOptions(options: EngineOptions): CheckedEngineOptions {
  refuseUnknown('options', options, OPTIONS);
  const platform = boundPlatform();
  const { threads = 'auto', maxMemoryBytes, kernel, worker, wasm, logger } = options;
  checkRunner(options);
  return {
    threads: checkThreadCount('threads', threads, () => platform.availableThreads()),
    maxMemoryBytes: maxMemoryBytes ?? platform.maxMemoryBytes,
    kernel: kernel ?? 'auto',
    worker,
    wasm,
    logger,
  };
}

/** Checks all but the threads. */
export function checkRunner({ maxMemoryBytes, kernel, worker, wasm, logger }: Omit<EngineOptions, 'threads'>): void {
  const { takesWorkerFactory } = boundPlatform();
  if (maxMemoryBytes !== undefined && !(typeof maxMemoryBytes === 'number' && maxMemoryBytes > 0)) {
    throw invalidConfiguration('maxMemoryBytes', 'a positive number of bytes', maxMemoryBytes);
  }
  checkKernelChoice('kernel', kernel);
  const isWorker = typeof worker === 'string' || worker instanceof URL;
  if (worker !== undefined && !isWorker && !(takesWorkerFactory && typeof worker === 'function')) {
    const expected = takesWorkerFactory ? 'a URL or a function that gives a Worker' : 'a URL';
    throw invalidConfiguration('worker', expected, worker);
  }
  if (wasm !== undefined && !isOwnWasm(wasm)) {
    throw invalidConfiguration(
      'wasm',
      'the bytes of the kernel in an ArrayBuffer or a view of one, or a WebAssembly.Module',
      wasm,
    );
  }
  if (logger !== undefined && !(typeof logger?.info === 'function' && typeof logger.warn === 'function')) {
    throw invalidConfiguration('logger', 'an object with the functions info and warn', logger);
  }
}

/** Throws unless the number is an integer in 1..256 or `'auto'`. */
export function checkThreadCount(name: string, threads: number | 'auto', available: () => number): number {
  if (threads === 'auto') return available();
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw invalidConfiguration(name, "an integer from 1 to 256 or 'auto'", threads);
  }
  return threads;
}
