/**
 * The indexing job: the rows of one call, or of several that waited together, in one memory. They are copied in by the calling
 * thread while threads already index the first of them.
 */

import type { RowRange } from '../base/errors.js';
import { messageOf } from '../base/errors.js';
import { nowMs, TimeSlices } from '../base/time.js';
import type { EngineCore } from '../engine/engine-core.js';
import type { Job, UnitDeath } from '../engine/job.js';
import { indexBatches } from '../engine/worker/index-batches.js';
import type { IndexingTask } from '../engine/worker/task.js';
import type { UnitWork } from '../engine/worker/unit-work.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import { BatchRecords, batchAt, describeBatches } from '../memory/batch.js';
import type { MatrixMemory } from '../memory/create-memory.js';
import { JobControl } from '../memory/job-control.js';
import { layOutMatrices, type MatrixLayout } from '../memory/matrix-memory.js';
import type { MemoryPool } from '../memory/memory-pool.js';
import type { VectorMatrix } from '../vectors/vector-source.js';
import type { PlacedMemory } from './allocations.js';
import { CallSection, RowCopy } from './call-section.js';
import type { IndexingCall } from './indexing-call.js';
import { planBatches } from './plan.js';
import type { WorkEstimate } from './tuning/work-estimate.js';

export interface IndexingJobInput {
  readonly core: EngineCore;
  readonly kernel: CompiledKernel;
  readonly estimate: WorkEstimate;
  /** Threads that take part at most. */
  readonly threads: number;
  /** At least one. Several share the operation and whether they are timed. */
  readonly calls: readonly IndexingCall[];
}

export class IndexingJob implements Job {
  readonly what = 'indexing';
  readonly searches = false;
  readonly control: JobControl;
  readonly threads: number;
  readonly calls: number;
  readonly placed: PlacedMemory;
  readonly sections: readonly CallSection[];
  readonly #input: IndexingJobInput;
  readonly #operation: KernelOperation;
  readonly #first: IndexingCall;
  /** Calls whose rows are still needed. */
  readonly #holders: Set<IndexingCall>;
  /** First unit of each call. */
  readonly #firstUnits: readonly number[];

  /** @throws {IndexingError} `InsufficientMemory` */
  constructor(input: IndexingJobInput) {
    const { core, kernel, calls, estimate } = input;
    const first = calls[0]!;
    const { options, observer, source } = first;
    const given = { threads: input.threads, batchSize: options.batchSize };
    const { threads, batchSize } = observer.settingFor?.(source.groups, options.operation, given) ?? given;
    const timed = observer.timed || options.onProgress !== undefined;
    this.#input = input;
    this.#first = first;
    this.#operation = options.operation;
    this.threads = threads;
    this.calls = calls.length;

    const { layouts, memory } = placeCalls(input, threads);
    this.placed = { memory, layout: layouts[0]! };
    const plans = calls.map((call, i) =>
      planBatches({
        groups: layouts[i]!.groups,
        threads: calls.length === 1 ? threads : 1,
        batchSize,
        maxBatchSize: call.observer.maxBatchSize(call.rows),
        // SIMD sorts four rows at a time, one in each lane.
        lanes: kernel.backend === 'simd' ? 4 : 1,
        nsPerVector: (dims) => estimate.nsPerVector(dims, options.operation),
        clockTickNs: timed ? 1e6 * observer.clockTickMs : 0,
      }),
    );
    const { units, timings } = describeBatches(
      plans.map(({ batches }, i) => ({ batches, endAtRejection: endsAtRejection(calls[i]!) })),
    );
    const isInPlace = options.inPlace || this.#copiesByThreads;
    this.control = JobControl.create(units, {
      threads,
      reserve: calls.length === 1,
      timed,
      timings: timed ? timings : 0,
      ...(isInPlace ? {} : { ready: 0 }),
      shared: core.sharesMemory,
    });
    const beganAtMs = nowMs();
    const firstUnits: number[] = [];
    let unit = 0;
    this.sections = calls.map((call, i) => {
      const { batches, batchSize } = plans[i]!;
      const layout = layouts[i]!;
      firstUnits.push(unit);
      const records = new BatchRecords(this.control, unit, batches.length);
      unit += batches.length;
      const rows = this.#copyOf(call, memory.buffer, timed);
      const { buffer } = memory;
      const section = new CallSection({ call, layout, buffer, records, batches, batchSize, threads, rows, beganAtMs });
      call.section = section;
      call.job = this;
      return section;
    });
    this.#firstUnits = firstUnits;
    this.#holders = new Set(calls);
  }

  task(thread: number): IndexingTask {
    const { memory, layout } = this.placed;
    return {
      type: 'index',
      kernel: this.#input.kernel,
      memory: memory.memory,
      memoryKey: memory.key,
      control: this.control.buffer,
      thread,
      scratch: layout.scratch + thread * layout.scratchStride,
      operation: this.#operation,
      source: this.#copiesByThreads ? this.#first.source.shared : undefined,
    };
  }

