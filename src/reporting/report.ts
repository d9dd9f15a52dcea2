/**
 * The report of one run: its figures, and the forms in which they go out. A report never changes.
 */

import { refuseUnknown } from '../base/errors.js';
import { reportToCsv } from './csv.js';
import { reportToHtml } from './html.js';
import { type JsonValue, reportFromJson, reportToJson } from './json.js';
import { type IndexingPerformanceReportData, reportFields } from './report-data.js';
import { performanceScore, type ScoreDeduction, scoreDeductions } from './score.js';
import { reportToTrace } from './trace.js';
import { predictRun, type RunPrediction, type WhatIf } from './what-if.js';

const fieldNames = Object.keys(reportFields) as (keyof IndexingPerformanceReportData)[];

/** Figures of a run, not of the indexer's lifetime. What each of them means stands at `IndexingPerformanceReportData`. */
export interface IndexingPerformanceReport extends IndexingPerformanceReportData {}

/**
 * Figures of a run, not of the indexer's lifetime. What each of them means stands at `IndexingPerformanceReportData`.
 *
 * @example
 * ```js
 * import { writeFile } from 'node:fs/promises';
 * import { IndexingPerformanceReport, MonitoredParallelIndexer } from 'simdex';
 *
 * const indexer = new MonitoredParallelIndexer();
 * const { performanceReport } = await indexer.indexVectorsMonitored([[3, 4], [1, 2]]);
 * await writeFile('run.html', performanceReport.toHtml());
 * const again = IndexingPerformanceReport.fromJSON(JSON.parse(JSON.stringify(performanceReport)));
 * console.log(again.totalVectors, again.calculatePerformanceScore());
 * await indexer.dispose();
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor sets every field of the table
export class IndexingPerformanceReport {
  constructor(data: IndexingPerformanceReportData) {
    for (const name of fieldNames) Object.assign(this, { [name]: data[name] });
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

  /** What took points from the score; empty for a score of 100. */
  scoreDeductions(): ScoreDeduction[] {
    return scoreDeductions(this);
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
