/**
 * What a session measured, as plain data: everything that is shown anywhere is one of these figures. Types and JSON follow
 * from the tables here.
 *
 * Times are nanoseconds per vector. Figures have six significant digits; the rest would be noise.
 */
import {
  count,
  type Field,
  figure,
  listOf,
  objectOf,
  oneOf,
  optional,
  text,
  type ValueOf,
} from '../../src/reporting/fields.js';
import { type RecallPoint, recallPoint } from '../../src/reporting/report-data.js';
import type { Bandwidth } from './bandwidth.js';
import {
  caseName,
  type NativeVariant,
  nativeVariants,
  type Operation,
  operations,
  operationTraits,
  type Variant,
  variants,
} from './cases.js';
import type { NoiseBand } from './noise.js';
import { summarizeSamples } from './statistics.js';

/** Changes with the meaning of a field. */
export const RESULTS_FORMAT = 'simdex-benchmark/1';

const machine = objectOf({
  cpu: text,
  cores: count,
  memoryBytes: count,
  /** Operating system and architecture: `linux x64`. */
  platform: text,
  /** JavaScript engine: `Node 20.20.2 (V8 11.3)`. */
  engine: text,
});
export interface Machine extends ValueOf<typeof machine> {}

const noiseBand: Field<NoiseBand> = objectOf({ low: figure, high: figure, ratios: count });
const sessionNoise = objectOf({
  /** Noise of code on one thread; undefined where no case of the kind was measured. */
  oneThread: optional(noiseBand),
  /** Noise of runs on several threads, which wait for each other and are disturbed by anything. */
  threads: optional(noiseBand),
});
export interface SessionNoise extends ValueOf<typeof sessionNoise> {}

const bandwidth: Field<Bandwidth> = objectOf({
  bytes: count,
  copyGBps: figure,
  readGBps: figure,
  updateGBps: figure,
  memoryGBps: figure,
});

const recallCurve = objectOf({
  /** Hits of each search. */
  k: count,
  /** Effort ascending. */
  curve: listOf<RecallPoint>(recallPoint),
  /** The same of searches that scan all rows. */
  exactQueriesPerSecond: figure,
});
/** Recall and speed of searches through the graph of a case. */
export interface CaseRecall extends ValueOf<typeof recallCurve> {}

const caseResult = objectOf({
  /** `operation/dims/variant` */
  name: text,
  operation: oneOf(operations),
  dims: count,
  variant: oneOf([...variants, ...nativeVariants]),
  /** Vectors of one sample. */
  vectors: count,
  samples: count,
  minNsPerVector: figure,
  medianNsPerVector: figure,
  meanNsPerVector: figure,
  /** Half the 95 % confidence interval of the mean, as a percentage of it. */
  relativeMarginPercent: figure,
  /** Bytes of rows read and written, from the minimum; undefined where these depend on the way it is done. */
  gigabytesPerSecond: optional(figure),
  /** Share of `bandwidth.memoryGBps`; 1 is all of it. */
  bandwidthShare: optional(figure),
  /** Minimum of `javascript` / this minimum; undefined where that was not measured. */
  speedup: optional(figure),
  /** undefined for all but searches through a graph. */
  recall: optional<CaseRecall>(recallCurve),
});
export interface CaseResult extends ValueOf<typeof caseResult> {}

export const benchmarkResults = objectOf({
  format: oneOf([RESULTS_FORMAT]),
  /** Version of simdex. */
  version: text,
  /** ISO 8601. */
  startedAt: text,
  machine,
  /** Threads of the indexer. */
  threads: count,
  settings: objectOf({ rounds: count, seed: count, partBytes: count, setBytes: count }),
  bandwidth,
  noise: sessionNoise,
  cases: listOf(caseResult),
});
export interface BenchmarkResults extends ValueOf<typeof benchmarkResults> {}

/** A case and its result. */
export interface CaseSamples {
  readonly operation: Operation;
  readonly dims: number;
  readonly variant: Variant | NativeVariant;
  readonly vectors: number;
  readonly nsPerVector: readonly number[];
  readonly recall?: CaseRecall | undefined;
}

/** @param cases of one operation and dims */
export function summarizeGroup(cases: readonly CaseSamples[], bandwidth: Bandwidth): readonly CaseResult[] {
  const javascript = cases.find(({ variant }) => variant === 'javascript');
  const baseline = javascript && summarizeSamples(javascript.nsPerVector).min;
  return cases.map(({ operation, dims, variant, vectors, nsPerVector, recall }) => {
    const { samples, min, median, mean, relativeMarginPercent } = summarizeSamples(nsPerVector);
    const { bytesPerComponent } = operationTraits[operation];
    const gigabytesPerSecond = bytesPerComponent && (bytesPerComponent * dims) / min;
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
      gigabytesPerSecond: gigabytesPerSecond && rounded(gigabytesPerSecond),
      bandwidthShare: gigabytesPerSecond && rounded(gigabytesPerSecond / bandwidth.memoryGBps),
      speedup: baseline === undefined ? undefined : rounded(baseline / min),
      recall: recall && roundedRecall(recall),
    };
  });
}

function roundedRecall({ k, curve, exactQueriesPerSecond }: CaseRecall): CaseRecall {
  const points = curve.map(({ effort, recall, queriesPerSecond }) => {
    return { effort, recall: rounded(recall), queriesPerSecond: rounded(queriesPerSecond) };
  });
  return { k, curve: points, exactQueriesPerSecond: rounded(exactQueriesPerSecond) };
}

/** To six significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
