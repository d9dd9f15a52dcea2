/**
 * The engine: indexes vectors on all threads and gives views on the result. Unmonitored; see MonitoredParallelIndexer.
 */

import { nowMs } from '../clock.js';
import { asyncDisposeSymbol } from '../dispose-symbol.js';
import { IndexingError, messageOf } from '../errors.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import { linkSignals } from '../linked-signal.js';
import type { MatrixMemory } from '../memory/create-memory.js';
import { MemoryPool } from '../memory/memory-pool.js';
import type { MemoryRates } from '../reporting/report-data.js';
import { TimeSlices } from '../time-slices.js';
import { countVectors, describeSource, type SourceRows } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { boundPlatform } from '../workers/platform.js';
import { type AllocatedMatrix, Allocations } from './allocations.js';
import { type Backend, type Engine, loadEngine } from './engine.js';
import type { Execution } from './execution/execution.js';
import { startExecution } from './execution/start-execution.js';
import { knownMemoryRates, measureMemoryRates, PROBE_BYTES } from './measuring/memory-rates.js';
import { ConditionsWatch } from './measuring/run-conditions.js';
import {
  type CheckedIndexOptions,
  checkIndexerOptions,
  checkIndexOptions,
  checkThreadCount,
  type IndexerOptions,
  type IndexOptions,
} from './options.js';
import { IndexingResult, type ResultInput } from './result/indexing-result.js';
import { IndexingRun, type RunRecords } from './run.js';
import { observeNothing, type RunObserver } from './run-observer.js';
import { SerialQueue, type Turn } from './serial-queue.js';
import { isLittleWork, isSmall } from './small-run.js';
import type { Setting } from './tuning/tuner.js';

/** One call, as it goes through the indexer. */
interface Call {
  readonly vectors: VectorSource;
  readonly options: CheckedIndexOptions;
  readonly observer: RunObserver;
}

/** A call whose source has been looked over. */
interface DescribedCall extends Call {
  readonly rows: SourceRows;
  readonly engine: Engine;
  readonly startedAtMs: number;
  readonly watch: ConditionsWatch;
}

/** Indexes vectors on several threads: the engine, unmonitored. */
export class ParallelIndexer {
  readonly threadCount: number;
  readonly #options: IndexerOptions;
  readonly #memories: MemoryPool;
  readonly #allocations: Allocations;
  readonly #queue = new SerialQueue();
  readonly #closing = new AbortController();
  #engine: Promise<Engine> | undefined;
  #execution: Promise<Execution> | undefined;
  #executionStartedAtMs = 0;
  readonly #availableThreads: number;
  readonly #maxMemoryBytes: number;
  #disposed: Promise<void> | undefined;
  #backend: Backend | undefined;
  #activeThreads = 0;
  readonly #unobserved: RunObserver;

