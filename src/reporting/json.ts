/**
 * A report as plain data for JSON, and back, the same to the bit. JSON has no NaN and no infinities: such a figure is
 * null there and NaN when it comes back. Counts and ids are never null.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { type HistogramSnapshot, highestBucket, lowestBucket } from '../monitoring/exponential-histogram.js';
import type { TimeSummary } from '../monitoring/time-distribution.js';
import {
  listOf,
  objectOf,
  oneOf,
  optional,
  readBoolean,
  readCount,
  readFigure,
  readRatio,
  readString,
  wholeNumber,
} from './json-readers.js';
import {
  type BatchSample,
  type BatchSizeSample,
  type Bottleneck,
  bottleneckNames,
  type CompletedSample,
  type CopyIn,
  type IndexingPerformanceReportData,
  kernelNames,
  type MemoryRates,
  type Optimization,
  optimizationMoments,
  optimizationNames,
  optimizationOutcomes,
  type QueueDepth,
  type QueueDepthSample,
  type RunBackend,
  type RunConditions,
  type ThreadPerformance,
} from './report-data.js';

/** What JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** All fields of `data`, nulls for numbers that are not finite, without the parts that are undefined. */
export function reportToJson(data: IndexingPerformanceReportData): { readonly [name: string]: JsonValue } {
  return toJsonObject(data);
}

/**
 * The data of a report from JSON text, or from what `JSON.parse` made of it.
 *
 * @throws IndexingError `InvalidConfiguration` naming the field that is missing or wrong.
 */
export function reportFromJson(json: unknown): IndexingPerformanceReportData {
  const report = readReport(typeof json === 'string' ? parse(json) : json, 'report');
  checkPerThread('threadTimesMs', report.threadTimesMs, report.threadCount);
  if (report.threadUtilization) checkPerThread('threadUtilization', report.threadUtilization, report.threadCount);
  if (report.threadPerformance.length > 0) {
    checkPerThread('threadPerformance', report.threadPerformance, report.threadCount);
  }
  report.batches.forEach(({ threadId }, i) => {
    if (threadId < report.threadCount) return;
    throw invalidConfiguration(
      `report.batches[${i}].threadId`,
      `below ${report.threadCount}, the thread count`,
      threadId,
    );
  });
  return report;
}

function toJsonValue(value: unknown): JsonValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(toJsonValue);
  return toJsonObject(value);
}

function toJsonObject(value: unknown): { readonly [name: string]: JsonValue } {
  const present = Object.entries(value ?? {}).filter(([, field]) => field !== undefined);
  return Object.fromEntries(present.map(([name, field]) => [name, toJsonValue(field)]));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new IndexingError('InvalidConfiguration', 'report must be JSON, and cannot be parsed', { cause });
  }
}

function checkPerThread(name: string, list: readonly unknown[], threadCount: number): void {
  if (list.length !== threadCount) {
    throw invalidConfiguration(`report.${name}`, `an array of ${threadCount}, one entry per thread`, list);
  }
}

const readThreadPerformance = objectOf<ThreadPerformance>((field) => ({
  threadId: field('threadId', readCount),
  operationsCompleted: field('operationsCompleted', readCount),
  averageTimeMs: field('averageTimeMs', readFigure),
  minTimeMs: field('minTimeMs', readFigure),
  maxTimeMs: field('maxTimeMs', readFigure),
}));

const readTimeSummary = objectOf<TimeSummary>((field) => ({
  count: field('count', readCount),
  meanMs: field('meanMs', readFigure),
  p50Ms: field('p50Ms', readFigure),
  p95Ms: field('p95Ms', readFigure),
  p99Ms: field('p99Ms', readFigure),
  minMs: field('minMs', readFigure),
  maxMs: field('maxMs', readFigure),
  stdDevMs: field('stdDevMs', readFigure),
}));

const readBackend = objectOf<RunBackend>((field) => ({
  kernel: field('kernel', oneOf(kernelNames)),
  threads: field('threads', readCount),
  shared: field('shared', readBoolean),
}));

const readBatchSizeSample = objectOf<BatchSizeSample>((field) => ({
  batchSize: field('batchSize', readCount),
  vectorsPerSecond: field('vectorsPerSecond', readFigure),
}));

const readQueueDepthSample = objectOf<QueueDepthSample>((field) => ({
  atMs: field('atMs', readFigure),
  depth: field('depth', readFigure),
}));

