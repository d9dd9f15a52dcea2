/**
 * The calls of one indexer. Small calls are done at once, on the calling thread. All others become jobs on the engine's
 * threads; those that wait at the same time become one job. Calls that write to the same memory keep their order.
 */

import { isOutOfMemory } from '../base/errors.js';
import { linkSignals, unlessStopped } from '../base/signals.js';
import { nowMs, TimeSlices } from '../base/time.js';
import type { EngineCore } from '../engine/engine-core.js';
import { type Arrival, Arrivals, type CallKind, Gathering } from '../engine/gathering.js';
import type { Platform } from '../engine/lanes/platform.js';
import { countVectors, describeNow, describeSource, MAX_ROWS_AT_ONCE } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { Allocations } from './allocations.js';
import { type IndexingCall, isMergeable } from './indexing-call.js';
import { IndexingJob } from './indexing-job.js';
import { ConditionsWatch } from './measuring/run-conditions.js';
import type { CheckedIndexOptions } from './options.js';
import type { ResultInput } from './result/indexing-result.js';
import { resultOfRun } from './result/indexing-result.js';
import type { RunObserver } from './run-records.js';
import { SmallCall, type SmallCallContext } from './small-call.js';
import { SmallWorkspace } from './small-workspace.js';
import { isLittleWork, isSmall, WorkEstimate } from './tuning/work-estimate.js';

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
  readonly platform: Platform;
  /** Threads that the machine offers. */
  readonly availableThreads: number;
}

export class IndexerCalls {
  readonly #input: IndexerCallsInput;
  readonly #gatherings = new Map<string, Gathering<IndexingCall, IndexingJob>>();
  readonly #timed: SmallCallContext;
  readonly #untimed: SmallCallContext;
  readonly #closing = new AbortController();
  /** Calls that wait or are under way. */
  #open = 0;
  #idle: (() => void)[] = [];
  readonly #arrivals = new Arrivals();
  #workspace: SmallWorkspace | undefined;
  #estimate: WorkEstimate | undefined;
  /** The job under way; of several, the one that began last. */
  #running: IndexingJob | undefined;

  constructor(input: IndexerCallsInput) {
    const { availableThreads } = input;
    this.#input = input;
    this.#timed = { timed: true, availableThreads };
    this.#untimed = { timed: false, availableThreads };
  }

  /** Threads at work for this indexer now, at most. */
  get busyThreads(): number {
    return this.#running ? Math.min(this.#running.threads, this.#running.control.unitCount) : 0;
  }

