/**
 * Where the common suite runs: in Node, or in a page of some kind, as vitest.config.mjs says.
 */
import { type IndexerMonitoringConfig, type IndexerOptions, MonitoredParallelIndexer } from 'simdex';
import { inject, onTestFinished } from 'vitest';

export interface Environment {
  /** What indexers are asked to compute with. */
  readonly kernel: 'auto' | 'javascript';
  /** What they are to find. */
  readonly backend: { readonly kernel: 'simd' | 'javascript'; readonly shared: boolean };
}

declare module 'vitest' {
  interface ProvidedContext {
    environment: Environment;
  }
}

export const environment: Environment = inject('environment');

/** An indexer of 2 threads, where there may be two, that is disposed when the test ends. */
export function createIndexer(
  options: IndexerOptions = {},
  config: Partial<IndexerMonitoringConfig> = {},
): MonitoredParallelIndexer {
  const indexer = new MonitoredParallelIndexer(2, config, { kernel: environment.kernel, ...options });
  onTestFinished(() => indexer.dispose());
  return indexer;
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
