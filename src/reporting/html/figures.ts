/**
 * Figures of reports in the text and tables of the page. Each carries the place of its value in the report's JSON
 * (`data-path`) and the value itself (`data-value`), so that tests can compare it and scripts can sort by it.
 */
import { formatNumber } from '../format.js';
import type { IndexingPerformanceReportData } from '../report-data.js';
import { html, type Markup, noMarkup, trustedMarkup } from './markup.js';
import type { ShownRun } from './shown-run.js';

export interface Figure {
  /** Where the value stands in the report's JSON: `indexTime.p50Ms`; `score` for the score. */
  readonly path: string;
  readonly value: number;
  readonly format: (value: number) => string;
}

/** @param element the kind of element: `tspan` in pictures */
export function figureText(run: ShownRun, { path, value, format }: Figure, element: 'span' | 'tspan' = 'span'): Markup {
  const tag = trustedMarkup(element);
  return html`<${tag} data-run="${run.position}" data-path="${path}" data-value="${valueAttribute(value)}">${format(value)}</${tag}>`;
}

export function figureCell(run: ShownRun, figure: Figure, after: Markup = noMarkup): Markup {
  const { path, value, format } = figure;
  return html`<td data-run="${run.position}" data-path="${path}" data-value="${valueAttribute(value)}"><span class="value">${format(value)}</span>${after}</td>`;
}

/** A row of a table that has a column for each run. */
export interface FigureRow {
  readonly title: string;
  readonly path: string;
  /** undefined where the part was switched off. */
  readonly value: (report: IndexingPerformanceReportData) => number | undefined;
  readonly format: (value: number) => string;
  /** Which way the figure improves; none where neither is better. */
  readonly better?: 'higher' | 'lower';
}

/** A row for each figure that a run has, a column for each run; from the second run on, with the change from the first. */
export function figureTable(caption: string, rows: readonly FigureRow[], runs: readonly ShownRun[]): Markup {
  const shown = rows.filter(({ value }) => runs.some(({ report }) => value(report) !== undefined));
  const head =
    runs.length > 1
      ? html`<thead><tr><th scope="col">Figure</th>${runs.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>`
      : noMarkup;
  const lines = shown.map((row) => {
    const base = row.value(runs[0]!.report);
    const cells = runs.map((run) => {
      const value = row.value(run.report);
      if (value === undefined) return html`<td>not measured</td>`;
      const change = run.position === 0 || base === undefined ? noMarkup : changeOf(base, value, row.better);
      return figureCell(run, { path: row.path, value, format: row.format }, change);
    });
    return html`<tr><th scope="row">${row.title}</th>${cells}</tr>\n`;
  });
  return scrollable(
    caption,
    html`<table class="figures"><caption>${caption}</caption>${head}<tbody>${lines}</tbody></table>`,
  );
}

/** A table may be wider than a phone: it scrolls in itself, by keyboard too. */
export function scrollable(label: string, table: Markup): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`;
}

/** Empty where the value is no number. */
export function valueAttribute(value: number): string {
  return Number.isFinite(value) ? String(value) : '';
}

/** How much more or less than in the first run; nothing where that cannot be told. */
function changeOf(base: number, value: number, better: FigureRow['better']): Markup {
  if (!(base > 0) || !Number.isFinite(base) || !Number.isFinite(value)) return noMarkup;
  const percent = 100 * (value / base - 1);
  if (percent === 0) return html`<span class="change">same</span>`;
  const text = `${percent > 0 ? '+' : '−'}${formatNumber(Math.abs(percent))} %`;
  if (!better) return html`<span class="change">${text}</span>`;
  const verdict = percent > 0 === (better === 'higher') ? 'better' : 'worse';
  return html`<span class="change ${verdict}">${text}, ${verdict}</span>`;
}
