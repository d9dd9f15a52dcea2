/**
 * How the batches of a run get done: by threads that share the run's memory and claim batches themselves, or part by part,
 * by a worker with a memory of its own or by the calling thread. Chosen once for an indexer; a run does not know which.
 */

import type { TimeSlices } from '../../base/time-slices.js';
import type { WorkerPool } from '../../engine/lanes/worker-pool.js';
import type { IndexingTask } from '../../engine/worker/task.js';
import type { CompiledKernel } from '../../kernel/instantiate.js';
import type { ControlBlock } from '../../memory/control-block.js';
import type { Batch } from '../../memory/control-layout.js';

export interface Execution {
  /** Threads that take part in a run, at most. */
  readonly threads: number;
  /** Whether they share its memory. */
  readonly shared: boolean;
  /** The threads, where they share memory: for what is no run. */
  readonly pool: WorkerPool | undefined;
  /** Has the kernel run everywhere; rejects with `IndexingError` `ThreadPanic` where it cannot. */
  warmUp(kernel: CompiledKernel): Promise<void>;
  /** Resolves when every wanted batch is done, and rejects when one cannot be; either way nobody is at work any more. */
  execute(work: RunWork): Promise<void>;
  /** Ends the threads. */
  dispose(): Promise<void>;
}

/** A run as its execution sees it. */
export interface RunWork {
  readonly control: ControlBlock;
  readonly threads: number;
  /** What a thread is told that shares the run's memory. */
  task(threadId: number, firstBatch: number): IndexingTask;
  /** Puts the rows in place, batch after batch, and publishes each; nothing to copy where threads do it. */
  copyIn(): Promise<void>;
  /** Puts the rows of a batch back as they were before a dead thread touched them; false where that is impossible. */
  restoreBatch(batch: number): Promise<boolean>;
  /** Copies rows `first` to `last` of a batch, as they are before indexing, to `target`, or to their place in the run. */
  copyRows(batch: Batch, first: number, last: number, slices: TimeSlices, target?: Float32Array): Promise<void>;
  /** Predicted time of a row. */
  nsPerVector(dims: number): number;
  /** To be called for every death of a thread. */
  onDeath(threadId: number, cause: unknown): void;
}
