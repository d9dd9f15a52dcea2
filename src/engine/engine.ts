/**
 * The engine as users hold it: a light handle on an `EngineCore`. When the handle is forgotten it is collected, and its
 * threads end.
 */
import { asyncDisposeSymbol } from '../base/dispose-symbol.js';
import { IndexingError } from '../base/errors.js';
import type { Backend } from './engine-core.js';
import { EngineCore } from './engine-core.js';
import { checkEngineOptions, type EngineOptions } from './engine-options.js';

/**
 * The threads, the compiled kernels, the memories and the queue that any number of indexers and indexes share. Threads start
 * when they are first needed.
 *
 * @example
 * ```js
 * import { Engine, MonitoredParallelIndexer, VectorIndex } from 'simdex';
 *
 * const engine = new Engine({ threads: 2 });
 * const indexer = new MonitoredParallelIndexer('auto', {}, { engine });
 * const index = await VectorIndex.build([[1, 0], [0, 1]], { engine });
 * console.log(engine.pending); // { calls: 0, rows: 0 }
 * await Promise.all([indexer.dispose(), index.dispose()]);
 * await engine.dispose();
 * ```
 */
export class Engine {
  /** @internal */
  readonly core: EngineCore;
  #disposed: Promise<void> | undefined;

  /** @throws {IndexingError} `InvalidConfiguration` naming the option that is out of its domain. */
  constructor(options: EngineOptions = {}) {
    this.core = new EngineCore(checkEngineOptions(options));
    forgotten.register(this, this.core, this);
  }

  /** Threads that one call uses at most. */
  get threads(): number {
    return this.core.threads;
  }

  /** What does the work; known after `ready()` or a call. */
  get backend(): Backend | undefined {
    return this.core.backend;
  }

  /** Calls that wait for the threads, and their rows (of searches: queries). Small calls do not wait. */
  get pending(): { readonly calls: number; readonly rows: number } {
    const { calls, rows } = this.core.pending;
    return { calls, rows };
  }

  /**
   * Starts the threads and compiles the kernel, so that the first call need not.
   *
   * Rejects with {@link IndexingError} `ThreadPanic` when a thread cannot start, `InvalidConfiguration` for a kernel that is not
   * to be had here.
   */
  async ready(): Promise<void> {
    this.core.refuseIfClosed();
    await this.core.warmUp();
  }

  /** Ends the threads. Calls under way or waiting reject. Results stay readable. Resolves when the threads have ended. */
  dispose(): Promise<void> {
    forgotten.unregister(this);
    this.#disposed ??= this.core.close(disposedEngine());
    return this.#disposed;
  }

  /** `dispose()`, for `await using`. */
  [asyncDisposeSymbol](): Promise<void> {
    return this.dispose();
  }
}

const forgotten = new FinalizationRegistry<EngineCore>((core) => {
  core.close(disposedEngine());
});

function disposedEngine(): IndexingError {
  return new IndexingError('Disposed', 'the engine was disposed; make a new one');
}
