/**
 * What a caller may ask for, checked once at the edge.
 */
import { invalidConfiguration, type RowRange, refuseUnknown } from '../base/errors.js';
import type { WorkerChoice } from '../engine/lanes/platform.js';
import type { KernelBackend } from '../kernel/instantiate.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import type { IndexingProgress } from '../monitoring/run-progress.js';
import type { VectorMatrix } from '../vectors/vector-matrix.js';
import type { ComponentOrder } from '../vectors/vector-source.js';

/** What an indexer tells its caller beside results, one line at a time. */
export interface IndexerLogger {
  /** Something a reader of logs may want to know. */
  info(message: string): void;
  /** Something that should not be so. */
  warn(message: string): void;
}

/** What an indexer is made with. */
export interface IndexerOptions {
  /** Most bytes of everything the indexer holds at a time. Default: no bound in Node, 1 GiB in pages. */
  readonly maxMemoryBytes?: number | undefined;
  /** Default `'auto'`: SIMD where the engine has it and answers a known question rightly, else JavaScript. */
  readonly kernel?: 'auto' | KernelBackend | undefined;
  /**
   * URL of the worker module, for those who must serve it themselves: `simdex/worker`, or one that wraps it. In pages
   * also a function that gives a new `Worker` with that module.
   */
  readonly worker?: WorkerChoice | undefined;
  /** The kernel's bytes, for those who must serve them themselves. */
  readonly wasm?: ArrayBuffer | ArrayBufferView<ArrayBuffer> | undefined;
  /** Hears of what happens beside results; none by default. */
  readonly logger?: IndexerLogger | undefined;
}

/** What a single run is asked for. */
export interface IndexOptions {
  /** Order of the components of each indexed vector. Default `'sorted'`: ascending. */
  readonly order?: ComponentOrder | undefined;
  /** What a vector that cannot be indexed does: fail the run, or be left out. Default `'throw'`. */
  readonly onInvalid?: 'throw' | 'skip' | undefined;
  /**
   * Vectors of a batch. By default chosen from the work a vector is predicted to be. With `autoOptimization` it is where the
   * tuner begins, and may be changed.
   */
  readonly batchSize?: number | undefined;
  /** Stops the run, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Called about every 100 ms and at the end. A throwing listener fails the run with what it threw. */
  readonly onProgress?: ((progress: IndexingProgress) => void) | undefined;
  /** The source, a matrix from `allocate`, is overwritten and becomes the result. */
  readonly inPlace?: boolean | undefined;
  /**
   * With `inPlace`: called when a thread died while it overwrote some rows of the source. It fills those rows of `matrix`
   * again with what they were, and they are indexed again. Without it such a run rejects with `ThreadPanic`. What it throws,
   * the run rejects with.
   */
  readonly restore?: ((rows: RowRange, matrix: VectorMatrix) => void | Promise<void>) | undefined;
  /** A matrix from `allocate`, of the source's dims and at least as many rows, that receives the result. */
  readonly into?: VectorMatrix | undefined;
}

export interface CheckedIndexOptions {
  readonly order: ComponentOrder;
  /** What the kernel does to every row; follows from the order. */
  readonly operation: KernelOperation;
  readonly onInvalid: 'throw' | 'skip';
  readonly batchSize: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: IndexingProgress) => void) | undefined;
  readonly inPlace: boolean;
  readonly restore: IndexOptions['restore'];
  readonly into: VectorMatrix | undefined;
}

const INDEX_OPTIONS = new Set([
  'order',
  'onInvalid',
  'batchSize',
  'signal',
  'onProgress',
  'inPlace',
  'restore',
  'into',
]);
const INDEXER_OPTIONS = new Set(['maxMemoryBytes', 'kernel', 'worker', 'wasm', 'logger']);