  open(thread: number): UnitWork {
    return indexBatches(this.task(thread));
  }

  /** Copies the rows in, batch after batch, and lets the threads know of each. A call whose rows cannot be read fails alone. */
  async feed(): Promise<void> {
    if (this.sections.every(({ rows }) => rows.isInPlace)) return;
    const slices = new TimeSlices();
    let unit = 0;
    for (const section of this.sections) {
      for (const [index, batch] of section.batches.entries()) {
        try {
          if (!section.isDropped(index)) await section.rows.copy(batch, slices);
        } catch (error) {
          section.stop(error);
        }
        this.control.publishReady(++unit);
      }
    }
  }

  async restore(unit: number): Promise<boolean> {
    const { section } = this.#find(unit);
    try {
      return await section.rows.restore(batchAt(this.control, unit));
    } catch (error) {
      // What cannot be read a second time ends its call.
      section.stop(error);
      return true;
    }
  }

  fail(unit: number, death: UnitDeath): void {
    const { section, index } = this.#find(unit);
    section.fail(index, death);
  }

  threadDied(thread: number, cause: unknown): void {
    this.#first.watch.threadsStarted(1);
    this.#input.core.options.logger?.warn(`Thread ${thread} died and is replaced (${messageOf(cause)})`);
  }

  /** Does everything on the calling thread before it returns. For few vectors: it holds the thread. */
  doHere(): void {
    for (const section of this.sections) for (const batch of section.batches) section.rows.copyNow(batch);
    this.control.publishReady(this.control.unitCount);
    const work = this.open(0);
    for (let unit = this.control.claimNow(0); unit >= 0; unit = this.control.claimNow(0)) {
      for (const _ of work.slices(unit));
    }
  }

  /**
   * What tells that a call does not need its rows any more; twice is once. The memory is given back with the last; that of a
   * caller stays the caller's. It holds nothing of the call: a result that keeps it would keep the source.
   */
  releaseOf(call: IndexingCall): () => void {
    if (this.#first.target) return () => undefined;
    const { memories } = this.#input.core;
    const { memory } = this.placed;
    return this.calls === 1 ? releaseOnce(memories, memory) : () => this.#leave(call);
  }

  #leave(call: IndexingCall): void {
    if (!this.#holders.delete(call) || this.#holders.size > 0) return;
    this.#input.core.memories.release(this.placed.memory);
  }

  /** Whether threads copy the rows from the caller's shared memory. */
  get #copiesByThreads(): boolean {
    const { source, options } = this.#first;
    return this.#input.core.sharesMemory && !options.inPlace && source.shared !== undefined;
  }

  #copyOf({ source, options, vectors, calledAtMs }: IndexingCall, buffer: ArrayBufferLike, timed: boolean) {
    const { inPlace, restore } = options;
    const restoreInPlace = restore && ((lost: RowRange) => restore(lost, vectors as VectorMatrix));
    return new RowCopy({
      source,
      inPlace,
      byThreads: this.#copiesByThreads,
      buffer,
      timed,
      startedAtMs: calledAtMs,
      restoreInPlace,
    });
  }

  #find(unit: number): { section: CallSection; index: number } {
    const at = this.#firstUnits.findLastIndex((first) => first <= unit);
    return { section: this.sections[at]!, index: unit - this.#firstUnits[at]! };
  }
}

/** This is a function of its own, so that what it returns holds nothing else. */
function releaseOnce(memories: MemoryPool, memory: MatrixMemory): () => void {
  let isReleased = false;
  return () => {
    if (!isReleased) memories.release(memory);
    isReleased = true;
  };
}

/** Ragged rows are not indexed in input order: a later batch may hold an earlier vector. */
function endsAtRejection({ options, source }: IndexingCall): boolean {
  return options.onInvalid === 'throw' && source.order === undefined;
}

function placeCalls({ calls, core }: IndexingJobInput, threads: number) {
  const [first] = calls as readonly [IndexingCall];
  const target = first.target ?? placeInPool(calls, core, threads);
  const { memory, layouts } = 'layout' in target ? { memory: target.memory, layouts: [target.layout] } : target;
  const fresh = core.memories.touch(memory, layouts[0]!.byteLength);
  // Memory that is indexed in place was filled by the caller.
  if (!first.options.inPlace) first.watch.memoryTouched(fresh);
  return { memory, layouts };
}

function placeInPool(calls: readonly IndexingCall[], core: EngineCore, threads: number) {
  const layouts: MatrixLayout[] = layOutMatrices(
    calls.map(({ source }) => source.groups),
    threads,
  );
  return { layouts, memory: core.memories.acquire(layouts[0]!.byteLength) };
}
