/**
 * simdex/report: pages of one or several reports, wherever they are read.
 */
export type { HistogramSnapshot } from './monitoring/exponential-histogram.js';
export type { TimeSummary } from './monitoring/time-distribution.js';
export type { JsonValue } from './reporting/json.js';
export { type RenderOptions, renderReport } from './reporting/render-report.js';
export { IndexingPerformanceReport } from './reporting/report.js';
export type {
  BatchSample,
  BatchSizeSample,
  Bottleneck,
  CompletedSample,
  CopyIn,
  IndexingPerformanceReportData,
  MemoryRates,
  Phase,
  QueueDepth,
  QueueDepthSample,
  RunBackend,
  RunConditions,
  RunSubject,
  ThreadPerformance,
} from './reporting/report-data.js';
export type { ScoreDeduction } from './reporting/score.js';
export type { RunPrediction, WhatIf } from './reporting/what-if.js';
