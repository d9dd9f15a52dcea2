/**
 * Where the common suite runs: in Node, or in a page of some kind, as vitest.config.mjs says.
 */
import {
  type BuildOptions,
  type IndexerMonitoringConfig,
  type IndexerOptions,
  MonitoredParallelIndexer,
  VectorIndex,
  type VectorSource,
} from 'simdex';
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

/** An index that searches on 2 threads, where there may be two, and is disposed when the test ends. */
export async function createIndex(vectors: VectorSource, options: BuildOptions = {}): Promise<VectorIndex> {
  const index = await VectorIndex.build(vectors, { threadCount: 2, kernel: environment.kernel, ...options });
  onTestFinished(() => index.dispose());
  return index;
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
