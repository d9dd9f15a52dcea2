/**
 * Indexes vectors on the threads of an engine, and gives views on the result. Unmonitored; see MonitoredParallelIndexer.
 */
import { asyncDisposeSymbol } from '../base/dispose-symbol.js';
import { IndexingError } from '../base/errors.js';
import { turnBeforeAnswer } from '../base/time.js';
import type { Engine } from '../engine/engine.js';
import type { Backend } from '../engine/engine-core.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import type { MemoryRates } from '../reporting/report-data.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { type AllocatedMatrix, Allocations } from './allocations.js';
import { IndexerCalls } from './indexer-calls.js';
import { knownMemoryRates, measureMemoryRates, PROBE_BYTES } from './measuring/run-conditions.js';
import {
  type CheckedIndexOptions,
  checkIndexOptions,
  engineFor,
  type IndexerOptions,
  type IndexOptions,
} from './options.js';
import { IndexingResult, type ResultInput } from './result/indexing-result.js';
import { observeNothing, type RunObserver } from './run-records.js';
import { SmallCall } from './small-call.js';

/**
 * Indexes vectors on several threads, unmonitored.
 *
 * @example
 * ```js
 * import { ParallelIndexer } from 'simdex';
 *
 * const indexer = new ParallelIndexer(2);
 * const { vectors } = await indexer.indexVectors([new Float32Array([3, 4])]);
 * console.log(vectors.get(0).magnitude); // 5
 * await indexer.dispose();
 * ```
 */
export class ParallelIndexer {
  /** Threads that a call uses at most. */
  readonly threadCount: number;
  readonly #engine: Engine;
  readonly #ownsEngine: boolean;
  readonly #allocations: Allocations;
  readonly #calls: IndexerCalls;
  readonly #unobserved: RunObserver;
  #disposed: Promise<void> | undefined;

  /**
   * @param threadCount 1..256, or `'auto'` (default): what the machine and the container's CPU quota allow; of a shared engine,
   *   its threads
   * @throws {IndexingError} `InvalidConfiguration` for a thread count or an option out of its domain.
   */
  constructor(threadCount: number | 'auto' = 'auto', options: IndexerOptions = {}) {
    const { engine, threads } = engineFor(threadCount, options);
    this.#engine = engine;
    this.#ownsEngine = options.engine === undefined;
    this.threadCount = threads;
    this.#allocations = new Allocations(engine.core.memories, threads);
    const { core } = engine;
    const platform = boundPlatform();
    const availableThreads = platform.availableThreads();
    const allocations = this.#allocations;
    this.#calls = new IndexerCalls({ core, allocations, threads, platform, availableThreads });
    this.#unobserved = observeNothing(threads);
  }

  /** Known after `ready()` or a run. */
  get backend(): Backend | undefined {
    const backend = this.#engine.backend;
    return backend && { ...backend, threads: Math.min(this.threadCount, backend.threads) };
  }

  /** Threads at work for a run now, at most. */
  get busyThreads(): number {
    return this.#calls.busyThreads;
  }

