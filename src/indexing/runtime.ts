/**
 * What an indexer runs on: the kernel, compiled, and the threads, started; each once, when it is first needed.
 */
import { nowMs } from '../base/clock.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import { type Backend, type Engine, loadEngine } from './engine.js';
import type { Execution } from './execution/execution.js';
import { startExecution } from './execution/start-execution.js';
import type { IndexerOptions } from './options.js';

export class Runtime {
  readonly threadCount: number;
  readonly #options: IndexerOptions;
  #engine: Promise<Engine> | undefined;
  #execution: Promise<Execution> | undefined;
  #executionStartedAtMs = 0;
  #backend: Backend | undefined;

  /** @param options checked */
  constructor(threadCount: number, options: IndexerOptions) {
    this.threadCount = threadCount;
    this.#options = options;
  }

  /** Known once the kernel is loaded; how many threads there are, once they are started. */
  get backend(): Backend | undefined {
    return this.#backend;
  }

  /** When the threads were started; 0 before that. */
  get executionStartedAtMs(): number {
    return this.#executionStartedAtMs;
  }

  loadEngine(): Promise<Engine> {
    this.#engine ??= loadEngine(this.#options, this.threadCount, boundPlatform().sharesMemory).then((engine) => {
      this.#backend = engine.backend;
      return engine;
    });
    return this.#engine;
  }

  /** Chosen once; what could not be started is tried again. */
  startExecution(): Promise<Execution> {
    this.#execution ??= this.#chooseExecution().catch((error: unknown) => {
      this.#execution = undefined;
      throw error;
    });
    return this.#execution;
  }

  /** Ends the threads. */
  async dispose(): Promise<void> {
    // Threads that could not be started have told so to whoever asked for them.
    const execution = await this.#execution?.catch(() => undefined);
    await execution?.dispose();
  }

  async #chooseExecution(): Promise<Execution> {
    const { backend } = await this.loadEngine();
    this.#executionStartedAtMs = nowMs();
    const execution = await startExecution(this.threadCount, backend.kernel, this.#options);
    this.#backend = { kernel: backend.kernel, threads: execution.threads, shared: execution.shared };
    return execution;
  }
}
