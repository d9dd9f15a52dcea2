/**
 * The calls of one indexer. Small ones are done at once, on the calling thread; all others become jobs on the engine's threads,
 * those that wait together as one. Calls that write to the same memory keep their order.
 */
import { nowMs } from '../base/clock.js';
import { linkSignals } from '../base/linked-signal.js';
import { TimeSlices } from '../base/time-slices.js';
import type { EngineCore } from '../engine/engine-core.js';
import { type CallKind, Gathering } from '../engine/gathering.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import { countVectors, describeNow, describeSource } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { Allocations } from './allocations.js';
import { type IndexingCall, isMergeable } from './indexing-call.js';
import { IndexingJob } from './indexing-job.js';
import { ConditionsWatch } from './measuring/run-conditions.js';
import type { CheckedIndexOptions } from './options.js';
import type { ResultInput } from './result/indexing-result.js';
import { resultOfRun } from './result/run-result.js';
import type { RunObserver } from './run-observer.js';
import { isLittleWork, isSmall, SmallCall } from './small-call.js';
import { SmallWorkspace } from './small-workspace.js';
import { WorkEstimate } from './tuning/work-estimate.js';

/** Calls that are done together hold no more, and each counts as so much at least: 32 MiB and 4,096 calls. */
const MOST_TOGETHER_BYTES = 2 ** 25;
const LEAST_CALL_BYTES = 2 ** 13;
/** An abort waits so long for the threads' last slices, so that nearly finished batches still count. */
const ABORT_GRACE_MS = 3;
const PROGRESS_INTERVAL_MS = 100;

export interface IndexerCallsInput {
  readonly core: EngineCore;
  readonly allocations: Allocations;
  /** Threads that one call uses at most. */
  readonly threads: number;
  /** Of the machine. */
  readonly availableThreads: number;
}

export class IndexerCalls {
  readonly #input: IndexerCallsInput;
  readonly #gatherings = new Map<string, Gathering<IndexingCall, IndexingJob>>();
  readonly #closing = new AbortController();
  /** Calls that wait or are under way. */
  #open = 0;
  #idle: (() => void)[] = [];
  #workspace: SmallWorkspace | undefined;
  #estimate: WorkEstimate | undefined;
  /** The job that began last. */
  #running: IndexingJob | undefined;

  constructor(input: IndexerCallsInput) {
    this.#input = input;
  }

  /** Threads at work for this indexer now, at most. */
  get busyThreads(): number {
    return this.#running?.busyThreads ?? 0;
  }

  /** @throws what the indexer was closed with */
  refuseIfClosed(): void {
    this.#closing.signal.throwIfAborted();
    this.#input.core.refuseIfClosed();
  }

