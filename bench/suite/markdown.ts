/**
 * Results as Markdown.
 */
import { formatNumber, formatPercent } from '../../src/reporting/format.js';
import type { Comparison } from './compare.js';
import type { BenchmarkResults, CaseResult } from './results.js';
import { caseOf, comparedVariants, type OperationTable, operationTables } from './tables.js';
import { describeSession, formatSpeedup, operationTitles, variantTitle } from './text.js';

export function resultsToMarkdown(results: BenchmarkResults): string {
  const tables = operationTables(results).map((table) => operationSection(table, results.threads));
  const legend =
    'Times are ns per vector, the minimum of all samples; × is JavaScript / variant; GB/s are bytes of rows read and ' +
    'written, in brackets their share of the memory bandwidth.';
  return `${[describeSession(results).join('\n'), legend, ...tables].join('\n\n')}\n`;
}

function operationSection(table: OperationTable, threads: number): string {
  const compared = comparedVariants(table);
  const speedups = table.variants.includes('javascript') ? compared : [];
  const title = (variant: (typeof compared)[number]) => variantTitle(variant, threads);
  const header = [
    'dims',
    ...table.variants.map((variant) => `${title(variant)} ns`),
    ...speedups.map((variant) => `${title(variant)} ×`),
    ...compared.map((variant) => `${title(variant)} GB/s`),
  ];
  const lines = table.rows.map((row) => [
    row.dims.toLocaleString('en'),
    ...row.cases.map((result) => cell(result, ({ minNsPerVector }) => formatNumber(minNsPerVector))),
    ...speedups.map((variant) =>
      cell(caseOf(table, row, variant), ({ speedup }) => (speedup === undefined ? '' : formatSpeedup(speedup))),
    ),
    ...compared.map((variant) => cell(caseOf(table, row, variant), formatRate)),
  ]);
  return `### ${operationTitles[table.operation]}\n\n${markdownTable(header, lines)}`;
}

function formatRate({ gigabytesPerSecond, bandwidthShare }: CaseResult): string {
  return `${formatNumber(gigabytesPerSecond)} (${formatPercent(bandwidthShare)})`;
}

function cell(result: CaseResult | undefined, format: (result: CaseResult) => string): string {
  return result ? format(result) : '';
}

/** What changed since the baseline beyond the noise, and a line on the rest. */
export function comparisonToMarkdown({ changes, baselineDate, unmatched }: Comparison): string {
  const count = (verdict: string) => changes.filter((change) => change.verdict === verdict).length;
  const summary =
    `Against the baseline of ${baselineDate}: ${count('regression')} slower, ${count('improvement')} faster, ` +
    `${count('noise')} within the noise band${unmatched > 0 ? `; ${unmatched} cases are in one of the two only` : ''}.`;
  const beyond = changes.filter(({ verdict }) => verdict !== 'noise');
  if (beyond.length === 0) return `${summary}\n`;
  const lines = beyond.map(({ name, beforeNs, afterNs, ratio, band, verdict }) => [
    name,
    formatNumber(beforeNs),
    formatNumber(afterNs),
    ratio.toFixed(3),
    `±${(100 * (band - 1)).toFixed(1)} %`,
    verdict === 'regression' ? 'slower' : 'faster',
  ]);
  return `${summary}\n\n${markdownTable(['case', 'before ns', 'now ns', 'now / before', 'noise', 'is'], lines)}\n`;
}

function markdownTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = header.map((_, i) => (i === 0 ? '---' : '---:'));
  return [header, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
