/**
 * The parts of an engine: the compiled kernels, the threads, the memories and the queue of jobs. It holds no reference to the `Engine` that
 * users hold. So a forgotten `Engine` is collected, and its threads end.
 */
import { IndexingError, isOutOfMemory, messageOf } from '../base/errors.js';
import { nextTurn } from '../base/time.js';
import { compileKernel, kernelBytes } from '../kernel/compile.js';
import type { CompiledKernel, KernelBackend, KernelSource, PreparedKernel } from '../kernel/instantiate.js';
import { ownKernel } from '../kernel/own-kernel.js';
import { MemoryPool } from '../memory/memory-pool.js';
import type { CheckedEngineOptions } from './engine-options.js';
import { PendingCalls } from './gathering.js';
import type { Job } from './job.js';
import { JobQueue } from './job-queue.js';
import type { Lanes } from './lanes/lanes.js';
import { startLanes } from './lanes/lanes.js';
import { boundPlatform } from './lanes/platform.js';
import { BusyTimes } from './lanes/thread-lanes.js';

/** What does the work, once it is known. */
export interface Backend {
  readonly kernel: KernelBackend;
  readonly threads: number;
  /** Whether the threads share memory. */
  readonly shared: boolean;
}

export class EngineCore {
  /** Threads that a job uses at most. */
  readonly threads: number;
  readonly options: CheckedEngineOptions;
  readonly memories: MemoryPool;
  readonly pending = new PendingCalls();
  /** Busy times of the threads that share memory. */
  readonly times: BusyTimes;
  readonly #queue: JobQueue;
  readonly #told = new Set<string>();
  #kernel: Promise<CompiledKernel> | undefined;
  #kernelNow: CompiledKernel | undefined;
  #searchKernel: Promise<PreparedKernel> | undefined;
  #lanes: Promise<Lanes> | undefined;
  #warmUp: Promise<void> | undefined;
  #lanesAreReady = false;
  /** Where the threads cannot search: who does it instead. */
  #searchLanes: Promise<Lanes> | undefined;
  #backend: Backend | undefined;
  #collecting: Promise<void> | undefined;
  /** Memories that are no longer used, about which the threads have not been told yet. */
  #gone: number[] = [];
  readonly #closing = new AbortController();

  constructor(options: CheckedEngineOptions) {
    const { sharesMemory } = boundPlatform();
    this.options = options;
    this.threads = sharesMemory ? options.threads : 1;
    this.times = new BusyTimes(this.threads);
    this.memories = new MemoryPool(options.maxMemoryBytes, sharesMemory);
    this.#queue = new JobQueue((job, deaths) => this.#workOn(job, (lanes) => lanes.workOn(job, deaths)));
  }

  /** Whether memories are shared between threads. */
  get sharesMemory(): boolean {
    return this.memories.shared;
  }

  /** Known once the kernel is compiled; how many threads there are, once they are started. */
  get backend(): Backend | undefined {
    return this.#backend;
  }

  /** Whether the threads are there. */
  get lanesAreReady(): boolean {
    return this.#lanesAreReady;
  }

  /** Undefined until it is compiled. */
  get kernelNow(): CompiledKernel | undefined {
    return this.#kernelNow;
  }

  /** Aborted when the engine is closed, with the reason. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** @throws what the engine was closed with */
  refuseIfClosed(): void {
    this.#closing.signal.throwIfAborted();
  }

