/**
 * The options of indexers and of calls, checked here, once.
 */
import { IndexingError, invalidConfiguration, type RowRange, refuseUnknown } from '../base/errors.js';
import { Engine } from '../engine/engine.js';
import { checkRunner, checkThreadCount, ENGINE_ONLY, type EngineOptions } from '../engine/engine-options.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import type { IndexingProgress } from '../monitoring/run-progress.js';
import type { ComponentOrder, VectorMatrix } from '../vectors/vector-source.js';

/** What an indexer is made with. */
export interface IndexerOptions extends Omit<EngineOptions, 'threads'> {
  /**
   * The engine to work on, which several indexers and indexes may share; it outlives them. The options that belong to an engine
   * (`maxMemoryBytes`, `kernel`, `worker`, `wasm`) are not to be given beside it. By default the indexer has one of its own.
   */
  readonly engine?: Engine | undefined;
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
const INDEXER_OPTIONS = new Set([...ENGINE_ONLY, 'logger', 'engine']);

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

/**
 * The engine of an indexer, and how many of its threads a call uses at most.
 *
 * @throws {IndexingError} `InvalidConfiguration` naming the option.
 */
export function engineFor(threadCount: number | 'auto', options: IndexerOptions): { engine: Engine; threads: number } {
  refuseUnknown('options', options, INDEXER_OPTIONS);
  const { engine: given, ...own } = options;
  if (given === undefined) {
    checkThreadCount('threadCount', threadCount, () => 1);
    const engine = new Engine({ threads: threadCount, ...own });
    return { engine, threads: engine.threads };
  }
  return { engine: given, threads: checkSharing(threadCount, given, options) };
}

/** The threads of `engine` that a call uses at most, where it is shared with others. */
export function checkSharing(threadCount: number | 'auto', engine: Engine, options: IndexerOptions): number {
  if (!(engine instanceof Engine)) throw invalidConfiguration('engine', 'an Engine', engine);
  checkRunner({ logger: options.logger });
  for (const name of ENGINE_ONLY) {
    if (options[name] === undefined) continue;
    throw new IndexingError('InvalidConfiguration', `${name} belongs to the engine: give it to new Engine instead`);
  }
  const threads = checkThreadCount('threadCount', threadCount, () => engine.threads);
  if (threads <= engine.threads || !engine.core.sharesMemory) return Math.min(threads, engine.threads);
  throw invalidConfiguration('threadCount', `at most ${engine.threads}, as the engine has`, threads);
}
