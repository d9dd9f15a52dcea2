/**
 * Where the time went from start to end. The section is left out for runs that do not say.
 */
import { formatDuration, formatPercent } from '../format.js';
import type { Phase } from '../report-data.js';
import { figureCell, scrollable } from './figures.js';
import { html, type Markup, noMarkup } from './markup.js';
import { type PageContent, runClass, type ShownRun } from './shown-run.js';

const TITLES: Record<Phase['name'], string> = {
  waiting: 'Waiting for earlier runs',
  starting: 'Starting',
  reading: 'Reading',
  copying: 'Copying rows in',
  indexing: 'Indexing',
  writing: 'Writing',
  graph: 'Building the graph',
  report: 'Report',
  rest: 'Everything else',
};

export function phasesSection({ runs }: PageContent): Markup {
  const told = runs.filter(({ report }) => (report.phases?.length ?? 0) > 0);
  if (told.length === 0) return noMarkup;
  const parts = told.map(
    (run) =>
      html`${runs.length > 1 ? html`<h3 class="${runClass(run.position)}">${run.name}</h3>` : noMarkup}\n${phaseTable(run)}\n`,
  );
  return html`<section id="phases">
<h2>Where the Time Went</h2>
${parts}</section>`;
}

function phaseTable(run: ShownRun): Markup {
  const phases = run.report.phases ?? [];
  const totalMs = phases.reduce((sum, { ms }) => sum + ms, 0);
  const rows = phases.map(({ name, ms }, i) => {
    const share = totalMs > 0 ? ms / totalMs : 0;
    const width = Math.round(1000 * share) / 10;
    const bar = html`<td class="bar" aria-hidden="true"><svg width="100%" height="10"><rect class="track" width="100%" height="10"/><rect width="${width}%" height="10"/></svg></td>`;
    return html`<tr><th scope="row">${TITLES[name]}</th>${figureCell(run, { path: `phases.${i}.ms`, value: ms, format: formatDuration })}<td>${formatPercent(share)}</td>${bar}</tr>\n`;
  });
  const total = html`<tr class="total"><th scope="row">From start to end</th><td>${formatDuration(totalMs)}</td><td></td><td></td></tr>`;
  const caption = 'Every moment is counted in one phase';
  return scrollable(
    caption,
    html`<table class="causes phases"><caption>${caption}</caption><thead><tr><th scope="col">Phase</th><th scope="col">Time</th><th scope="col">Share</th><td></td></tr></thead>
<tbody>${rows}${total}</tbody></table>`,
  );
}
