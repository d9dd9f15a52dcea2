/**
 * The first figures of a run: what was done, how fast, and by how many.
 */
import { formatCount, formatDuration, formatPercent, formatRate } from '../format.js';
import { type FigureRow, figureTable } from './figures.js';
import { html, type Markup } from './markup.js';
import type { PageContent } from './shown-run.js';

const ROWS: readonly FigureRow[] = [
  { title: 'Total Vectors', path: 'totalVectors', value: (report) => report.totalVectors, format: formatCount },
  {
    title: 'Total Time',
    path: 'totalTimeMs',
    value: (report) => report.totalTimeMs,
    format: formatDuration,
    better: 'lower',
  },
  {
    title: 'Throughput',
    path: 'vectorsPerSecond',
    value: (report) => report.vectorsPerSecond,
    format: formatRate,
    better: 'higher',
  },
  {
    title: 'Average Vector Time',
    path: 'averageVectorTimeMs',
    value: (report) => report.averageVectorTimeMs,
    format: formatDuration,
    better: 'lower',
  },
  { title: 'Thread Count', path: 'threadCount', value: (report) => report.threadCount, format: formatCount },
  {
    title: 'Thread Efficiency',
    path: 'threadEfficiency',
    value: (report) => report.threadEfficiency,
    format: formatPercent,
    better: 'higher',
  },
  { title: 'Batch Size', path: 'batchSize', value: (report) => report.batchSize, format: formatCount },
];

export function overallSection({ runs }: PageContent): Markup {
  return html`<section id="overall">
<h2>Overall Performance</h2>
${figureTable('Figures of the whole run', ROWS, runs)}
</section>`;
}
