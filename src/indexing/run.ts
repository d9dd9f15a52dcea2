/**
 * One run: lays the rows out in a memory, copies them in while threads already index the first of them, and ends with the
 * records of what was done.
 *
 * `finished` may reject before every thread has answered (abort); the run's memory is given back, and the next run may
 * begin, when `settled` resolves.
 */
import { nowMs } from '../base/clock.js';
import { claimBatches } from '../engine/worker/claim-loop.js';
import type { IndexingTask } from '../engine/worker/task.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import { ControlBlock } from '../memory/control-block.js';
import { layOutMatrix } from '../memory/matrix-layout.js';
import type { MemoryPool } from '../memory/memory-pool.js';
import { type IndexingProgress, ProgressReader } from '../monitoring/run-progress.js';
import type { SourceRows } from '../vectors/source-rows.js';
import type { PlacedMemory } from './allocations.js';
import type { Execution, RunWork } from './execution/execution.js';
import type { ConditionsWatch } from './measuring/run-conditions.js';
import type { CheckedIndexOptions } from './options.js';
import { type Plan, planBatches } from './plan.js';
import { findFailure } from './result/rejections.js';
import type { LiveRun, RunRecords } from './run-records.js';
import { RunRows, type RunRowsInput } from './run-rows.js';
import type { WorkEstimate } from './tuning/work-estimate.js';

/** What a run is made of. */
export interface RunInput {
  readonly rows: SourceRows;
  readonly options: CheckedIndexOptions;
  readonly kernel: CompiledKernel;
  readonly estimate: WorkEstimate;
  readonly threads: number;
  readonly memories: MemoryPool;
  /** The caller's memory for the result; undefined to take one from the pool. */
  readonly target: PlacedMemory | undefined;
  /** See `RunRowsInput`. */
  readonly restoreInPlace: RunRowsInput['restoreInPlace'];
  /** Upper bound of a batch size that is not given. */
  readonly maxBatchSize: number;
  /** Whether anything is timed: index times, batches, copying in. */
  readonly timed: boolean;
  /** Step of the clock, where it is known. */
  readonly clockTickMs: number;
  readonly startedAtMs: number;
  readonly watch: ConditionsWatch;
  /** Whether threads share the run's memory. */
  readonly shared: boolean;
  /** Called for every thread that dies. */
  readonly onDeath: (threadId: number, cause: unknown) => void;
}

export interface RunHandle {
  /** Records of the whole run; rejects with what made it fail. */
  readonly finished: Promise<RunRecords>;
  /** Never rejects. */
  readonly settled: Promise<void>;
}

const PROGRESS_INTERVAL_MS = 100;
/** An abort waits this long for the threads' last slices, so that nearly finished batches still count. */
const ABORT_GRACE_MS = 3;

export class IndexingRun implements LiveRun {
  readonly placed: PlacedMemory;
  readonly #input: RunInput;
  readonly #plan: Plan;
  readonly #control: ControlBlock;
  readonly #progress: ProgressReader;
  readonly #rows: RunRows;

