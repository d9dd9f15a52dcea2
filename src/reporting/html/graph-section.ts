/**
 * The graph that was built over the rows: its figures, how much searches through it find, and how fast. The section is left
 * out for runs without a graph.
 */
import { formatBytes, formatCount, formatDuration, formatPercent, formatQueryRate } from '../format.js';
import type { GraphFigures } from '../report-data.js';
import { type FigureRow, figureCell, figureTable, scrollable } from './figures.js';
import { html, type Markup, noMarkup } from './markup.js';
import { recallFigure } from './recall-chart.js';
import { type PageContent, runClass, type ShownRun } from './shown-run.js';

const ROWS: readonly FigureRow[] = [
  { title: 'Rows', path: 'graph.rows', value: ({ graph }) => graph?.rows, format: formatCount },
  {
    title: 'Build Time',
    path: 'graph.buildMs',
    value: ({ graph }) => graph?.buildMs,
    format: formatDuration,
    better: 'lower',
  },
  { title: 'Neighbours, at Most', path: 'graph.degree', value: ({ graph }) => graph?.degree, format: formatCount },
  { title: 'Effort of the Build', path: 'graph.effort', value: ({ graph }) => graph?.effort, format: formatCount },
  { title: 'Memory', path: 'graph.bytes', value: ({ graph }) => graph?.bytes, format: formatBytes, better: 'lower' },
];

export function graphSection({ runs }: PageContent): Markup {
  const measured = runs.flatMap((run) => (run.report.graph ? [{ run, graph: run.report.graph }] : []));
  if (measured.length === 0) return noMarkup;
  const graphs = measured.map(({ run, graph }) => ({ name: run.name, position: run.position, graph }));
  const tables = measured.map(
    ({ run, graph }) =>
      html`${runs.length > 1 ? html`<h3 class="${runClass(run.position)}">${run.name}</h3>` : noMarkup}\n${curveTable(run, graph)}\n`,
  );
  return html`<section id="graph">
<h2>Graph</h2>
${figureTable('Figures of the graph', ROWS, runs)}
${recallFigure(graphs)}
${tables}</section>`;
}

function curveTable(run: ShownRun, { k, curve, exactQueriesPerSecond }: GraphFigures): Markup {
  const rows = curve.map(({ effort, recall, queriesPerSecond }, i) => {
    const cell = (field: string, value: number, format: (value: number) => string) =>
      figureCell(run, { path: `graph.curve.${i}.${field}`, value, format });
    return html`<tr><th scope="row">graph</th>${[
      cell('effort', effort, formatCount),
      cell('recall', recall, formatPercent),
      cell('queriesPerSecond', queriesPerSecond, formatQueryRate),
    ]}</tr>\n`;
  });
  const exact = { path: 'graph.exactQueriesPerSecond', value: exactQueriesPerSecond, format: formatQueryRate };
  const caption = `Searches for ${formatCount(k)} hits, one after the other`;
  const titles = ['Search', 'Effort', 'Recall', 'Speed'];
  return scrollable(
    caption,
    html`<table class="figures"><caption>${caption}</caption><thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows}<tr><th scope="row">exact</th><td>all rows</td><td>100 %</td>${figureCell(run, exact)}</tr></tbody></table>`,
  );
}