  /** Aborted when the indexer or its engine is closed. */
  get closing(): readonly AbortSignal[] {
    return [this.#closing.signal, this.#input.core.closing];
  }

  /** @throws what the indexer was closed with */
  refuseIfClosed(): void {
    for (const signal of this.closing) signal.throwIfAborted();
  }

  /** Calls under way and waiting reject with `reason`, and so do all later ones. Resolves when there is none any more. */
  async close(reason: unknown): Promise<void> {
    this.#closing.abort(reason);
    if (this.#open > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Takes a call's place among those that are made one after another. */
  arrive(): Arrival {
    return this.#arrivals.arrive();
  }

  /** Whether the call may be small, but the kernel is not compiled yet. */
  needsKernel(vectors: VectorSource): boolean {
    const { core, threads } = this.#input;
    return !core.kernelNow && isSmall(countVectors(vectors), threads);
  }

  /** Rejects with what the call was stopped with. */
  async compileKernel({ signal }: CheckedIndexOptions): Promise<void> {
    const either = linkSignals(...this.closing, signal);
    await unlessStopped(this.#input.core.kernel(), either.signal).finally(either.unlink);
  }

  /**
   * Does a small call before it returns; gives undefined for every other.
   *
   * @throws {IndexingError} what keeps the source from being read
   */
  doSmall(vectors: VectorSource, options: CheckedIndexOptions, timed: boolean): SmallCall | undefined {
    const { core, threads } = this.#input;
    if (options.inPlace || options.into) return undefined;
    const count = countVectors(vectors);
    const kernel = core.kernelNow;
    if (!kernel || !isSmall(count, threads)) return undefined;
    this.#estimate ??= new WorkEstimate(kernel.backend);
    const startedAt = performance.now();
    const context = timed ? this.#timed : this.#untimed;
    const dims = 'dims' in vectors ? vectors.dims : (vectors[0]?.length ?? 0);
    if (count > 0 && !isLittleWork(count * this.#estimate.nsPerVector(dims, options.operation))) return undefined;
    this.#workspace ??= new SmallWorkspace(kernel, core.sharesMemory);
    const plain = count > 0 && dims > 0 && this.#workspace.indexPlain(vectors, count, dims, options.operation);
    if (!plain) return this.#indexMixed(vectors, this.#workspace, options, context, startedAt);
    const { rejected } = this.#workspace;
    const endedAt = performance.now();
    this.#estimate.learnFromSmall(dims, options.operation, count, endedAt - startedAt);
    return new SmallCall(plain.buffer, dims, count, rejected, undefined, options, context, startedAt, endedAt);
  }

  /** Rows of several lengths, or of numbers. */
  #indexMixed(
    vectors: VectorSource,
    workspace: SmallWorkspace,
    options: CheckedIndexOptions,
    context: SmallCallContext,
    startedAt: number,
  ): SmallCall | undefined {
    const { operation } = options;
    const { groups, order, ...source } = describeNow(vectors);
    if (!isLittleWork(this.#estimate!.totalNs(groups, operation))) return undefined;
    const data = new Float32Array(groups.reduce((sum, { count, dims }) => sum + count * (dims + 1), 0));
    let rejected = 0;
    let end = 0;
    let firstRank = 0;
    for (const { dims, count } of groups) {
      const rows = workspace.indexRows(source, firstRank, count, dims, operation);
      data.set(rows, end);
      rejected += workspace.rejected;
      end += rows.length;
      firstRank += count;
    }
    const { buffer } = data;
    const endedAt = performance.now();
    return new SmallCall(buffer, groups, source.count, rejected, order, options, context, startedAt, endedAt);
  }

  /** Does every other call. Rejects with what made it fail, and with what it was stopped with as soon as it is stopped. */
  async execute(
    vectors: VectorSource,
    options: CheckedIndexOptions,
    observer: RunObserver,
    place = this.arrive(),
  ): Promise<ResultInput> {
    const { signal, unlink } = linkSignals(...this.closing, options.signal);
    this.#open++;
    try {
      return await this.#execute(vectors, options, observer, signal, place);
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
    place: Arrival,
  ): Promise<ResultInput> {
    const turn = this.#input.allocations.turnFor(vectors, options);
    try {
      const call = await this.#describe(vectors, options, observer, signal);
      if (!turn.earlier && this.#isLittle(call)) return await this.#doHere(call);
      await this.#startLanes(call, signal);
      if (place.earlier) await unlessStopped(place.earlier, signal);
      if (turn.earlier) await unlessStopped(turn.earlier, signal);
      return await this.#runOnThreads(call, signal, (settled) => {
        place.leave();
        turn.leave(settled);
      });
    } finally {
      // Where it did not come so far.
      place.leave();
      turn.leave(turn.earlier);
    }
  }

  async #describe(
    vectors: VectorSource,
    options: CheckedIndexOptions,
    observer: RunObserver,
    signal: AbortSignal,
  ): Promise<IndexingCall> {
    const { core, allocations, platform, availableThreads } = this.#input;
    const calledAtMs = nowMs();
    const watch = new ConditionsWatch(platform, availableThreads, observer.timed);
    const kernel = core.kernelNow ?? (await unlessStopped(core.kernel(), signal));
    this.#estimate ??= new WorkEstimate(kernel.backend);
    const into = options.into?.data?.buffer;
    const source =
      countVectors(vectors) <= MAX_ROWS_AT_ONCE
        ? describeNow(vectors, into)
        : await describeSource(vectors, new TimeSlices(signal), into);
    signal.throwIfAborted();
    const bytes = source.groups.reduce((sum, { count, dims }) => sum + 4 * count * dims, 0);
    return {
      vectors,
      source,
      options,
      observer,
      target: allocations.targetOf(source, vectors, options),
      watch,
      rows: source.count,
      bytes: Math.max(LEAST_CALL_BYTES, bytes),
      calledAtMs,
      enteredAtMs: nowMs(),
      section: undefined,
      job: undefined,
      isAlone: false,
    };
  }

  /** Whether a call into the caller's memory is as little work as a small one. */
  #isLittle({ target, source, options }: IndexingCall): boolean {
    if (!target || !isSmall(source.count, this.#input.threads)) return false;
    return isLittleWork(this.#estimate!.totalNs(source.groups, options.operation));
  }

  async #startLanes({ watch }: IndexingCall, signal: AbortSignal): Promise<void> {
    const { core } = this.#input;
    if (core.lanesAreReady) return;
    await unlessStopped(core.lanes(), signal);
    watch.threadsStarted(core.backend?.threads ?? 1);
  }

  /** @param onEnter called when the call has its place in the queue, with what settles when no thread writes for it any more */
  async #runOnThreads(
    call: IndexingCall,
    signal: AbortSignal,
    onEnter: (settled: Promise<void>) => void,
    isRetry = false,
  ): Promise<ResultInput> {
    // Its listener would never hear of an abort that came before.
    signal.throwIfAborted();
    const { done, leave } = this.#gatheringFor(call).enter(call);
    const settled = done.then(nothing, nothing);
    settled.then(() => {
      if (this.#running === call.job) this.#running = undefined;
    });
    onEnter(settled);
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
      return await resultOfRun(records, call);
    } catch (error) {
      stopProgress();
      if (!call.section && isOutOfMemory(error) && !isRetry) {
        // There may be room for this call where there was none for all that waited with it.
        await this.#input.core.collectGarbage();
        call.isAlone = true;
        return this.#runOnThreads(call, signal, onEnter, true);
      }
      call.section?.stop(error);
      // What was done counts. The memory is free when no thread writes to it any more, and nobody reads its records.
      const counted = call.section && call.observer.onRecords(call.section.records, this.#backend);
      const release = call.job?.releaseOf(call);
      Promise.allSettled([counted, settled]).then(release);
      await counted;
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
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
      return await resultOfRun(records, call);
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
