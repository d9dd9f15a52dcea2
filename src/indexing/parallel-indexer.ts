/**
 * The engine: indexes vectors on all threads and gives views on the result. Unmonitored; see MonitoredParallelIndexer.
 */

import { nowMs } from '../clock.js';
import { asyncDisposeSymbol } from '../dispose-symbol.js';
import { IndexingError } from '../errors.js';
import { compileKernel } from '../kernel/compile.js';
import type { CompiledKernel, KernelBackend } from '../kernel/instantiate.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import { linkSignals } from '../linked-signal.js';
import { MemoryPool } from '../memory/memory-pool.js';
import { TimeSlices } from '../time-slices.js';
import { countVectors, describeSource, type SourceRows } from '../vectors/source-rows.js';
import type { VectorMatrix } from '../vectors/vector-matrix.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { boundPlatform } from '../workers/platform.js';
import type { WorkerPool } from '../workers/worker-pool.js';
import { type AllocatedMatrix, Allocations, type PlacedMemory } from './allocations.js';
import { IndexingResult, type ResultInput } from './indexing-result.js';
import { calculateOptimalBatchSize } from './optimal-batch-size.js';
import {
  type CheckedIndexOptions,
  checkIndexerOptions,
  checkIndexOptions,
  checkThreadCount,
  type IndexerOptions,
  type IndexOptions,
} from './options.js';
import { IndexingRun, type RunRecords } from './run.js';
import { SerialQueue } from './serial-queue.js';
import { WorkEstimate } from './work-estimate.js';

/** What indexes, once it is known. */
export interface Backend {
  readonly kernel: KernelBackend;
  readonly threads: number;
  /** Whether the threads share memory. */
  readonly shared: boolean;
}

/** How a monitor takes part in a run. @internal */
export interface RunObserver {
  /** Whether index times are recorded. */
  readonly timed: boolean;
  /** Upper bound of a batch size that the caller does not give. */
  maxBatchSize(total: number): number;
  /** Called once for each run that began, also one that failed, before its promise settles. */
  onRecords(records: RunRecords, backend: Backend): void;
}

/** A kernel and what is known of its speed. */
interface Engine {
  readonly kernel: CompiledKernel;
  readonly backend: Backend;
  readonly estimate: WorkEstimate;
}

/** Below this many vectors per thread, a run that is little work is done on the calling thread. */
const SMALL_RUN_PER_THREAD = 50;
const SMALL_RUN_NS = 2e6;

