/**
 * What a session measured, as plain data: everything that is shown anywhere is one of these figures.
 *
 * Times are nanoseconds per vector. Figures have six significant digits; the rest would be noise.
 */
import type { Bandwidth } from './bandwidth.js';
import { caseName, type NativeVariant, type Operation, operationTraits, type Variant } from './cases.js';
import type { DataSizes } from './data-set.js';
import type { NoiseBand } from './noise.js';
import { summarizeSamples } from './statistics.js';

/** Changes with the meaning of a field. */
export const RESULTS_FORMAT = 'simdex-benchmark/1';

export interface BenchmarkResults {
  readonly format: typeof RESULTS_FORMAT;
  /** Version of simdex. */
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly machine: Machine;
  /** Threads of the indexer. */
  readonly threads: number;
  readonly settings: Settings;
  readonly bandwidth: Bandwidth;
  readonly noise: SessionNoise;
  readonly cases: readonly CaseResult[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Operating system and architecture: `linux x64`. */
  readonly platform: string;
  /** JavaScript engine: `Node 20.20.2 (V8 11.3)`. */
  readonly engine: string;
}

export interface Settings extends DataSizes {
  readonly rounds: number;
  readonly seed: number;
}

/** Undefined where no case of the kind was measured. */
export interface SessionNoise {
  /** Of code on one thread. */
  readonly oneThread: NoiseBand | undefined;
  /** Of runs on several threads, which wait for each other and are disturbed by anything. */
  readonly threads: NoiseBand | undefined;
}

export interface CaseResult {
  /** `operation/dims/variant` */
  readonly name: string;
  readonly operation: Operation;
  readonly dims: number;
  readonly variant: Variant | NativeVariant;
  /** Vectors of one sample. */
  readonly vectors: number;
  readonly samples: number;
  readonly minNsPerVector: number;
  readonly medianNsPerVector: number;
  readonly meanNsPerVector: number;
  /** Half the 95 % confidence interval of the mean, as a percentage of it. */
  readonly relativeMarginPercent: number;
  /** Bytes of rows read and written, from the minimum. */
  readonly gigabytesPerSecond: number;
  /** Of `bandwidth.memoryGBps`: 1 is all of it. */
  readonly bandwidthShare: number;
  /** Minimum of `javascript` / this minimum; undefined where that was not measured. */
  readonly speedup: number | undefined;
}

/** What a case was, and what came of it. */
export interface CaseSamples {
  readonly operation: Operation;
  readonly dims: number;
  readonly variant: Variant | NativeVariant;
  readonly vectors: number;
  readonly nsPerVector: readonly number[];
}

/** @param cases of one operation and dims */
export function summarizeGroup(cases: readonly CaseSamples[], bandwidth: Bandwidth): readonly CaseResult[] {
  const javascript = cases.find(({ variant }) => variant === 'javascript');
  const baseline = javascript && summarizeSamples(javascript.nsPerVector).min;
  return cases.map(({ operation, dims, variant, vectors, nsPerVector }) => {
    const { samples, min, median, mean, relativeMarginPercent } = summarizeSamples(nsPerVector);
    const gigabytesPerSecond = (operationTraits[operation].bytesPerComponent * dims) / min;
    return {
      name: caseName(operation, dims, variant),
      operation,
      dims,
      variant,
      vectors,
      samples,
      minNsPerVector: rounded(min),
      medianNsPerVector: rounded(median),
      meanNsPerVector: rounded(mean),
      relativeMarginPercent: rounded(relativeMarginPercent),
      gigabytesPerSecond: rounded(gigabytesPerSecond),
      bandwidthShare: rounded(gigabytesPerSecond / bandwidth.memoryGBps),
      speedup: baseline === undefined ? undefined : rounded(baseline / min),
    };
  });
}

/** To six significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
