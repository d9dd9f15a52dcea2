/**
 * Results as Markdown.
 */
import { formatNumber, formatPercent } from '../../src/reporting/format.js';
import { operationTraits } from './cases.js';
import { type Comparison, judge } from './compare.js';
import { markdownTable, wrapped } from './layout.js';
import type { BenchmarkResults, CaseResult } from './results.js';
import { caseOf, comparedVariants, type OperationTable, operationTables } from './tables.js';
import { describeSession, formatSpeedup, operationTitles, variantTitle, verdictOf } from './text.js';

export function resultsToMarkdown(results: BenchmarkResults): string {
  const tables = operationTables(results).map((table) => operationSection(table, results.threads));
  const legend =
    'Times are ns per vector, the minimum of all samples; × is JavaScript / variant; GB/s are bytes of rows read and ' +
    'written, in brackets their share of the memory bandwidth.';
  const sentences = [...verdictOf(results), ...describeSession(results)].map(wrapped);
  return `${[...sentences, wrapped(legend), ...tables].join('\n\n')}\n`;
}

function operationSection(table: OperationTable, threads: number): string {
  const compared = comparedVariants(table);
  const speedups = table.variants.includes('javascript') ? compared : [];
  const rated = operationTraits[table.operation].bytesPerComponent === undefined ? [] : compared;
  const title = (variant: (typeof compared)[number]) => variantTitle(variant, threads);
  const header = [
    'dims',
    ...table.variants.map((variant) => `${title(variant)} ns`),
    ...speedups.map((variant) => `${title(variant)} ×`),
    ...rated.map((variant) => `${title(variant)} GB/s`),
  ];
  const lines = table.rows.map((row) => [
    row.dims.toLocaleString('en'),
    ...row.cases.map((result) => cell(result, ({ minNsPerVector }) => formatNumber(minNsPerVector))),
    ...speedups.map((variant) =>
      cell(caseOf(table, row, variant), ({ speedup }) => (speedup === undefined ? '' : formatSpeedup(speedup))),
    ),
    ...rated.map((variant) => cell(caseOf(table, row, variant), formatRate)),
  ]);
  return `### ${operationTitles[table.operation]}\n\n${markdownTable(header, lines)}`;
}

function formatRate({ gigabytesPerSecond, bandwidthShare }: CaseResult): string {
  if (gigabytesPerSecond === undefined || bandwidthShare === undefined) return '';
  return `${formatNumber(gigabytesPerSecond)} (${formatPercent(bandwidthShare)})`;
}

function cell(result: CaseResult | undefined, format: (result: CaseResult) => string): string {
  return result ? format(result) : '';
}

/** The verdict, what changed since the baseline beyond the noise, and a line on the rest. */
export function comparisonToMarkdown(comparison: Comparison): string {
  const { changes, baselineDate, unmatched } = comparison;
  const count = (verdict: string) => changes.filter((change) => change.verdict === verdict).length;
  const unknown = count('unknown');
  const summary =
    `Against the baseline of ${baselineDate}: ${count('regression')} slower, ${count('improvement')} faster, ` +
    `${count('noise')} within the noise band${unknown > 0 ? `, ${unknown} not to be judged` : ''}` +
    `${unmatched > 0 ? `; ${unmatched} cases are in one of the two only` : ''}.`;
  const paragraphs = [wrapped(judge(comparison).sentence), wrapped(summary)];
  const beyond = changes.filter(({ verdict }) => verdict === 'regression' || verdict === 'improvement');
  const lines = beyond.map(({ name, beforeNs, afterNs, ratio, band, verdict }) => [
    name,
    formatNumber(beforeNs),
    formatNumber(afterNs),
    ratio.toFixed(3),
    `±${formatNumber(100 * (band - 1))} %`,
    verdict === 'regression' ? 'slower' : 'faster',
  ]);
  if (lines.length > 0) paragraphs.push(markdownTable(['case', 'before ns', 'now ns', 'ratio', 'noise', 'is'], lines));
  return `${paragraphs.join('\n\n')}\n`;
}
