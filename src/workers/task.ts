/**
 * What a thread is sent: one task per thread and run. Everything in it can be structured-cloned; memory is shared, not
 * copied.
 */
import type { CompiledKernel } from '../kernel/instantiate.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import type { SharedRows } from '../vectors/source-rows.js';
import type { MemoryProbeTask } from './memory-probe.js';

export type WorkerTask = WarmUpTask | IndexingTask | MemoryProbeTask;

/** Answered once the kernel runs in that thread. */
interface WarmUpTask {
  readonly type: 'warm-up';
  readonly kernel: CompiledKernel;
}

/** Claim batches of a run until none is left. */
export interface IndexingTask {
  readonly type: 'index';
  readonly kernel: CompiledKernel;
  /** The run's memory; batches say where in it their rows and magnitudes are. */
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly batchCount: number;
  readonly threadId: number;
  /** Batch to begin with, before any is claimed; -1 for none. */
  readonly firstBatch: number;
  /** Byte offset of this thread's scratch. */
  readonly scratch: number;
  /** What is done to every row. */
  readonly operation: KernelOperation;
  /** Whether a rejected row makes all later batches unwanted. */
  readonly endAtRejection: boolean;
  /** Where the rows are to be copied from; undefined when they are in place or the main thread copies them. */
  readonly source: SharedRows | undefined;
}
