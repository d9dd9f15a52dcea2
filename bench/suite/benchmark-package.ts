/**
 * The package `benchmark`, which is optional: only those who measure need it.
 */
import type Benchmark from 'benchmark';
import { IndexingError } from '../../src/base/errors.js';

/** Rejects with `MissingPackage` where it is not installed. */
export async function loadBenchmark(): Promise<typeof Benchmark> {
  try {
    return (await import('benchmark')).default;
  } catch (cause) {
    throw new IndexingError('MissingPackage', 'the benchmark needs the package benchmark; npm install benchmark', {
      cause,
    });
  }
}
