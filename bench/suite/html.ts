/**
 * Results as one self-contained page: charts as inline SVG, all figures in tables, no scripts, no network.
 */

import { formatNumber, formatPercent } from '../../src/reporting/format.js';
import { escapeMarkup } from '../../src/reporting/html/markup.js';
import { recallFigure } from '../../src/reporting/html/recall-chart.js';
import { nativeVariants, operationTraits, variants } from './cases.js';
import { type Chart, type ChartLine, chartSvg } from './chart.js';
import { STYLE } from './html-style.js';
import type { BenchmarkResults, CaseResult } from './results.js';
import { comparedVariants, type OperationTable, operationTables } from './tables.js';
import { describeSession, formatSpeedup, operationTitles, variantTitle, verdictOf } from './text.js';

/** A figure of a case: a column of the table. */
interface Column {
  readonly field: Exclude<keyof CaseResult, 'recall'>;
  readonly title: string;
  readonly format: (value: number) => string;
}

const COLUMNS: readonly Column[] = [
  { field: 'minNsPerVector', title: 'ns (min)', format: formatNumber },
  { field: 'medianNsPerVector', title: 'ns (median)', format: formatNumber },
  { field: 'meanNsPerVector', title: 'ns (mean)', format: formatNumber },
  { field: 'relativeMarginPercent', title: '± % of mean', format: formatNumber },
  { field: 'speedup', title: '× JavaScript', format: formatSpeedup },
  { field: 'gigabytesPerSecond', title: 'GB/s', format: formatNumber },
  { field: 'bandwidthShare', title: 'of memory', format: formatPercent },
  { field: 'samples', title: 'samples', format: (count) => count.toLocaleString('en') },
];

/** A variant has the same mark in all charts. */
const MARKS: OperationTable['variants'] = [...variants, ...nativeVariants];

export function resultsToHtml(results: BenchmarkResults): string {
  const sections = operationTables(results).map((table) => operationSection(table, results));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>simdex benchmark</title>
<style>${STYLE}</style>
</head>
<body>
<h1>simdex benchmark</h1>
${verdictOf(results)
  .map((sentence) => `<p class="verdict">${escapeMarkup(sentence)}</p>`)
  .join('\n')}
<ul class="session">
${describeSession(results)
  .map((sentence) => `<li>${escapeMarkup(sentence)}</li>`)
  .join('\n')}
</ul>
<p>Times are nanoseconds per vector; charts show the minimum of all samples. × is the minimum of JavaScript over that of
the variant. GB/s are bytes of rows read and written; <i>of memory</i> is their share of the memory bandwidth.</p>
${sections.join('\n')}
</body>
</html>
`;
}

function operationSection(table: OperationTable, results: BenchmarkResults): string {
  const { operation } = table;
  return `<section>
<h2>${escapeMarkup(operationTitles[operation])}</h2>
<div class="charts">
<figure>${chartSvg(timeChart(table, results.threads))}</figure>
${operationTraits[operation].bytesPerComponent === undefined ? '' : `<figure>${chartSvg(rateChart(table, results))}</figure>\n`}</div>
${recallCurves(table)}${figuresTable(table, results.threads)}
</section>`;
}

/** Recall against speed, a curve for each size; nothing where no graph was searched. */
function recallCurves({ rows }: OperationTable): string {
  const measured = rows.flatMap(({ cases }) => {
    return cases.flatMap((result) => (result?.recall ? [{ name: `${result.dims} dims`, graph: result.recall }] : []));
  });
  if (measured.length === 0) return '';
  const graphs = measured.map((each, position) => ({ ...each, position }));
  return `${recallFigure(graphs)}`;
}

function timeChart(table: OperationTable, threads: number): Chart {
  const titleOf = ({ minNsPerVector }: CaseResult) => `${formatNumber(minNsPerVector)} ns`;
  return {
    title: 'ns per vector (logarithmic; lower is better)',
    scale: 'logarithmic',
    lines: chartLines(table, table.variants, threads, 'minNsPerVector', titleOf),
  };
}

function rateChart(table: OperationTable, { threads, bandwidth }: BenchmarkResults): Chart {
  const titleOf = ({ gigabytesPerSecond, bandwidthShare }: CaseResult) =>
    `${formatNumber(gigabytesPerSecond ?? 0)} GB/s, ${formatPercent(bandwidthShare ?? 0)} of memory`;
  // If only the baseline was measured, it is all there is to show.
  const compared = comparedVariants(table);
  const shown = compared.length > 0 ? compared : table.variants;
  return {
    title: 'GB/s (higher is better)',
    scale: 'linear',
    lines: chartLines(table, shown, threads, 'gigabytesPerSecond', titleOf),
    level: { value: bandwidth.memoryGBps, label: `memory ${formatNumber(bandwidth.memoryGBps)}` },
  };
}

function chartLines(
  table: OperationTable,
  shown: OperationTable['variants'],
  threads: number,
  field: 'minNsPerVector' | 'gigabytesPerSecond',
  titleOf: (result: CaseResult) => string,
): readonly ChartLine[] {
  return shown.map((variant) => {
    const label = variantTitle(variant, threads);
    const measured = table.rows.flatMap(({ cases }) => cases.filter((result) => result?.variant === variant));
    const points = measured.flatMap((result) =>
      result
        ? [{ dims: result.dims, value: result[field] ?? 0, title: `${label}, ${result.dims} dims: ${titleOf(result)}` }]
        : [],
    );
    return { label, className: `line ${variant}`, mark: MARKS.indexOf(variant), points };
  });
}

function figuresTable(table: OperationTable, threads: number): string {
  const columns = COLUMNS.filter(({ field }) =>
    table.rows.some(({ cases }) => cases.some((result) => result?.[field] !== undefined)),
  );
  const head = ['dims', 'variant', ...columns.map(({ title }) => title)];
  const bodies = table.rows.map(({ cases }) => {
    const present = cases.filter((result) => result !== undefined);
    const lines = present.map((result, i) => {
      const size = `<th scope="rowgroup" rowspan="${present.length}">${result.dims.toLocaleString('en')}</th>`;
      const name = `<th scope="row">${escapeMarkup(variantTitle(result.variant, threads))}</th>`;
      return `<tr>${i === 0 ? size : ''}${name}${columns.map((column) => figureCell(result, column)).join('')}</tr>`;
    });
    return `<tbody>${lines.join('\n')}</tbody>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="Figures of ${escapeMarkup(table.operation)}"><table>
<thead><tr>${head.map((title) => `<th scope="col">${escapeMarkup(title)}</th>`).join('')}</tr></thead>
${bodies.join('\n')}
</table></div>`;
}

function figureCell(result: CaseResult, { field, format }: Column): string {
  const value = result[field];
  const text = typeof value === 'number' ? format(value) : '';
  return `<td data-case="${escapeMarkup(result.name)}" data-field="${field}">${escapeMarkup(text)}</td>`;
}