/** @throws {IndexingError} `InvalidConfiguration` naming the option. */
export function checkIndexOptions(options: IndexOptions): CheckedIndexOptions {
  refuseUnknown('options', options, INDEX_OPTIONS);
  const { order = 'sorted', onInvalid = 'throw', batchSize, signal, onProgress } = options;
  const { inPlace = false, restore, into } = options;
  if (order !== 'sorted' && order !== 'original') {
    throw invalidConfiguration('order', "'sorted' or 'original'", order);
  }
  if (onInvalid !== 'throw' && onInvalid !== 'skip') {
    throw invalidConfiguration('onInvalid', "'throw' or 'skip'", onInvalid);
  }
  if (batchSize !== undefined && !(Number.isSafeInteger(batchSize) && batchSize > 0)) {
    throw invalidConfiguration('batchSize', 'a positive integer', batchSize);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidConfiguration('signal', 'an AbortSignal', signal);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidConfiguration('onProgress', 'a function', onProgress);
  }
  if (typeof inPlace !== 'boolean') throw invalidConfiguration('inPlace', 'true or false', inPlace);
  if (restore !== undefined && typeof restore !== 'function') {
    throw invalidConfiguration('restore', 'a function', restore);
  }
  if (restore !== undefined && !inPlace) {
    throw invalidConfiguration('restore', 'left out without inPlace, where the source stays as it is', restore);
  }
  if (into !== undefined && (typeof into !== 'object' || into === null)) {
    throw invalidConfiguration('into', 'a matrix from allocate', into);
  }
  if (inPlace && into !== undefined) {
    throw invalidConfiguration('into', 'left out with inPlace, where the source receives the result', into);
  }
  const operation = order === 'sorted' ? 'process' : 'normalize';
  return { order, operation, onInvalid, batchSize, signal, onProgress, inPlace, restore, into };
}

/** @throws {IndexingError} `InvalidConfiguration` naming the option. */
export function checkIndexerOptions(options: IndexerOptions, takesWorkerFactory: boolean): IndexerOptions {
  refuseUnknown('options', options, INDEXER_OPTIONS);
  const { maxMemoryBytes, kernel, worker, wasm, logger } = options;
  if (maxMemoryBytes !== undefined && !(typeof maxMemoryBytes === 'number' && maxMemoryBytes > 0)) {
    throw invalidConfiguration('maxMemoryBytes', 'a positive number of bytes', maxMemoryBytes);
  }
  checkKernelChoice('kernel', kernel);
  const isWorker = typeof worker === 'string' || worker instanceof URL;
  if (worker !== undefined && !isWorker && !(takesWorkerFactory && typeof worker === 'function')) {
    throw invalidConfiguration(
      'worker',
      takesWorkerFactory ? 'a URL or a function that gives a Worker' : 'a URL',
      worker,
    );
  }
  if (wasm !== undefined && !(ArrayBuffer.isView(wasm) || wasm instanceof ArrayBuffer)) {
    throw invalidConfiguration('wasm', 'the bytes of the kernel in an ArrayBuffer or a view of one', wasm);
  }
  if (logger !== undefined && !(typeof logger?.info === 'function' && typeof logger.warn === 'function')) {
    throw invalidConfiguration('logger', 'an object with the functions info and warn', logger);
  }
  return options;
}

/** @throws {IndexingError} `InvalidConfiguration` naming the option, unless undefined, `'auto'` or a backend. */
export function checkKernelChoice(name: string, choice: 'auto' | KernelBackend | undefined): void {
  if (choice !== undefined && !['auto', 'simd', 'scalar', 'javascript'].includes(choice)) {
    throw invalidConfiguration(name, "'auto', 'simd', 'scalar' or 'javascript'", choice);
  }
}

/** @throws {IndexingError} `InvalidConfiguration` unless an integer in 1..256 or `'auto'`. */
export function checkThreadCount(threadCount: number | 'auto', available: () => number): number {
  if (threadCount === 'auto') return available();
  if (!Number.isInteger(threadCount) || threadCount < 1 || threadCount > 256) {
    throw invalidConfiguration('threadCount', "an integer from 1 to 256 or 'auto'", threadCount);
  }
  return threadCount;
}
