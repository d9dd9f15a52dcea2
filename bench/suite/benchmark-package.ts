/**
 * The package `benchmark`, which is optional: only those who measure need it.
 */
import type Benchmark from 'benchmark';
import { IndexingError } from '../../src/base/errors.js';

/** Rejects with `InvalidConfiguration` where it is not installed. */
export async function loadBenchmark(): Promise<typeof Benchmark> {
  try {
    return (await import('benchmark')).default;
  } catch (cause) {
    throw new IndexingError(
      'InvalidConfiguration',
      'the benchmark needs the package "benchmark"; install it: npm install benchmark',
      { cause },
    );
  }
}