const readQueueDepth = objectOf<QueueDepth>((field) => ({
  max: field('max', readCount),
  mean: field('mean', readFigure),
  samples: field('samples', listOf(readQueueDepthSample)),
}));

const readBatchSample = objectOf<BatchSample>((field) => ({
  threadId: field('threadId', readCount),
  vectors: field('vectors', readCount),
  dims: field('dims', readCount),
  rejected: field('rejected', readCount),
  claimedAtMs: field('claimedAtMs', readFigure),
  endedAtMs: field('endedAtMs', readFigure),
}));

const readCompletedSample = objectOf<CompletedSample>((field) => ({
  atMs: field('atMs', readFigure),
  vectors: field('vectors', readCount),
}));

const readCopyIn = objectOf<CopyIn>((field) => ({
  bytes: field('bytes', readCount),
  busyMs: field('busyMs', readFigure),
  endedAtMs: field('endedAtMs', readFigure),
}));

const readMemoryRates = objectOf<MemoryRates>((field) => ({
  bytesPerMs: field('bytesPerMs', readFigure),
  firstTouchBytesPerMs: field('firstTouchBytesPerMs', readFigure),
  oneThreadShare: field('oneThreadShare', readRatio),
}));

const readConditions = objectOf<RunConditions>((field) => ({
  runs: field('runs', readCount),
  startedThreads: field('startedThreads', readCount),
  freshBytes: field('freshBytes', readCount),
  availableThreads: field('availableThreads', readCount),
  cpuMs: field('cpuMs', optional(readFigure)),
  memory: field('memory', optional(readMemoryRates)),
}));

const readBottleneck = objectOf<Bottleneck>((field) => ({
  name: field('name', oneOf(bottleneckNames)),
  share: field('share', readRatio),
  lostMs: field('lostMs', readFigure),
  recommendation: field('recommendation', readString),
}));

const readOptimization = objectOf<Optimization>((field) => ({
  action: field('action', oneOf(optimizationNames)),
  when: field('when', oneOf(optimizationMoments)),
  before: field('before', readCount),
  after: field('after', optional(readCount)),
  effect: field('effect', optional(readFigure)),
  outcome: field('outcome', oneOf(optimizationOutcomes)),
}));

const readBucket = objectOf<HistogramSnapshot['buckets'][number]>((field) => ({
  bucket: field('bucket', wholeNumber(lowestBucket, highestBucket)),
  count: field('count', readCount),
}));

const readHistogram = objectOf<HistogramSnapshot>((field) => ({
  zeros: field('zeros', readCount),
  buckets: field('buckets', listOf(readBucket)),
}));

const readReport = objectOf<IndexingPerformanceReportData>((field) => ({
  totalVectors: field('totalVectors', readCount),
  totalTimeMs: field('totalTimeMs', readFigure),
  vectorsPerSecond: field('vectorsPerSecond', readFigure),
  batchSize: field('batchSize', readCount),
  threadCount: field('threadCount', readCount),
  threadEfficiency: field('threadEfficiency', readRatio),
  threadTimesMs: field('threadTimesMs', listOf(readFigure)),
  threadPerformance: field('threadPerformance', listOf(readThreadPerformance)),
  averageVectorTimeMs: field('averageVectorTimeMs', readFigure),
  recommendations: field('recommendations', listOf(readString)),
  indexTime: field('indexTime', readTimeSummary),
  indexTimeHistogram: field('indexTimeHistogram', readHistogram),
  magnitudeHistogram: field('magnitudeHistogram', readHistogram),
  rejectedCount: field('rejectedCount', readCount),
  timingGroupSize: field('timingGroupSize', readCount),
  backend: field('backend', readBackend),
  batches: field('batches', listOf(readBatchSample)),
  completed: field('completed', listOf(readCompletedSample)),
  copyIn: field('copyIn', optional(readCopyIn)),
  conditions: field('conditions', optional(readConditions)),
  bottlenecks: field('bottlenecks', listOf(readBottleneck)),
  optimizations: field('optimizations', optional(listOf(readOptimization))),
  batchSizeHistory: field('batchSizeHistory', optional(listOf(readBatchSizeSample))),
  queueDepth: field('queueDepth', optional(readQueueDepth)),
  threadUtilization: field('threadUtilization', optional(listOf(readRatio))),
}));
