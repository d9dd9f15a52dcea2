/**
 * The way of a call through an indexer: few vectors that are little work run at once, on the calling thread; everything else
 * waits for its turn on the threads. Calls that write to the caller's memory keep their order either way.
 */
import { nowMs } from '../base/clock.js';
import { IndexingError, messageOf, type RowRange } from '../base/errors.js';
import { TimeSlices } from '../base/time-slices.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import type { MatrixMemory } from '../memory/create-memory.js';
import type { MemoryPool } from '../memory/memory-pool.js';
import { countVectors, describeSource, type SourceRows } from '../vectors/source-rows.js';
import type { VectorMatrix } from '../vectors/vector-matrix.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { Allocations } from './allocations.js';
import type { Engine } from './engine.js';
import { ConditionsWatch } from './measuring/run-conditions.js';
import type { CheckedIndexOptions, IndexerLogger } from './options.js';
import type { ResultInput } from './result/indexing-result.js';
import { IndexingRun } from './run.js';
import type { RunObserver } from './run-observer.js';
import type { RunRecords } from './run-records.js';
import type { Runtime } from './runtime.js';
import type { SerialQueue, Turn } from './serial-queue.js';
import { isLittleWork, isSmall } from './small-run.js';
import type { Setting } from './tuning/tuner.js';

/** One call, as it goes through the indexer. */
export interface Call {
  readonly vectors: VectorSource;
  /** The signal is aborted when the indexer is disposed, too. */
  readonly options: CheckedIndexOptions & { readonly signal: AbortSignal };
  readonly observer: RunObserver;
}

/** A call whose source has been looked over. */
interface DescribedCall extends Call {
  readonly rows: SourceRows;
  readonly engine: Engine;
  readonly startedAtMs: number;
  readonly watch: ConditionsWatch;
}

/** What the calls of an indexer share. */
export interface DispatchInput {
  readonly runtime: Runtime;
  readonly memories: MemoryPool;
  readonly allocations: Allocations;
  readonly queue: SerialQueue;
  /** Of the machine. */
  readonly availableThreads: number;
  readonly logger: IndexerLogger | undefined;
}

export class CallDispatch {
  readonly #input: DispatchInput;
  readonly #threadCount: number;
  #activeThreads = 0;

  constructor(input: DispatchInput) {
    this.#input = input;
    this.#threadCount = input.runtime.threadCount;
  }

  /** Threads at work for a run now. */
  get activeThreads(): number {
    return this.#activeThreads;
  }

  /** Rejects with what made the run fail, and with the signal's reason as soon as it is aborted. */
  async execute(call: Call): Promise<ResultInput> {
    const { queue } = this.#input;
    const { inPlace, into, signal } = call.options;
    const small = isSmall(countVectors(call.vectors), this.#threadCount);
    // An earlier call may still write to the caller's memory: it comes first.
    const waits = (inPlace || into !== undefined) && queue.isBusy;
    const early = small && !waits ? this.#runIfLittle(call) : undefined;
    // It takes its place in the queue before it is known to need one: later calls must not overtake it.
    const queued = queue.run(signal, async () => {
      const done = await (early ?? (small ? this.#runIfLittle(call) : undefined));
      if (done) return { result: Promise.resolve(done), settled: Promise.resolve() };
      return this.#runOnThreads(await this.#describe(call));
    });
    // Where `early` rejects, so does the turn in the queue, and nobody awaits it.
    queued.catch(() => undefined);
    return (await early) ?? (await queued);
  }

  async #describe(call: Call): Promise<DescribedCall> {
    const { signal } = call.options;
    const startedAtMs = nowMs();
    const watch = new ConditionsWatch(boundPlatform(), this.#input.availableThreads, call.observer.timed);
    const engine = await this.#input.runtime.loadEngine();
    const rows = await describeSource(call.vectors, new TimeSlices(signal), call.options.into?.data?.buffer);
    signal.throwIfAborted();
    return { ...call, rows, engine, startedAtMs, watch };
  }

  /** Runs on the calling thread; undefined when it is too much work for that. */
  async #runIfLittle(call: Call): Promise<ResultInput | undefined> {
    const described = await this.#describe(call);
    const { rows, engine, options, observer } = described;
    const predictedNs = engine.estimate.totalNs(rows.groups, options.operation);
    if (!isLittleWork(rows.count, this.#threadCount, predictedNs)) return undefined;
    const run = await this.#createRun(described, 1);
    try {
      return await this.#resultOf(run, run.runHere(), described);
    } catch (error) {
      await observer.onRecords(run.records, engine.backend);
      releaseOf(this.#input.memories, run.placed.memory, options)();
      throw error;
    }
  }

  /** One turn in the queue. */
  async #runOnThreads(call: DescribedCall): Promise<Turn<ResultInput>> {
    const { runtime, memories, allocations } = this.#input;
    const { engine, options, observer, rows } = call;
    const execution = await runtime.startExecution();
    if (runtime.executionStartedAtMs >= call.startedAtMs) call.watch.threadsStarted(execution.threads);
    const given: Setting = { threads: Math.min(this.#threadCount, execution.threads), batchSize: options.batchSize };
    const { threads, batchSize } = observer.settingFor?.(rows.groups, options.operation, given) ?? given;
    const run = await this.#createRun({ ...call, options: { ...options, batchSize } }, threads);
    const { finished, settled } = run.runOn(execution);
    if (options.inPlace || options.into) allocations.holdUntil(settled, run.placed.memory);
    this.#activeThreads = run.activeThreads;
    settled.then(() => {
      this.#activeThreads = 0;
    });
    const result = finished.then(
      (records) => this.#resultOf(run, records, call),
      async (error) => {
        const measured = Promise.resolve(observer.onRecords(run.records, engine.backend));
        const release = releaseOf(memories, run.placed.memory, options);
        Promise.allSettled([measured, settled]).then(release);
        await measured;
        throw error;
      },
    );
    return { result, settled };
  }

  async #createRun(call: DescribedCall, threads: number): Promise<IndexingRun> {
    const { memories, allocations, logger } = this.#input;
    const { rows, vectors, options, engine, observer, startedAtMs, watch } = call;
    const input = {
      rows,
      options,
      kernel: engine.kernel,
      estimate: engine.estimate,
      threads,
      memories,
      target: allocations.targetOf(rows, vectors, options),
      restoreInPlace: options.restore && ((lost: RowRange) => options.restore?.(lost, vectors as VectorMatrix)),
      maxBatchSize: observer.maxBatchSize(rows.count),
      timed: observer.timed || options.onProgress !== undefined,
      clockTickMs: observer.clockTickMs,
      startedAtMs,
      watch,
      shared: boundPlatform().sharesMemory,
      onDeath: (threadId: number, cause: unknown) => {
        watch.threadsStarted(1);
        logger?.warn(`Thread ${threadId} died and is replaced (${messageOf(cause)})`);
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
      release: releaseOf(this.#input.memories, run.placed.memory, options),
    };
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
