/**
 * The engine of an index: the one it was given, the shared one of the process, or one of its own.
 */
import { linkSignals } from '../base/signals.js';
import { Engine } from '../engine/engine.js';
import { checkThreadCount, ENGINE_ONLY } from '../engine/engine-options.js';
import { holdSharedEngine } from '../engine/shared-engine.js';
import { checkSharing } from '../indexing/options.js';
import type { LoadOptions } from './options.js';

export interface EngineHold {
  readonly engine: Engine;
  /** Threads that a call uses at most. */
  readonly threads: number;
  /** Ends an engine that nobody else has. Twice is once. */
  release(): Promise<void>;
}

/** @throws {IndexingError} `InvalidConfiguration` naming the option. */
export function holdEngine(options: LoadOptions): EngineHold {
  const { engine: given, threadCount = 'auto', maxMemoryBytes, kernel, worker, wasm, logger } = options;
  if (given !== undefined) {
    const threads = checkSharing(threadCount, given, { maxMemoryBytes, kernel, worker, wasm, logger });
    return { engine: given, threads, release: async () => undefined };
  }
  checkThreadCount('threadCount', threadCount, () => 1);
  if (ENGINE_ONLY.every((name) => options[name] === undefined)) {
    const { engine, release } = holdSharedEngine();
    if (threadCount === 'auto' || threadCount <= engine.threads || !engine.core.sharesMemory) {
      return {
        engine,
        threads: threadCount === 'auto' ? engine.threads : Math.min(threadCount, engine.threads),
        release,
      };
    }
    release();
  }
  const engine = new Engine({ threads: threadCount, maxMemoryBytes, kernel, worker, wasm, logger });
  return { engine, threads: engine.threads, release: () => engine.dispose() };
}

/** Makes an index with a signal that hears of the caller's abort, and of the end of the engine that was given. */
export async function withEngineSignal<T>(
  { engine, signal: given }: LoadOptions,
  make: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, unlink } = linkSignals(given, engine instanceof Engine ? engine.core.closing : undefined);
  try {
    signal.throwIfAborted();
    return await make(signal);
  } finally {
    unlink();
  }
}
