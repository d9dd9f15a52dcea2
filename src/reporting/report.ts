/**
 * The report of one run: its figures, and the forms in which they go out. A report never changes.
 */

import { refuseUnknown } from '../base/errors.js';
import type { HistogramSnapshot } from '../monitoring/exponential-histogram.js';
import type { TimeSummary } from '../monitoring/time-distribution.js';
import { reportToCsv } from './csv.js';
import { reportToHtml } from './html.js';
import { type JsonValue, reportFromJson, reportToJson } from './json.js';
import type {
  BatchSample,
  BatchSizeSample,
  Bottleneck,
  CompletedSample,
  CopyIn,
  IndexingPerformanceReportData,
  Optimization,
  QueueDepth,
  RunBackend,
  RunConditions,
  ThreadPerformance,
} from './report-data.js';
import { performanceScore } from './score.js';
import { reportToTrace } from './trace.js';
import { predictRun, type RunPrediction, type WhatIf } from './what-if.js';

/** Figures of a run, not of the indexer's lifetime. What each of them means stands at `IndexingPerformanceReportData`. */
export class IndexingPerformanceReport implements IndexingPerformanceReportData {
  readonly totalVectors: number;
  readonly totalTimeMs: number;
  readonly vectorsPerSecond: number;
  readonly batchSize: number;
  readonly threadCount: number;
  readonly threadEfficiency: number;
  readonly threadTimesMs: readonly number[];
  readonly threadPerformance: readonly ThreadPerformance[];
  readonly averageVectorTimeMs: number;
  readonly recommendations: readonly string[];
  readonly indexTime: TimeSummary;
  readonly indexTimeHistogram: HistogramSnapshot;
  readonly magnitudeHistogram: HistogramSnapshot;
  readonly rejectedCount: number;
  readonly timingGroupSize: number;
  readonly backend: RunBackend;
  readonly batches: readonly BatchSample[];
  readonly completed: readonly CompletedSample[];
  readonly copyIn: CopyIn | undefined;
  readonly conditions: RunConditions | undefined;
  readonly bottlenecks: readonly Bottleneck[];
  readonly optimizations: readonly Optimization[] | undefined;
  readonly batchSizeHistory: readonly BatchSizeSample[] | undefined;
  readonly queueDepth: QueueDepth | undefined;
  readonly threadUtilization: readonly number[] | undefined;

  constructor(data: IndexingPerformanceReportData) {
    this.totalVectors = data.totalVectors;
    this.totalTimeMs = data.totalTimeMs;
    this.vectorsPerSecond = data.vectorsPerSecond;
    this.batchSize = data.batchSize;
    this.threadCount = data.threadCount;
    this.threadEfficiency = data.threadEfficiency;
    this.threadTimesMs = data.threadTimesMs;
    this.threadPerformance = data.threadPerformance;
    this.averageVectorTimeMs = data.averageVectorTimeMs;
    this.recommendations = data.recommendations;
    this.indexTime = data.indexTime;
    this.indexTimeHistogram = data.indexTimeHistogram;
    this.magnitudeHistogram = data.magnitudeHistogram;
    this.rejectedCount = data.rejectedCount;
    this.timingGroupSize = data.timingGroupSize;
    this.backend = data.backend;
    this.batches = data.batches;
    this.completed = data.completed;
    this.copyIn = data.copyIn;
    this.conditions = data.conditions;
    this.bottlenecks = data.bottlenecks;
    this.optimizations = data.optimizations;
    this.batchSizeHistory = data.batchSizeHistory;
    this.queueDepth = data.queueDepth;
    this.threadUtilization = data.threadUtilization;
  }

  /**
   * The report that `toJSON` wrote, from JSON text or from the object that `JSON.parse` made of it. A figure that is null
   * there is NaN here.
   *
   * @throws IndexingError `InvalidConfiguration` naming the field that is missing or wrong.
   */
  static fromJSON(json: unknown): IndexingPerformanceReport {
    return new IndexingPerformanceReport(reportFromJson(json));
  }

  /**
   * Starts at 100; throughput below 100 vectors per second takes 20, below 500 takes 10; thread efficiency below 0.7 takes
   * 25, below 0.9 takes 10; an average vector time above 10 ms takes 15, above 5 ms takes 5.
   */
  calculatePerformanceScore(): number {
    return performanceScore(this);
  }

  /**
   * What this run would have taken with other threads or batches, by a replay of its batches (see what-if.ts for what that
   * takes for granted). What is left out stays as it was. undefined for a stream, and where batches were not timed.
   *
   * @throws {IndexingError} `InvalidConfiguration` for threads that are not 1..256, or a batch size that is not positive.
   */
  predict(whatIf: WhatIf = {}): RunPrediction | undefined {
    refuseUnknown('whatIf', whatIf, new Set(['threads', 'batchSize']));
    const { totalTimeMs, threadCount: threads, batches, copyIn, conditions } = this;
    if (conditions?.runs !== 1) return undefined;
    const { availableThreads, memory } = conditions;
    const run = { totalTimeMs, threads, batches, copyIn, availableThreads, memoryBytesPerMs: memory?.bytesPerMs };
    return predictRun(run, whatIf);
  }

  /** CSV text: a header `metric,value,unit`, then one figure per row. */
  toCsv(): string {
    return reportToCsv(this);
  }

  /**
   * One self-contained page: figures, recommendations and pictures (inline SVG). It needs no network and no scripts, and reads
   * on a phone, in print, in light and in dark. `renderReport` of `simdex/report` compares several runs and adds zoom.
   */
  toHtml(): string {
    return reportToHtml(this);
  }

  /**
   * A trace as JSON text, in Chrome's trace event format: open it at ui.perfetto.dev or in chrome://tracing to see each batch on
   * the track of its thread, beside the depth of the queue and the throughput.
   */
  toTrace(): string {
    return reportToTrace(this);
  }

  /**
   * All figures as plain data, so that `JSON.stringify(report)` writes the report. Numbers that are not finite are null;
   * parts that were switched off are absent.
   */
  toJSON(): { readonly [name: string]: JsonValue } {
    return reportToJson(this);
  }
}
