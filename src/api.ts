/**
 * What simdex offers on every platform.
 */
export { IndexingError, type IndexingErrorCode, type IndexingErrorDetails, type RowRange } from './base/errors.js';
export { Engine } from './engine/engine.js';
export type { Backend } from './engine/engine-core.js';
export type { EngineOptions, IndexerLogger } from './engine/engine-options.js';
export type { PageWorker, WorkerChoice } from './engine/lanes/platform.js';
export { type FormatPackage, type PackageLoaders, registerPackages } from './formats/load-package.js';
export type { VectorFormat } from './formats/registry.js';
export type { IdentifiedMatrix } from './formats/row-chunk.js';
export type { ReadVectorsOptions, VectorChunks } from './formats/vector-file.js';
export type { AllocatedMatrix } from './indexing/allocations.js';
export type { IndexingStream, StreamOptions } from './indexing/indexing-stream.js';
export { MonitoredParallelIndexer } from './indexing/monitored-parallel-indexer.js';
export type { IndexerMonitoringConfig } from './indexing/monitoring-config.js';
export type { IndexerOptions, IndexOptions } from './indexing/options.js';
export { ParallelIndexer } from './indexing/parallel-indexer.js';
export type { BatchResult } from './indexing/result/batch-result.js';
export type { IndexedVectors, ProcessedVector } from './indexing/result/indexed-vectors.js';
export type { IndexingResult } from './indexing/result/indexing-result.js';
export type { Rejection } from './indexing/run-records.js';
export type { KernelBackend } from './kernel/instantiate.js';
export type { OwnWasm, WasmModule } from './kernel/own-kernel.js';
export type { RejectionCode } from './kernel/rejection.js';
export type { Metric } from './kernel/search/error-bound.js';
export type { Precision } from './memory/segment-layout.js';
export type { HistogramSnapshot } from './monitoring/exponential-histogram.js';
export type { MonitorThresholds, ThresholdOptions } from './monitoring/monitor-thresholds.js';
export type {
  AlertRule,
  AlertSeverity,
  AlertUpdate,
  DegradationUpdate,
  MetricUpdate,
  MonitorUpdate,
  ProgressUpdate,
  ReportUpdate,
} from './monitoring/monitor-update.js';
export type { Clock, PerformanceTimer } from './monitoring/performance-monitor.js';
export { PerformanceMonitor } from './monitoring/performance-monitor.js';
export type { PerformanceStats } from './monitoring/performance-stats.js';
export { RealTimeMonitor, type RealTimeMonitorOptions } from './monitoring/real-time-monitor.js';
export type { IndexingProgress, ThreadProgress } from './monitoring/run-progress.js';
export { type MonitoringStats, SharedPerformanceMonitor } from './monitoring/shared-performance-monitor.js';
export type { TimeSummary } from './monitoring/time-distribution.js';
export type { UpdateListener, UpdateType } from './monitoring/update-listeners.js';
export type { JsonValue } from './reporting/json.js';
export { IndexingPerformanceReport } from './reporting/report.js';
export type {
  BatchSample,
  BatchSizeSample,
  Bottleneck,
  CompletedSample,
  CopyIn,
  GraphFigures,
  IndexingPerformanceReportData,
  MemoryRates,
  Optimization,
  Phase,
  QueueDepth,
  QueueDepthSample,
  RecallPoint,
  RunBackend,
  RunConditions,
  RunSubject,
  ThreadPerformance,
} from './reporting/report-data.js';
export type { ScoreDeduction } from './reporting/score.js';
export type { RunPrediction, WhatIf } from './reporting/what-if.js';
export type {
  BuildGraphOptions,
  GraphCalibration,
  GraphInfo,
  GraphOptions,
  GraphProgress,
  SearchQuality,
} from './search/graph/graph-options.js';
export type { VectorIds } from './search/ids.js';
export type { IndexMemory } from './search/index-core.js';
export type { BuildOptions, BuildProgress, LoadOptions, SearchOptions } from './search/options.js';
export { SearchFilter } from './search/search-filter.js';
export type { SearchHits } from './search/search-hits.js';
export { type KeptVector, type Query, VectorIndex } from './search/vector-index.js';
export type { ReusableChunks } from './vectors/reusable-chunks.js';
export type { VectorId } from './vectors/vector-id.js';
export type { ComponentOrder, NumberArray, VectorMatrix, VectorRow, VectorSource } from './vectors/vector-source.js';