  /**
   * @param threadCount 1..256, or `'auto'` (default): what the machine and the container's CPU quota allow
   * @throws {IndexingError} `InvalidConfiguration` for a thread count or an option out of its domain.
   */
  constructor(threadCount: number | 'auto' = 'auto', options: IndexerOptions = {}) {
    const platform = boundPlatform();
    this.#availableThreads = platform.availableThreads();
    const threads = checkThreadCount(threadCount, () => this.#availableThreads);
    this.threadCount = platform.sharesMemory ? threads : 1;
    this.#options = checkIndexerOptions(options, platform.takesWorkerFactory);
    this.#maxMemoryBytes = options.maxMemoryBytes ?? platform.maxMemoryBytes;
    this.#memories = new MemoryPool(this.#maxMemoryBytes, platform.sharesMemory);
    this.#allocations = new Allocations(this.#memories, this.threadCount);
    this.#unobserved = observeNothing(this.threadCount);
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
    this.refuseIfDisposed();
    const { kernel } = await this.#loadEngine();
    this.refuseIfDisposed();
    const execution = await this.#startExecution();
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
      const { pool } = await this.#startExecution();
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
    // One that could not be started has told so to whoever asked for it.
    const execution = await this.#execution?.catch(() => undefined);
    await execution?.dispose();
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
    const small = isSmall(countVectors(vectors), this.threadCount);
    // An earlier call may still write to the caller's memory: it comes first.
    const waits = (checked.inPlace || checked.into !== undefined) && this.#queue.isBusy;
    const { signal, unlink } = linkSignals(this.#closing.signal, checked.signal);
    const call = { vectors, observer, options: { ...checked, signal, operation: operation ?? checked.operation } };
    try {
      const early = small && !waits ? this.#runIfLittle(call) : undefined;
      // It takes its place in the queue before it is known to need one: later calls must not overtake it.
      const queued = this.#queue.run(signal, async () => {
        const done = await (early ?? (small ? this.#runIfLittle(call) : undefined));
        if (done) return { result: Promise.resolve(done), settled: Promise.resolve() };
        return this.#runOnThreads(await this.#describe(call));
      });
      // Where `early` rejects, so does the turn in the queue, and nobody awaits it.
      queued.catch(() => undefined);
      return (await early) ?? (await queued);
    } finally {
      unlink();
    }
  }

  async #describe(call: Call): Promise<DescribedCall> {
    const { signal } = call.options;
    const startedAtMs = nowMs();
    const watch = new ConditionsWatch(boundPlatform(), this.#availableThreads, call.observer.timed);
    const engine = await this.#loadEngine();
    const rows = await describeSource(call.vectors, new TimeSlices(signal));
    signal?.throwIfAborted();
    return { ...call, rows, engine, startedAtMs, watch };
  }

  /** Runs on the calling thread; undefined when it is too much work for that. */
  async #runIfLittle(call: Call): Promise<ResultInput | undefined> {
    const described = await this.#describe(call);
    const { rows, engine, options, observer } = described;
    const predictedNs = engine.estimate.totalNs(rows.groups, options.operation);
    if (!isLittleWork(rows.count, this.threadCount, predictedNs)) return undefined;
    const run = await this.#createRun(described, 1);
    try {
      return await this.#resultOf(run, run.runHere(), described);
    } catch (error) {
      await observer.onRecords(run.records, engine.backend);
      releaseOf(this.#memories, run.placed.memory, options)();
      throw error;
    }
  }

  /** One turn in the queue. */
  async #runOnThreads(call: DescribedCall): Promise<Turn<ResultInput>> {
    const { engine, options, observer, rows } = call;
    const execution = await this.#startExecution();
    if (this.#executionStartedAtMs >= call.startedAtMs) call.watch.threadsStarted(execution.threads);
    const given: Setting = { threads: Math.min(this.threadCount, execution.threads), batchSize: options.batchSize };
    const { threads, batchSize } = observer.settingFor?.(rows.groups, options.operation, given) ?? given;
    const run = await this.#createRun({ ...call, options: { ...options, batchSize } }, threads);
    const { finished, settled } = run.runOn(execution);
    if (options.inPlace || options.into) this.#allocations.holdUntil(settled, run.placed.memory);
    this.#activeThreads = run.activeThreads;
    settled.then(() => {
      this.#activeThreads = 0;
    });
    const result = finished.then(
      (records) => this.#resultOf(run, records, call),
      async (error) => {
        const measured = Promise.resolve(observer.onRecords(run.records, engine.backend));
        const release = releaseOf(this.#memories, run.placed.memory, options);
        Promise.allSettled([measured, settled]).then(release);
        await measured;
        throw error;
      },
    );
    return { result, settled };
  }

  async #createRun(call: DescribedCall, threads: number): Promise<IndexingRun> {
    const { rows, vectors, options, engine, observer, startedAtMs, watch } = call;
    const input = {
      rows,
      options,
      kernel: engine.kernel,
      estimate: engine.estimate,
      threads,
      memories: this.#memories,
      target: this.#allocations.targetOf(rows, vectors, options),
      maxBatchSize: observer.maxBatchSize(rows.count),
      timed: observer.timed || options.onProgress !== undefined,
      clockTickMs: observer.clockTickMs,
      startedAtMs,
      watch,
      shared: boundPlatform().sharesMemory,
      onDeath: (threadId: number, cause: unknown) => {
        watch.threadsStarted(1);
        this.#options.logger?.warn(`Thread ${threadId} died and is replaced (${messageOf(cause)})`);
      },
    };
    const run = await createWhereMemoryIs(() => new IndexingRun(input));
    observer.onBegin(run, engine.backend);
    return run;
  }

  async #resultOf(run: IndexingRun, records: RunRecords, call: DescribedCall): Promise<ResultInput> {
    const { rows, options, engine, observer } = call;
    engine.estimate.learnFrom(records, options.operation);
    await observer.onRecords(records, engine.backend);
    return {
      records,
      positions: rows.order,
      order: options.order,
      release: releaseOf(this.#memories, run.placed.memory, options),
    };
  }

  #loadEngine(): Promise<Engine> {
    this.#engine ??= loadEngine(this.#options, this.threadCount, boundPlatform().sharesMemory).then((engine) => {
      this.#backend = engine.backend;
      return engine;
    });
    return this.#engine;
  }

  /** Chosen once; what could not be started is tried again. */
  #startExecution(): Promise<Execution> {
    this.#execution ??= this.#chooseExecution().catch((error: unknown) => {
      this.#execution = undefined;
      throw error;
    });
    return this.#execution;
  }

  async #chooseExecution(): Promise<Execution> {
    const { backend } = await this.#loadEngine();
    this.#executionStartedAtMs = nowMs();
    const execution = await startExecution(this.threadCount, backend.kernel, this.#options);
    this.#backend = { kernel: backend.kernel, threads: execution.threads, shared: execution.shared };
    return execution;
  }

  /** @throws {IndexingError} `InvalidConfiguration` after `dispose()`. @internal */
  refuseIfDisposed(): void {
    if (this.#closing.signal.aborted) throw disposedError();
  }
}

async function createWhereMemoryIs(create: () => IndexingRun): Promise<IndexingRun> {
  try {
    return create();
  } catch (error) {
    // The memory of forgotten results counts until it is collected.
    if (!(error instanceof IndexingError) || error.code !== 'InsufficientMemory') throw error;
    await boundPlatform().collectGarbage();
    return create();
  }
}

/**
 * Gives a run's memory back; that of a matrix from `allocate` stays with that matrix. Made here, so that a result which
 * holds it holds nothing else of its run, least of all the source.
 */
function releaseOf(memories: MemoryPool, memory: MatrixMemory, { inPlace, into }: CheckedIndexOptions): () => void {
  return inPlace || into ? () => undefined : () => memories.release(memory);
}

function disposedError(): IndexingError {
  return new IndexingError('InvalidConfiguration', 'the indexer was disposed; make a new one');
}