export class ParallelIndexer {
  readonly threadCount: number;
  readonly #options: IndexerOptions;
  readonly #memories: MemoryPool;
  readonly #allocations: Allocations;
  readonly #queue = new SerialQueue();
  readonly #closing = new AbortController();
  #engine: Promise<Engine> | undefined;
  #workers: WorkerPool | undefined;
  #disposed: Promise<void> | undefined;
  #backend: Backend | undefined;
  #activeThreads = 0;
  readonly #unobserved: RunObserver = {
    timed: false,
    maxBatchSize: (total) => calculateOptimalBatchSize(total, this.threadCount, undefined),
    onRecords: () => undefined,
  };

  /**
   * @param threadCount 1..256, or `'auto'` (default): what the machine and the container's CPU quota allow
   * @throws {IndexingError} `InvalidConfiguration` for a thread count or an option out of its domain.
   */
  constructor(threadCount: number | 'auto' = 'auto', options: IndexerOptions = {}) {
    const platform = boundPlatform();
    this.threadCount = checkThreadCount(threadCount, () => platform.availableThreads());
    this.#options = checkIndexerOptions(options);
    this.#memories = new MemoryPool(options.maxMemoryBytes ?? platform.maxMemoryBytes);
    this.#allocations = new Allocations(this.#memories, this.threadCount);
  }

  /** Known after `ready()` or a run. */
  get backend(): Backend | undefined {
    return this.#backend;
  }

  /** Threads at work for a run now. */
  get activeThreads(): number {
    return this.#activeThreads;
  }

  /**
   * Starts the threads and compiles the kernel, so that the first run need not.
   *
   * Rejects with {@link IndexingError} `ThreadPanic` when a thread cannot start, `InvalidConfiguration` for a kernel that
   * is not to be had.
   */
  async ready(): Promise<void> {
    this.#refuseIfDisposed();
    const { kernel } = await this.#loadEngine();
    this.#refuseIfDisposed();
    const workers = this.#startWorkers();
    const warmUps = Array.from({ length: this.threadCount }, (_, threadId) =>
      workers.run({ type: 'warm-up', kernel }).catch((cause: unknown) => {
        this.#refuseIfDisposed();
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new IndexingError('ThreadPanic', `the worker did not start (${reason})`, { threadId, cause });
      }),
    );
    await Promise.all(warmUps);
  }

  /**
   * A matrix of `count` × `dims` in a shared WebAssembly memory of its own, to fill and index in place or into. Its
   * content is undefined until it is filled.
   *
   * @throws {IndexingError} `InvalidConfiguration`, `InsufficientMemory`
   */
  allocate(count: number, dims: number): AllocatedMatrix {
    this.#refuseIfDisposed();
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
  async runInPlace(matrix: AllocatedMatrix, operation: KernelOperation): Promise<void> {
    await this.execute(matrix, { inPlace: true }, this.#unobserved, operation);
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
    await this.#workers?.dispose();
  }

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
    this.#refuseIfDisposed();
    const checked = checkIndexOptions(options);
    checked.signal?.throwIfAborted();
    const few = countVectors(vectors) < SMALL_RUN_PER_THREAD * this.threadCount;
    const { signal, unlink } = linkSignals(this.#closing.signal, checked.signal);
    const linked = { ...checked, signal, operation: operation ?? checked.operation };
    try {
      const here = few ? this.#runIfLittle(vectors, linked, observer) : undefined;
      // It takes its place in the queue before it is known to need one: later calls must not overtake it.
      const queued = this.#queue.run(signal, async () => {
        const done = await here;
        if (done) return { result: Promise.resolve(done), settled: Promise.resolve() };
        return this.#runOnThreads(vectors, linked, observer);
      });
      // Where `here` rejects, so does the turn in the queue, and nobody awaits it.
      queued.catch(() => undefined);
      return (await here) ?? (await queued);
    } finally {
      unlink();
    }
  }

  /** Runs on the calling thread; undefined when it is too much work for that. */
  async #runIfLittle(
    vectors: VectorSource,
    options: CheckedIndexOptions,
    observer: RunObserver,
  ): Promise<ResultInput | undefined> {
    const engine = await this.#loadEngine();
    const rows = await describeSource(vectors, new TimeSlices(options.signal));
    options.signal?.throwIfAborted();
    return isLittleWork(rows, options, engine) ? this.#runHere(rows, vectors, options, engine, observer) : undefined;
  }

  async #runHere(
    rows: SourceRows,
    vectors: VectorSource,
    options: CheckedIndexOptions,
    engine: Engine,
    observer: RunObserver,
  ): Promise<ResultInput> {
    const startedAtMs = nowMs();
    const run = await this.#createRun(rows, vectors, options, engine, observer, 1, startedAtMs);
    try {
      const records = run.runHere();
      return this.#resultOf(run, rows, records, options, engine, observer);
    } catch (error) {
      observer.onRecords(run.records, engine.backend);
      this.#giveBack(run, options);
      throw error;
    }
  }

  /** One turn in the queue: `result` settles with the run, `settled` when the next may begin. */
  async #runOnThreads(vectors: VectorSource, options: CheckedIndexOptions, observer: RunObserver) {
    const startedAtMs = nowMs();
    const engine = await this.#loadEngine();
    const rows = await describeSource(vectors, new TimeSlices(options.signal));
    options.signal?.throwIfAborted();
    const run = await this.#createRun(rows, vectors, options, engine, observer, this.threadCount, startedAtMs);
    const { finished, settled } = run.runOn(this.#startWorkers());
    this.#activeThreads = run.activeThreads;
    settled.then(() => {
      this.#activeThreads = 0;
    });
    const result = finished.then(
      (records) => this.#resultOf(run, rows, records, options, engine, observer),
      (error) => {
        observer.onRecords(run.records, engine.backend);
        settled.then(() => this.#giveBack(run, options));
        throw error;
      },
    );
    return { result, settled };
  }

  async #createRun(
    rows: SourceRows,
    vectors: VectorSource,
    options: CheckedIndexOptions,
    { kernel, estimate }: Engine,
    observer: RunObserver,
    threads: number,
    startedAtMs: number,
  ): Promise<IndexingRun> {
    const input = {
      rows,
      options,
      kernel,
      estimate,
      threads,
      memories: this.#memories,
      target: this.#targetOf(rows, vectors, options),
      maxBatchSize: observer.maxBatchSize(rows.count),
      timed: observer.timed,
      startedAtMs,
      onDeath: (threadId: number, cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        this.#options.logger?.warn(`Thread ${threadId} died and is replaced (${reason})`);
      },
    };
    try {
      return new IndexingRun(input);
    } catch (error) {
      // The memory of forgotten results counts until it is collected.
      if (!(error instanceof IndexingError) || error.code !== 'InsufficientMemory') throw error;
      await boundPlatform().collectGarbage();
      return new IndexingRun(input);
    }
  }

  #targetOf(rows: SourceRows, vectors: VectorSource, options: CheckedIndexOptions): PlacedMemory | undefined {
    if (options.inPlace) return this.#allocations.find(vectors as VectorMatrix, rows.count, 'inPlace');
    if (!options.into) return undefined;
    const { into } = options;
    const target = this.#allocations.find(into, rows.count, 'into');
    if (rows.groups.length > 1) {
      throw new IndexingError('InvalidConfiguration', 'into needs vectors of one length; ragged ones fit no matrix');
    }
    const dims = rows.groups[0]?.dims ?? into.dims;
    if (dims !== into.dims || rows.count * dims > into.data.length) {
      const found = `into holds ${into.data.length / into.dims} × ${into.dims}`;
      throw new IndexingError('InvalidConfiguration', `into needs room for ${rows.count} × ${dims}, ${found}`);
    }
    if (rows.shared?.buffer === target.memory.buffer) {
      throw new IndexingError('InvalidConfiguration', 'into is the memory of the source; ask for inPlace instead');
    }
    return target;
  }

  #resultOf(
    run: IndexingRun,
    rows: SourceRows,
    records: RunRecords,
    options: CheckedIndexOptions,
    { backend, estimate }: Engine,
    observer: RunObserver,
  ): ResultInput {
    learn(estimate, records, options);
    observer.onRecords(records, backend);
    return {
      records,
      positions: rows.order,
      order: options.order,
      release: () => this.#giveBack(run, options),
    };
  }

  /** The memory of a matrix from `allocate` stays with that matrix. */
  #giveBack(run: IndexingRun, options: CheckedIndexOptions): void {
    if (!options.inPlace && !options.into) this.#memories.release(run.placed.memory);
  }

  #loadEngine(): Promise<Engine> {
    this.#engine ??= compileKernel(this.#options.kernel ?? 'auto', this.#options.wasm).then((kernel) => {
      const backend = { kernel: kernel.backend, threads: this.threadCount, shared: true };
      this.#backend = backend;
      this.#options.logger?.info(`Using the ${backend.kernel} kernel on ${backend.threads} threads`);
      if (backend.kernel === 'javascript' && this.#options.kernel !== 'javascript') {
        this.#options.logger?.warn('WebAssembly SIMD is missing or computes wrong here; the JavaScript kernel is used');
      }
      return { kernel, backend, estimate: new WorkEstimate(kernel.backend) };
    });
    return this.#engine;
  }

  #startWorkers(): WorkerPool {
    this.#workers ??= boundPlatform().createPool(this.threadCount, this.#options.worker);
    return this.#workers;
  }

  #refuseIfDisposed(): void {
    if (this.#closing.signal.aborted) throw disposedError();
  }
}

function disposedError(): IndexingError {
  return new IndexingError('InvalidConfiguration', 'the indexer was disposed; make a new one');
}

function isLittleWork(rows: SourceRows, { operation }: CheckedIndexOptions, { estimate }: Engine): boolean {
  const ns = rows.groups.reduce((sum, { dims, count }) => sum + count * estimate.nsPerVector(dims, operation), 0);
  return ns <= SMALL_RUN_NS;
}

function learn(estimate: WorkEstimate, { control }: RunRecords, { operation }: CheckedIndexOptions): void {
  const byDims = new Map<number, { count: number; ms: number }>();
  for (let index = 0; index < control.batchCount; index++) {
    const { dims, count } = control.batch(index);
    const known = byDims.get(dims) ?? { count: 0, ms: 0 };
    const ms = control.endedAtMs(index) - control.claimedAtMs(index);
    byDims.set(dims, { count: known.count + count, ms: known.ms + ms });
  }
  for (const [dims, { count, ms }] of byDims) estimate.learn(dims, operation, count, ms * 1e6);
}