  /**
   * Starts the threads and compiles the kernel, so that the first run need not.
   *
   * Rejects with {@link IndexingError} `ThreadPanic` when a thread cannot start, `InvalidConfiguration` for a kernel that
   * is not to be had.
   */
  async ready(): Promise<void> {
    this.refuseIfDisposed();
    await this.#engine.ready().catch((error: unknown) => {
      this.refuseIfDisposed();
      throw error;
    });
  }

  /**
   * Measures how fast memory is on all threads together, so that later reports can tell whether it holds runs back: once in
   * a process, in a turn of its own between runs; some 50 ms and 64 MiB. What was measured before is given again.
   * `undefined` where the memory that the indexer may hold does not suffice.
   */
  async measureMemory(): Promise<MemoryRates | undefined> {
    this.refuseIfDisposed();
    const { core } = this.#engine;
    const known = knownMemoryRates();
    if (!core.sharesMemory) return undefined;
    if (known || !core.memories.hasRoomFor(PROBE_BYTES)) return known;
    await core.kernel();
    const lanes = await core.lanes();
    return lanes.shared ? measureMemoryRates(core) : undefined;
  }

  /**
   * A matrix of `count` × `dims` in a shared WebAssembly memory of its own, to fill and index in place or into. Its
   * content is undefined until it is filled.
   *
   * @throws {IndexingError} `InvalidConfiguration`, `InsufficientMemory`
   */
  allocate(count: number, dims: number): AllocatedMatrix {
    this.refuseIfDisposed();
    return this.#allocations.allocate(count, dims);
  }

  /**
   * Computes magnitude, unit vector and (unless `order` is `'original'`) ascending components of every vector.
   *
   * Rejects with {@link IndexingError}: `EmptyVector`, `ZeroMagnitude` or `NonFinite` of the lowest failing position (with
   * `onInvalid: 'throw'`), `InvalidConfiguration`, `InsufficientMemory`, `ThreadPanic`; with `signal.reason` when aborted.
   */
  async indexVectors(vectors: VectorSource, options: IndexOptions = {}): Promise<IndexingResult> {
    const checked = this.check(options);
    const done = this.doSmall(vectors, checked, false) ?? (await this.execute(vectors, checked, this.#unobserved));
    if (!(done instanceof SmallCall)) return new IndexingResult(done);
    finishSmall(done, checked);
    const turn = turnBeforeAnswer(done.endedAt);
    if (turn) await turn;
    return new IndexingResult(done);
  }

  /** One of the kernel's functions alone on a matrix from `allocate`, in place: for the benchmark. @internal */
  async runInPlace(matrix: AllocatedMatrix, operation: KernelOperation): Promise<IndexingResult> {
    const checked = this.check({ inPlace: true });
    return new IndexingResult(await this.execute(matrix, { ...checked, operation }, this.#unobserved));
  }

  /** Ends the threads. Runs under way or waiting reject; results stay readable. Resolves when the threads are gone. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  /** `dispose()`, for `await using`. */
  [asyncDisposeSymbol](): Promise<void> {
    return this.dispose();
  }

  async #end(): Promise<void> {
    await this.#calls.close(disposedError());
    if (this.#ownsEngine) await this.#engine.dispose();
  }

  /** Checks a call. @internal */
  check(options: IndexOptions): CheckedIndexOptions {
    this.refuseIfDisposed();
    const checked = checkIndexOptions(options);
    checked.signal?.throwIfAborted();
    return checked;
  }

  /** See {@link IndexerCalls.doSmall}. @internal */
  doSmall(vectors: VectorSource, options: CheckedIndexOptions, timed: boolean): SmallCall | undefined {
    return this.#calls.doSmall(vectors, options, timed);
  }

  /**
   * A call that was not done at once, with a monitor taking part. It is a small one all the same where only the kernel was
   * missing. @internal
   */
  async execute(
    vectors: VectorSource,
    options: CheckedIndexOptions,
    observer: RunObserver,
  ): Promise<ResultInput | SmallCall> {
    if (!this.#calls.needsKernel(vectors)) return this.#calls.execute(vectors, options, observer);
    const place = this.#calls.arrive();
    try {
      await this.#calls.compileKernel(options);
      const timed = observer.timed || options.onProgress !== undefined;
      const small = this.doSmall(vectors, options, timed);
      return small ?? (await this.#calls.execute(vectors, options, observer, place));
    } finally {
      place.leave();
    }
  }

  /** Aborted when the indexer or its engine is disposed. @internal */
  get closing(): readonly AbortSignal[] {
    return this.#calls.closing;
  }

  /** @throws {IndexingError} `Disposed` after `dispose()`. @internal */
  refuseIfDisposed(): void {
    this.#calls.refuseIfClosed();
  }
}

/** Ends a small call that was done: tells of its progress, and throws the error of a vector that could not be indexed. */
export function finishSmall(small: SmallCall, { onProgress, onInvalid }: CheckedIndexOptions): void {
  onProgress?.(small.progress());
  const failure = onInvalid === 'throw' ? small.failure() : undefined;
  if (failure) throw failure;
}

function disposedError(): IndexingError {
  return new IndexingError('Disposed', 'the indexer was disposed; make a new one');
}
