/**
 * What a thread is sent, and answers. Everything in it can be structured-cloned. Where memory is shared, one task per
 * thread and job; elsewhere one for each part of a batch, whose bytes go there and back.
 */
import type { CompiledKernel, KernelMemory } from '../../kernel/instantiate.js';
import type { KernelOperation } from '../../kernel/kernel-exports.js';
import type { SharedRows } from '../../vectors/source-rows.js';
import type { GraphTask } from './graph-task.js';
import type { MemoryProbeTask } from './memory-probe.js';
import type { MoveTask, RowsTask } from './rows-task.js';
import type { SearchTask } from './search-task.js';

export type WorkerTask = JobTask | WarmUpTask | PartTask | ForgetTask;

/** A thread's part of a job: claim units until none is left, or until another job waits. */
export type JobTask = IndexingTask | MemoryProbeTask | IndexTask;

/** Tasks of a VectorIndex. */
export type IndexTask = SearchTask | RowsTask | MoveTask | GraphTask;

/** Tasks of threads that do not search. */
export type IndexerTask = Exclude<WorkerTask, IndexTask>;

export type AnswerTo<Task extends WorkerTask> = Task extends PartTask ? PartAnswer : undefined;

/** Answered once the kernel runs in that thread. */
interface WarmUpTask {
  readonly type: 'warm-up';
  readonly kernel: CompiledKernel;
  /** Whether the kernel was compiled for shared memory. */
  readonly shared: boolean;
}

/** These memories are no longer used. A thread drops its instances of kernels on them. */
interface ForgetTask {
  readonly type: 'forget';
  /** Keys of the memories; see MatrixMemory. */
  readonly memoryKeys: readonly number[];
}

/** Index the batches of a job. */
export interface IndexingTask {
  readonly type: 'index';
  readonly kernel: CompiledKernel;
  /** The job's memory; batches say where in it their rows and magnitudes are. */
  readonly memory: KernelMemory;
  /** Key of the memory; see MatrixMemory. */
  readonly memoryKey: number;
  readonly control: ArrayBufferLike;
  readonly thread: number;
  /** Byte offset of this thread's scratch. */
  readonly scratch: number;
  /** Operation on every row. */
  readonly operation: KernelOperation;
  /** Rows to copy from; undefined when the rows are in place or the calling thread copies them. */
  readonly source: SharedRows | undefined;
}

/** Rows to index in memory of the thread's own. */
export interface PartTask {
  readonly type: 'part';
  readonly kernel: CompiledKernel;
  readonly part: Part;
  /** The rows, with room for the magnitudes behind them, as layOutMatrix places them. It is handed over, not copied. */
  readonly bytes: ArrayBuffer;
}

/** Consecutive rows of a batch. */
export interface Part {
  readonly count: number;
  readonly dims: number;
  /** Rows of a timing group. */
  readonly sliceRows: number;
  readonly operation: KernelOperation;
  readonly timed: boolean;
}

/** What indexing a part gave. Times as of `nowMs`, 0 where the part is not timed. */
export interface PartRecord {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly rejected: number;
  /** Nanoseconds of each timing group; none where the part is not timed. */
  readonly timings: Float32Array<ArrayBuffer>;
}

export interface PartAnswer extends PartRecord {
  /** The bytes of the task, with the indexed rows and their magnitudes. */
  readonly bytes: ArrayBuffer;
}
