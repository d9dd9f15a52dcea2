/**
 * A report as CSV: `metric,value,unit`, one figure per row, rows ended by a line feed.
 *
 * Every value is a number and every name is made here or in report-data.ts, so no cell needs quotes or can be taken for a
 * formula. A figure that is not a finite number has an empty cell.
 */
import type { CsvRow } from './fields.js';
import { type IndexingPerformanceReportData, reportField } from './report-data.js';
import { performanceScore } from './score.js';

/**
 * The header, then the first rows in fixed order: `total_vectors`, `total_time` (seconds), `throughput`,
 * `thread_efficiency`, `batch_size` and two rows per thread; then the score and the rows of report-data.ts, with times in
 * units in which they do not round to zero.
 */
export function reportToCsv(report: IndexingPerformanceReportData): string {
  const rows: CsvRow[] = [
    { metric: 'total_vectors', value: report.totalVectors, unit: 'count' },
    { metric: 'total_time', value: report.totalTimeMs / 1000, unit: 'seconds', decimals: 3 },
    { metric: 'throughput', value: report.vectorsPerSecond, unit: 'vectors_per_second', decimals: 2 },
    { metric: 'thread_efficiency', value: report.threadEfficiency, unit: 'ratio', decimals: 3 },
    { metric: 'batch_size', value: report.batchSize, unit: 'count' },
    ...report.threadPerformance.flatMap(({ threadId, operationsCompleted, averageTimeMs }) => [
      { metric: `thread_${threadId}_operations`, value: operationsCompleted, unit: 'count' },
      { metric: `thread_${threadId}_avg_time`, value: averageTimeMs, unit: 'milliseconds', decimals: 3 },
    ]),
    { metric: 'performance_score', value: performanceScore(report), unit: 'points' },
    ...(reportField.rows?.(report) ?? []),
  ];
  return [
    'metric,value,unit',
    ...rows.map(({ metric, unit, ...cell }) => `${metric},${cellText(cell)},${unit}`),
    '',
  ].join('\n');
}

function cellText({ value, decimals }: Pick<CsvRow, 'value' | 'decimals'>): string {
  if (!Number.isFinite(value)) return '';
  return decimals === undefined ? String(value) : value.toFixed(decimals);
}
