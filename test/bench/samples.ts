/**
 * Results as a session would give them, without measuring.
 */
import { caseName, operations, type Variant, variants, variantsOf } from '../../bench/suite/cases.js';
import type { NoiseBand } from '../../bench/suite/noise.js';
import {
  type BenchmarkResults,
  type CaseRecall,
  type CaseResult,
  RESULTS_FORMAT,
  summarizeGroup,
} from '../../bench/suite/results.js';

export const bandwidth = { bytes: 2 ** 26, copyGBps: 22.5, readGBps: 31, updateGBps: 28.25, memoryGBps: 31 };

export function band(low: number, high: number): NoiseBand {
  return { low, high, ratios: 6 };
}

/** Times that differ for every case, in nanoseconds. */
function timesOf(dims: number, variant: Variant): readonly number[] {
  const base = (dims * 10.37) / (1 + 3 * variants.indexOf(variant));
  return [1.31, 1, 1.07, 1.113].map((factor) => base * factor);
}

function recallOf(dims: number): CaseRecall {
  const curve = [16, 64, 256].map((effort, i) => ({
    effort,
    recall: 0.8 + 0.09 * i,
    queriesPerSecond: (4e6 / dims) * (3 - i),
  }));
  return { k: 10, curve, exactQueriesPerSecond: 3e5 / dims };
}

function sampleCases(): readonly CaseResult[] {
  return operations.flatMap((operation) =>
    [128, 768].flatMap((dims) => {
      const cases = variantsOf(operation).map((variant) => ({
        operation,
        dims,
        variant,
        vectors: 1000,
        nsPerVector: timesOf(dims, variant),
        recall: operation === 'graph' && variant === 'threads' ? recallOf(dims) : undefined,
      }));
      return summarizeGroup(cases, bandwidth);
    }),
  );
}

export function sampleResults(changes: Partial<BenchmarkResults> = {}): BenchmarkResults {
  return {
    format: RESULTS_FORMAT,
    version: '1.2.3',
    startedAt: '2026-01-31T12:00:00.000Z',
    machine: { cpu: 'A "fast" <CPU> & more', cores: 2, memoryBytes: 2 ** 34, platform: 'linux x64', engine: 'Node 20' },
    threads: 2,
    settings: { rounds: 8, seed: 7, partBytes: 2 ** 22, setBytes: 2 ** 26 },
    bandwidth,
    noise: { oneThread: band(0.98, 1.01), threads: band(0.95, 1.08) },
    cases: sampleCases(),
    ...changes,
  };
}

/** The same results with one case's minimum multiplied. */
export function withCase(results: BenchmarkResults, name: string, factor: number): BenchmarkResults {
  const cases = results.cases.map((result) =>
    result.name === name ? { ...result, minNsPerVector: factor * result.minNsPerVector } : result,
  );
  return { ...results, cases };
}

export const firstName = caseName('magnitude', 128, 'javascript');
