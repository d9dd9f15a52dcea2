/**
 * What held the run back, the greatest first; what to do about it is among the recommendations.
 */
import { formatDuration, formatPercent } from '../format.js';
import type { Bottleneck } from '../report-data.js';
import { figureCell, scrollable } from './figures.js';
import { html, type Markup, noMarkup } from './markup.js';
import { type PageContent, runClass, type ShownRun } from './shown-run.js';

const CAUSES: Record<Bottleneck['name'], string> = {
  copying: 'Copying rows in',
  'first touch': 'First touch of fresh memory',
  'memory bandwidth': 'Memory bandwidth',
  imbalance: 'Uneven work',
  'few vectors': 'Too few vectors for the threads',
  'start-up': 'Start-up of threads',
  processors: 'Waiting for processors',
};

export function bottlenecksSection({ runs }: PageContent): Markup {
  const parts = runs.map(
    (run) =>
      html`${runs.length > 1 ? html`<h3 class="${runClass(run.position)}">${run.name}</h3>` : noMarkup}\n${bottleneckTable(run)}\n`,
  );
  return html`<section id="bottlenecks">
<h2>What Held the Run Back</h2>
${parts}</section>`;
}

function bottleneckTable(run: ShownRun): Markup {
  const { bottlenecks, conditions } = run.report;
  if (bottlenecks.length === 0) {
    return conditions
      ? html`<p class="words">No cause took so much of the time that a change of it would pay.</p>`
      : html`<p class="words">Not measured: the batches were not timed.</p>`;
  }
  const rows = bottlenecks.map(({ name, share, lostMs }, i) => {
    const cells = [
      figureCell(run, { path: `bottlenecks.${i}.share`, value: share, format: formatPercent }),
      figureCell(run, { path: `bottlenecks.${i}.lostMs`, value: lostMs, format: formatDuration }),
    ];
    const width = Math.round(1000 * Math.min(1, share)) / 10;
    const bar = html`<td class="bar" aria-hidden="true"><svg width="100%" height="10"><rect class="track" width="100%" height="10"/><rect width="${width}%" height="10"/></svg></td>`;
    return html`<tr><th scope="row">${CAUSES[name]}</th>${cells}${bar}</tr>\n`;
  });
  const caption = 'Time of the run that each cause took; causes overlap';
  return scrollable(
    caption,
    html`<table class="causes"><caption>${caption}</caption><thead><tr><th scope="col">Cause</th><th scope="col">Share</th><th scope="col">Time</th><td></td></tr></thead>
<tbody>${rows}</tbody></table>`,
  );
}
