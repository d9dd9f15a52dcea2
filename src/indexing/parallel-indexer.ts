/**
 * The engine: indexes vectors on all threads and gives views on the result. Unmonitored; see MonitoredParallelIndexer.
 */
import { asyncDisposeSymbol } from '../base/dispose-symbol.js';
import { IndexingError } from '../base/errors.js';
import { linkSignals } from '../base/linked-signal.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import { MemoryPool } from '../memory/memory-pool.js';
import type { MemoryRates } from '../reporting/report-data.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { type AllocatedMatrix, Allocations } from './allocations.js';
import { CallDispatch } from './call-dispatch.js';
import type { Backend } from './engine.js';
import { knownMemoryRates, measureMemoryRates, PROBE_BYTES } from './measuring/memory-rates.js';
import {
  checkIndexerOptions,
  checkIndexOptions,
  checkThreadCount,
  type IndexerOptions,
  type IndexOptions,
} from './options.js';
import { IndexingResult, type ResultInput } from './result/indexing-result.js';
import { observeNothing, type RunObserver } from './run-observer.js';
import { Runtime } from './runtime.js';
import { SerialQueue } from './serial-queue.js';

/** Indexes vectors on several threads: the engine, unmonitored. */
export class ParallelIndexer {
  readonly threadCount: number;
  readonly #maxMemoryBytes: number;
  readonly #memories: MemoryPool;
  readonly #allocations: Allocations;
  readonly #runtime: Runtime;
  readonly #calls: CallDispatch;
  readonly #queue = new SerialQueue();
  readonly #closing = new AbortController();
  readonly #unobserved: RunObserver;
  #disposed: Promise<void> | undefined;

  /**
   * @param threadCount 1..256, or `'auto'` (default): what the machine and the container's CPU quota allow
   * @throws {IndexingError} `InvalidConfiguration` for a thread count or an option out of its domain.
   */
  constructor(threadCount: number | 'auto' = 'auto', options: IndexerOptions = {}) {
    const platform = boundPlatform();
    const availableThreads = platform.availableThreads();
    const threads = checkThreadCount(threadCount, () => availableThreads);
    this.threadCount = platform.sharesMemory ? threads : 1;
    this.#runtime = new Runtime(this.threadCount, checkIndexerOptions(options, platform.takesWorkerFactory));
    this.#maxMemoryBytes = options.maxMemoryBytes ?? platform.maxMemoryBytes;
    this.#memories = new MemoryPool(this.#maxMemoryBytes, platform.sharesMemory);
    this.#allocations = new Allocations(this.#memories, this.threadCount);
    this.#calls = new CallDispatch({
      runtime: this.#runtime,
      memories: this.#memories,
      allocations: this.#allocations,
      queue: this.#queue,
      availableThreads,
      logger: options.logger,
    });
    this.#unobserved = observeNothing(this.threadCount);
  }

  /** Known after `ready()` or a run. */
  get backend(): Backend | undefined {
    return this.#runtime.backend;
  }

  /** Threads at work for a run now. */
  get activeThreads(): number {
    return this.#calls.activeThreads;
  }

  /**
   * Starts the threads and compiles the kernel, so that the first run need not.
   *
   * Rejects with {@link IndexingError} `ThreadPanic` when a thread cannot start, `InvalidConfiguration` for a kernel that
   * is not to be had.
   */
  async ready(): Promise<void> {
    this.refuseIfDisposed();
    const { kernel } = await this.#runtime.loadEngine();
    this.refuseIfDisposed();
    const execution = await this.#runtime.startExecution();
    await execution.warmUp(kernel).catch((error: unknown) => {
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
    const known = knownMemoryRates();
    if (!boundPlatform().sharesMemory) return undefined;
    if (known || this.#memories.heldBytes + PROBE_BYTES > this.#maxMemoryBytes) return known;
    return this.#queue.run(this.#closing.signal, async () => {
      const { pool } = await this.#runtime.startExecution();
      const result = pool ? measureMemoryRates(pool, this.threadCount) : Promise.resolve(undefined);
      return {
        result,
        settled: result.then(
          () => undefined,
          () => undefined,
        ),
      };
    });
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
    return new IndexingResult(await this.execute(vectors, options, this.#unobserved));
  }

  /** One of the kernel's functions alone on a matrix from `allocate`, in place: for the benchmark. @internal */
  async runInPlace(matrix: AllocatedMatrix, operation: KernelOperation): Promise<IndexingResult> {
    return new IndexingResult(await this.execute(matrix, { inPlace: true }, this.#unobserved, operation));
  }

  /** Ends the threads. Runs under way or waiting reject; results stay readable. Resolves when the threads are gone. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  async #end(): Promise<void> {
    this.#closing.abort(disposedError());
    await this.#queue.idle();
    this.#memories.close();
    await this.#runtime.dispose();
  }

  /** `dispose()`, for `await using`. */
  [asyncDisposeSymbol](): Promise<void> {
    return this.dispose();
  }

  /** `indexVectors` with a monitor taking part. @internal */
  async execute(
    vectors: VectorSource,
    options: IndexOptions,
    observer: RunObserver,
    operation?: KernelOperation,
  ): Promise<ResultInput> {
    this.refuseIfDisposed();
    const checked = checkIndexOptions(options);
    checked.signal?.throwIfAborted();
    const { signal, unlink } = linkSignals(this.#closing.signal, checked.signal);
    try {
      return await this.#calls.execute({
        vectors,
        observer,
        options: { ...checked, signal, operation: operation ?? checked.operation },
      });
    } finally {
      unlink();
    }
  }

  /** @throws {IndexingError} `Disposed` after `dispose()`. @internal */
  refuseIfDisposed(): void {
    if (this.#closing.signal.aborted) throw disposedError();
  }
}

function disposedError(): IndexingError {
  return new IndexingError('Disposed', 'the indexer was disposed; make a new one');
}