  /** @throws {IndexingError} `InsufficientMemory` */
  constructor(input: RunInput) {
    this.#input = input;
    this.placed = input.target ?? placeInPool(input);
    const fresh = input.memories.touch(this.placed.memory, this.placed.layout.byteLength);
    // What is indexed in place was filled by the caller.
    if (!input.options.inPlace) input.watch.memoryTouched(fresh);
    this.#plan = planBatches({
      groups: this.placed.layout.groups,
      threads: input.threads,
      batchSize: input.options.batchSize,
      maxBatchSize: input.maxBatchSize,
      // SIMD sorts four rows at a time, one in each lane.
      lanes: input.kernel.backend === 'simd' ? 4 : 1,
      nsPerVector: (dims) => input.estimate.nsPerVector(dims, input.options.operation),
      clockTickNs: input.timed ? 1e6 * input.clockTickMs : 0,
    });
    this.#control = ControlBlock.create(this.#plan.batches, input.threads, input.timed, input.shared);
    this.#rows = new RunRows({
      source: input.rows,
      inPlace: input.options.inPlace,
      batches: this.#plan.batches,
      control: this.#control,
      buffer: this.placed.memory.buffer,
      startedAtMs: input.startedAtMs,
      restoreInPlace: input.restoreInPlace,
    });
    this.#progress = new ProgressReader(this.#control, input.rows.count, input.threads, input.startedAtMs);
  }

  /** Threads that take part: no more than there are batches. */
  get activeThreads(): number {
    return Math.min(this.#input.threads, this.#control.batchCount);
  }

  get records(): RunRecords {
    const { threads, startedAtMs, watch } = this.#input;
    const { layout, memory } = this.placed;
    return {
      control: this.#control,
      buffer: memory.buffer,
      layout,
      batchSize: this.#plan.batchSize,
      threads,
      startedAtMs,
      totalTimeMs: nowMs() - startedAtMs,
      copyIn: this.#rows.copied,
      conditions: watch.read(),
    };
  }

  get work(): string | undefined {
    const { rows, options } = this.#input;
    return rows.groups.length === 1 ? `${options.operation} ${rows.groups[0]!.dims}` : undefined;
  }

  progress(): IndexingProgress {
    return this.#progress.read();
  }

  /** Runs everything on the calling thread before it returns. For few vectors: it holds the thread. */
  runHere(): RunRecords {
    const { options } = this.#input;
    this.#rows.putInPlace();
    claimBatches({ ...this.#task(0, 0), source: undefined });
    options.onProgress?.(this.progress());
    return this.#conclude();
  }

  runOn(execution: Execution): RunHandle {
    const { signal, onProgress } = this.#input.options;
    const control = this.#control;
    let failure: { readonly reason: unknown } | undefined;
    const fail = (reason: unknown) => {
      failure ??= { reason };
      control.lowerEnd(0);
    };

    const settled = execution.execute(this.#work()).catch(fail);

    const ticks = onProgress && setInterval(() => report(), PROGRESS_INTERVAL_MS);
    const report = () => {
      try {
        onProgress?.(this.progress());
      } catch (error) {
        clearInterval(ticks);
        fail(error);
      }
    };
    const aborted = new Promise<void>((resolve) => {
      const abort = () => {
        fail(signal?.reason);
        setTimeout(resolve, ABORT_GRACE_MS);
      };
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort, { once: true });
      settled.then(() => signal?.removeEventListener('abort', abort));
    });
    const finished = Promise.race([settled, aborted]).then(() => {
      clearInterval(ticks);
      if (!failure && onProgress) report();
      if (failure) throw failure.reason;
      return this.#conclude();
    });
    return { finished, settled };
  }

  /** The records of a run whose wanted batches are all done; throws the failure they hold. */
  #conclude(): RunRecords {
    if (this.#input.options.onInvalid === 'throw') {
      const failure = findFailure(this.#control, this.placed.memory.buffer, this.#input.rows.order);
      if (failure) throw failure;
    }
    return this.records;
  }

  #task(threadId: number, firstBatch: number): IndexingTask {
    const { rows, options, kernel } = this.#input;
    const { memory, layout } = this.placed;
    return {
      type: 'index',
      kernel,
      memory: memory.memory,
      memoryKey: memory.key,
      control: this.#control.buffer,
      batchCount: this.#control.batchCount,
      threadId,
      firstBatch,
      scratch: layout.scratch + threadId * layout.scratchStride,
      operation: options.operation,
      // Ragged rows are not indexed in input order: a later batch may hold an earlier vector.
      endAtRejection: options.onInvalid === 'throw' && rows.order === undefined,
      source: options.inPlace ? undefined : rows.shared,
    };
  }

  #work(): RunWork {
    return {
      control: this.#control,
      threads: this.#input.threads,
      task: (threadId, firstBatch) => this.#task(threadId, firstBatch),
      copyIn: () => this.#rows.copyIn(this.#input.options.signal),
      restoreBatch: (batch) => this.#rows.restore(batch),
      copyRows: (batch, first, last, slices, target) => this.#rows.copy(batch, first, last, slices, target),
      nsPerVector: (dims) => this.#input.estimate.nsPerVector(dims, this.#input.options.operation),
      onDeath: this.#input.onDeath,
    };
  }
}

function placeInPool({ rows, threads, memories }: RunInput): PlacedMemory {
  const layout = layOutMatrix(rows.groups, threads);
  return { layout, memory: memories.acquire(layout.byteLength) };
}