  /** The indexing kernel, compiled once; what could not be compiled is tried again. Rejects with `IndexingError` `InvalidConfiguration` where it is not to be had here. */
  kernel(): Promise<CompiledKernel> {
    this.#kernel ??= this.#compile().catch((error: unknown) => {
      this.#kernel = undefined;
      throw error;
    });
    return this.#kernel;
  }

  /** The indexing kernel, with what threads are sent of it. */
  async preparedKernel(): Promise<PreparedKernel> {
    const compiled = await this.kernel();
    return { compiled, source: await sourceOf(compiled, this.options.wasm) };
  }

  /** The search kernel, loaded and compiled when it is first asked for. */
  searchKernel(): Promise<PreparedKernel> {
    this.#searchKernel ??= Promise.all([this.preparedKernel(), boundPlatform().loadSearchKernel()])
      .then(([kernel, { compileSearchKernel }]) =>
        compileSearchKernel(kernel, this.sharesMemory, (reason) => this.tellFallback('search', reason)),
      )
      .catch((error: unknown) => {
        this.#searchKernel = undefined;
        throw error;
      });
    return this.#searchKernel;
  }

  /** Starts the threads once; what could not be started is tried again. */
  lanes(): Promise<Lanes> {
    this.#lanes ??= this.#startLanes(undefined).catch((error: unknown) => {
      this.#lanes = undefined;
      throw error;
    });
    return this.#lanes;
  }

  /** Starts the threads and has the kernel run everywhere, once; what failed is tried again. */
  warmUp(): Promise<void> {
    this.#warmUp ??= this.#runEverywhere().catch((error: unknown) => {
      this.#warmUp = undefined;
      throw error;
    });
    return this.#warmUp;
  }

  async #runEverywhere(): Promise<void> {
    const kernel = await this.kernel();
    this.refuseIfClosed();
    const lanes = await this.lanes();
    await lanes.warmUp(kernel).catch((error: unknown) => {
      this.refuseIfClosed();
      throw error;
    });
  }

  /** See {@link JobQueue.hasOthers}. */
  hasOthers(order: object): boolean {
    return this.#queue.hasOthers(order);
  }

  /** See {@link JobQueue.execute}. */
  execute(begin: () => Job | undefined, predictedMs: number, order?: object): Promise<void> {
    return this.#queue.execute(begin, predictedMs, order);
  }

  /** Tells the logger once. */
  warnOnce(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.options.logger?.warn(message);
  }

  /** Why a kernel other than that of indexing is JavaScript here. */
  tellFallback(kernel: 'search' | 'graph', reason: string): void {
    this.warnOnce(`The JavaScript kernel is used for ${kernel === 'search' ? 'searches' : 'graphs'}: ${reason}`);
  }

  /** A memory is gone: threads let go of what they keep of it, before the next job or as soon as they are idle. */
  forgetMemory(key: number): void {
    this.#gone.push(key);
    if (this.#gone.length === 1) nextTurn().then(() => this.#tellWhenIdle());
  }

  /** Waiting calls and calls under way reject with `reason`. Resolves when the threads have ended. */
  async close(reason: unknown): Promise<void> {
    this.#closing.abort(reason);
    await this.#queue.close(reason);
    this.memories.close();
    // If threads could not start, those who asked for them have the error already.
    for (const lanes of [this.#lanes, this.#searchLanes]) await (await lanes?.catch(() => undefined))?.dispose();
  }

  async #compile(): Promise<CompiledKernel> {
    const { kernel: choice, wasm, logger } = this.options;
    const shared = boundPlatform().sharesMemory;
    const kernel = await compileKernel(choice, {
      own: wasm && ownKernel(wasm),
      shared,
      onFallback: (reason) => this.warnOnce(`The JavaScript kernel is used: ${reason}`),
    });
    logger?.info(`Using the ${kernel.backend} kernel on ${this.threads} threads`);
    this.#kernelNow = kernel;
    this.#backend = { kernel: kernel.backend, threads: this.threads, shared };
    return kernel;
  }

  /** Once the engine is closed this rejects and starts nothing, since nothing would end it. */
  async #startLanes(searchKernel: KernelSource | undefined): Promise<Lanes> {
    const { compiled, source: kernel } = await this.preparedKernel();
    const { backend } = compiled;
    this.refuseIfClosed();
    const lanes = await startLanes({
      threads: this.threads,
      kernels: { kernel, searchKernel },
      worker: this.options.worker,
      times: this.times,
      warn: (message) => this.warnOnce(message),
    });
    this.#backend = { kernel: backend, threads: lanes.threads, shared: lanes.shared };
    this.#lanesAreReady = true;
    return lanes;
  }

  async #workOn(job: Job, work: (lanes: Lanes) => Promise<void>): Promise<void> {
    const lanes = await (job.searches ? this.#lanesThatSearch() : this.lanes());
    await this.#tellGone(lanes);
    await work(lanes);
  }

  /** In pages, threads that only index do not load what searching takes. They are replaced when the first search comes. */
  async #lanesThatSearch(): Promise<Lanes> {
    if (this.#lanes || boundPlatform().workersSearch) {
      const lanes = await this.lanes();
      if (lanes.searches) return lanes;
    }
    this.#searchLanes ??= this.#startLanesThatSearch();
    return this.#searchLanes;
  }

  async #startLanesThatSearch(): Promise<Lanes> {
    const { source } = await this.searchKernel();
    try {
      if (!this.sharesMemory) throw new Error(`${boundPlatform().whyNotShared}, so no shared memory`);
      const lanes = await this.#startLanes(source);
      // They do everything from now on.
      const before = this.#lanes;
      this.#lanes = Promise.resolve(lanes);
      await (await before)?.dispose();
      return lanes;
    } catch (error) {
      this.refuseIfClosed();
      // Whatever it is, the hits are the same without threads.
      this.warnOnce(
        `Searches run on the calling thread, in slices: ${messageOf(error instanceof IndexingError ? error.cause : error)}`,
      );
      const { backend: kernel } = await this.kernel();
      if (!this.#lanes) this.#backend = { kernel, threads: 1, shared: false };
      const { callingThreadLanes } = await import('./lanes/calling-thread-lanes.js');
      return callingThreadLanes(boundPlatform().sharesMemory);
    }
  }

  /** Does `work`. If it finds no memory, forgotten results are collected, and it is done again. */
  async withMemory<T>(work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      await this.collectGarbage();
      return work();
    }
  }

  /**
   * Collects garbage when there is no memory, since forgotten results count until they are collected. Callers at the same time share one
   * collection.
   */
  collectGarbage(): Promise<void> {
    this.#collecting ??= boundPlatform()
      .collectGarbage()
      .finally(() => {
        this.#collecting = undefined;
      });
    return this.#collecting;
  }

  async #tellWhenIdle(): Promise<void> {
    if (this.#gone.length === 0 || !this.#queue.isIdle || this.closing.aborted || !this.#lanes) return;
    // This needs no job: nothing waits for it, and busy threads are told before their next job.
    await this.#tellGone(await this.#lanes);
  }

  async #tellGone({ pool, threads }: Lanes): Promise<void> {
    const memoryKeys = this.#gone.splice(0);
    if (memoryKeys.length === 0 || !pool) return;
    const tell = () => pool.run({ type: 'forget', memoryKeys });
    // All are idle, so each gets one. A thread that died keeps nothing.
    await Promise.allSettled(Array.from({ length: threads }, tell));
  }
}

async function sourceOf(compiled: CompiledKernel, wasm: CheckedEngineOptions['wasm']): Promise<KernelSource> {
  const own = wasm && ownKernel(wasm);
  if (compiled.backend === 'javascript' || own?.module) return compiled;
  const { backend } = compiled;
  return { backend, bytes: await kernelBytes(backend, boundPlatform().sharesMemory, own) };
}
