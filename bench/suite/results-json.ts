/**
 * Results as JSON and back.
 */
import { IndexingError } from '../../src/base/errors.js';
import {
  listOf,
  objectOf,
  oneOf,
  optional,
  readCount,
  readFigure,
  readString,
} from '../../src/reporting/json-readers.js';
import type { Bandwidth } from './bandwidth.js';
import { nativeVariants, operations, variants } from './cases.js';
import type { NoiseBand } from './noise.js';
import {
  type BenchmarkResults,
  type CaseResult,
  type Machine,
  RESULTS_FORMAT,
  type SessionNoise,
  type Settings,
} from './results.js';

export function resultsToJson(results: BenchmarkResults): string {
  return `${JSON.stringify(results, null, 2)}\n`;
}

/**
 * Results from JSON text.
 *
 * @throws {IndexingError} `InvalidConfiguration` for what is no JSON, no benchmark of simdex, or of another format, and
 *   naming the field that is wrong.
 */
export function resultsFromJson(text: string): BenchmarkResults {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new IndexingError('InvalidConfiguration', 'it is not JSON', { cause });
  }
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  if (typeof format !== 'string' || !format.startsWith('simdex-benchmark/')) {
    throw new IndexingError('InvalidConfiguration', 'it is not the JSON of a simdex benchmark');
  }
  if (format !== RESULTS_FORMAT) {
    throw new IndexingError(
      'InvalidConfiguration',
      `it has the format ${format}, this version reads ${RESULTS_FORMAT}`,
    );
  }
  return readResults(json, 'results');
}

const readMachine = objectOf<Machine>((field) => ({
  cpu: field('cpu', readString),
  cores: field('cores', readCount),
  memoryBytes: field('memoryBytes', readCount),
  platform: field('platform', readString),
  engine: field('engine', readString),
}));

const readSettings = objectOf<Settings>((field) => ({
  rounds: field('rounds', readCount),
  seed: field('seed', readCount),
  partBytes: field('partBytes', readCount),
  setBytes: field('setBytes', readCount),
}));

const readBandwidth = objectOf<Bandwidth>((field) => ({
  bytes: field('bytes', readCount),
  copyGBps: field('copyGBps', readFigure),
  readGBps: field('readGBps', readFigure),
  updateGBps: field('updateGBps', readFigure),
  memoryGBps: field('memoryGBps', readFigure),
}));

const readNoiseBand = objectOf<NoiseBand>((field) => ({
  low: field('low', readFigure),
  high: field('high', readFigure),
  ratios: field('ratios', readCount),
}));

const readNoise = objectOf<SessionNoise>((field) => ({
  oneThread: field('oneThread', optional(readNoiseBand)),
  threads: field('threads', optional(readNoiseBand)),
}));

const readCase = objectOf<CaseResult>((field) => ({
  name: field('name', readString),
  operation: field('operation', oneOf(operations)),
  dims: field('dims', readCount),
  variant: field('variant', oneOf([...variants, ...nativeVariants])),
  vectors: field('vectors', readCount),
  samples: field('samples', readCount),
  minNsPerVector: field('minNsPerVector', readFigure),
  medianNsPerVector: field('medianNsPerVector', readFigure),
  meanNsPerVector: field('meanNsPerVector', readFigure),
  relativeMarginPercent: field('relativeMarginPercent', readFigure),
  gigabytesPerSecond: field('gigabytesPerSecond', readFigure),
  bandwidthShare: field('bandwidthShare', readFigure),
  speedup: field('speedup', optional(readFigure)),
}));

const readResults = objectOf<BenchmarkResults>((field) => ({
  format: field('format', oneOf([RESULTS_FORMAT])),
  version: field('version', readString),
  startedAt: field('startedAt', readString),
  machine: field('machine', readMachine),
  threads: field('threads', readCount),
  settings: field('settings', readSettings),
  bandwidth: field('bandwidth', readBandwidth),
  noise: field('noise', readNoise),
  cases: field('cases', listOf(readCase)),
}));