  /** Calls under way and waiting reject with `reason`, and so do all later ones. Resolves when there is none any more. */
  async close(reason: unknown): Promise<void> {
    this.#closing.abort(reason);
    if (this.#open > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /**
   * Compiles the kernel where a call that may be small needs it; gives nothing to wait for where it is there.
   *
   * @throws {IndexingError} what keeps the vectors from being counted
   */
  prepareSmall(vectors: VectorSource, { signal }: CheckedIndexOptions): Promise<unknown> | undefined {
    const { core, threads } = this.#input;
    if (core.kernelNow || !isSmall(countVectors(vectors), threads)) return undefined;
    return unlessStopped(core.kernel(), signal ?? this.#closing.signal).then(() => this.refuseIfClosed());
  }

  /**
   * Does a small call before it returns; gives undefined for every other.
   *
   * @throws {IndexingError} what keeps the source from being read
   */
  doSmall(vectors: VectorSource, options: CheckedIndexOptions, timed: boolean): SmallCall | undefined {
    const { core, threads, availableThreads } = this.#input;
    if (options.inPlace || options.into) return undefined;
    const count = countVectors(vectors);
    const kernel = core.kernelNow;
    if (!kernel || !isSmall(count, threads)) return undefined;
    this.#estimate ??= new WorkEstimate(kernel.backend);
    const startedAt = performance.now();
    const first = 'dims' in vectors ? vectors.dims : (vectors[0]?.length ?? 0);
    if (count > 0 && !isLittleWork(count * this.#estimate.nsPerVector(first, options.operation))) return undefined;
    this.#workspace ??= new SmallWorkspace(kernel, core.sharesMemory);
    const { operation } = options;
    const plain = count > 0 && first > 0 ? this.#workspace.indexPlain(vectors, count, first, operation) : undefined;
    const parts = plain
      ? { rejected: plain.rejected, buffer: plain.data.buffer, groups: [{ dims: first, count }], positions: undefined }
      : this.#indexMixed(vectors, this.#workspace, options);
    if (!parts) return undefined;
    const endedAt = performance.now();
    if (plain) this.#estimate.learnFromSmall(first, operation, count, endedAt - startedAt);
    return new SmallCall({ ...parts, options, timed, startedAt, endedAt, availableThreads }, count);
  }

  /** Rows of several lengths, or of numbers. */
  #indexMixed(vectors: VectorSource, workspace: SmallWorkspace, { operation }: CheckedIndexOptions) {
    const source = describeNow(vectors);
    if (!isLittleWork(this.#estimate!.totalNs(source.groups, operation))) return undefined;
    const floats = source.groups.reduce((sum, { count, dims }) => sum + count * (dims + 1), 0);
    const data = new Float32Array(floats);
    let rejected = 0;
    let end = 0;
    let firstRank = 0;
    for (const { dims, count } of source.groups) {
      const rows = workspace.indexRows(source, firstRank, count, dims, operation);
      data.set(rows.data, end);
      rejected += rows.rejected;
      end += rows.data.length;
      firstRank += count;
    }
    return { rejected, buffer: data.buffer, groups: source.groups, positions: source.order };
  }

  /** Does every other call. Rejects with what made it fail, and with what it was stopped with as soon as it is stopped. */
  async execute(vectors: VectorSource, options: CheckedIndexOptions, observer: RunObserver): Promise<ResultInput> {
    const { signal, unlink } = linkSignals(this.#closing.signal, options.signal);
    this.#open++;
    try {
      return await this.#execute(vectors, options, observer, signal);
    } finally {
      unlink();
      this.#open--;
      this.#tellIdle();
    }
  }

  async #execute(
    vectors: VectorSource,
    options: CheckedIndexOptions,
    observer: RunObserver,
    signal: AbortSignal,
  ): Promise<ResultInput> {
    const { core, allocations, threads, availableThreads } = this.#input;
    const calledAtMs = nowMs();
    const watch = new ConditionsWatch(boundPlatform(), availableThreads, observer.timed);
    const kernel = await unlessStopped(core.kernel(), signal);
    this.#estimate ??= new WorkEstimate(kernel.backend);
    const source = await describeSource(vectors, new TimeSlices(signal), options.into?.data?.buffer);
    signal.throwIfAborted();
    const target = allocations.targetOf(source, vectors, options);
    const bytes = source.groups.reduce((sum, { count, dims }) => sum + 4 * count * dims, 0);
    const call: IndexingCall = {
      vectors,
      source,
      options,
      observer,
      target,
      watch,
      rows: source.count,
      bytes: Math.max(LEAST_CALL_BYTES, bytes),
      calledAtMs,
      enteredAtMs: nowMs(),
      section: undefined,
      job: undefined,
    };
    const predictedNs = this.#estimate.totalNs(source.groups, options.operation);
    const isWritten = target && allocations.writtenUntil(target.memory) !== undefined;
    if (target && !isWritten && isSmall(source.count, threads) && isLittleWork(predictedNs)) {
      return this.#doHere(call);
    }
    const startedBefore = core.lanesStartedAtMs;
    await unlessStopped(core.lanes(), signal);
    if (core.lanesStartedAtMs !== startedBefore) watch.threadsStarted(core.backend?.threads ?? 1);
    return this.#runOnThreads(call, signal);
  }

  async #runOnThreads(call: IndexingCall, signal: AbortSignal): Promise<ResultInput> {
    const { done, leave } = await this.#enterInTurn(call, signal);
    const settled = done.then(nothing, nothing);
    const release = () => call.job?.release(call);
    const stop = () => {
      leave();
      call.section?.stop(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    const stopProgress = this.#tellProgress(call);
    try {
      await unlessStopped(done, signal, ABORT_GRACE_MS);
      stopProgress();
      const section = call.section!;
      const records = section.conclude();
      call.options.onProgress?.(section.progress());
      this.#estimate!.learnFrom(records, call.options.operation);
      await call.observer.onRecords(records, this.#backend);
      return await resultOfRun(records, call, release);
    } catch (error) {
      stopProgress();
      call.section?.stop(error);
      // What was done counts. The memory is free when no thread writes to it any more, and nobody reads its records.
      const counted = call.section && call.observer.onRecords(call.section.records, this.#backend);
      Promise.allSettled([counted, settled]).then(release);
      await counted;
      throw error;
    }
  }

  /** Calls that write to the same memory begin one after another. */
  async #enterInTurn(call: IndexingCall, signal: AbortSignal) {
    const { allocations } = this.#input;
    const memory = call.target?.memory;
    if (!memory) return this.#gatheringFor(call).enter(call);
    const earlier = allocations.writtenUntil(memory);
    let settle: (until: Promise<void>) => void = nothing;
    allocations.holdUntil(new Promise((resolve) => (settle = resolve as typeof settle)), memory);
    try {
      if (earlier) await unlessStopped(earlier, signal);
    } catch (error) {
      // The earlier one may still write.
      settle(earlier!);
      throw error;
    }
    const entered = this.#gatheringFor(call).enter(call);
    settle(entered.done.then(nothing, nothing));
    return entered;
  }

  /** Few vectors in the caller's memory, before this returns. */
  async #doHere(call: IndexingCall): Promise<ResultInput> {
    const job = this.#createJob([call], 1);
    const section = job.sections[0]!;
    call.observer.onBegin(section, this.#backend);
    try {
      job.doHere();
      call.options.onProgress?.(section.progress());
      const records = section.conclude();
      this.#estimate!.learnFrom(records, call.options.operation);
      await call.observer.onRecords(records, this.#backend);
      return resultOfRun(records, call, nothing);
    } catch (error) {
      await call.observer.onRecords(section.records, this.#backend);
      throw error;
    }
  }

  #gatheringFor(call: IndexingCall): Gathering<IndexingCall, IndexingJob> {
    const key = `${call.options.operation} ${call.observer.timed}`;
    const known = this.#gatherings.get(key);
    if (known) return known;
    const kind: CallKind<IndexingCall, IndexingJob> = {
      fits: (first, bytes, other) =>
        isMergeable(first) && isMergeable(other) && bytes + other.bytes <= MOST_TOGETHER_BYTES,
      begin: (calls) => this.#begin(calls),
      predictMs: ({ source, options }) =>
        this.#estimate!.totalNs(source.groups, options.operation) / 1e6 / this.#input.threads,
    };
    const gathering = new Gathering(this.#input.core, kind, this);
    this.#gatherings.set(key, gathering);
    return gathering;
  }

  #begin(calls: readonly IndexingCall[]): IndexingJob {
    const job = this.#createJob(calls, this.#input.threads);
    this.#running = job;
    for (const { observer, section } of calls) observer.onBegin(section!, this.#backend);
    return job;
  }

  #createJob(calls: readonly IndexingCall[], most: number): IndexingJob {
    const { core } = this.#input;
    const threads = Math.min(most, core.backend?.threads ?? most);
    return new IndexingJob({ core, kernel: core.kernelNow!, estimate: this.#estimate!, threads, calls });
  }

  /** A throwing listener ends its call. */
  #tellProgress(call: IndexingCall): () => void {
    const { onProgress } = call.options;
    if (!onProgress) return () => undefined;
    const timer = setInterval(() => {
      if (!call.section) return;
      try {
        onProgress(call.section.progress());
      } catch (error) {
        clearInterval(timer);
        call.section.stop(error);
      }
    }, PROGRESS_INTERVAL_MS);
    return () => clearInterval(timer);
  }

  get #backend() {
    return this.#input.core.backend!;
  }

  #tellIdle(): void {
    if (this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function nothing(): void {}

/** Settles as `work` does, or rejects as soon as the call is stopped. */
function unlessStopped<T>(work: Promise<T>, signal: AbortSignal, graceMs = 0): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => (graceMs > 0 ? setTimeout(() => reject(signal.reason), graceMs) : reject(signal.reason));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const settle = (end: () => void) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason);
      else end();
    };
    work.then(
      (value) => settle(() => resolve(value)),
      (reason) => settle(() => reject(reason)),
    );
  });
}
