/**
 * What the tuner changed, and the effect of each change. The section is left out for runs without the tuner.
 */
import { formatCount, formatNumber } from '../format.js';
import { figureCell, scrollable } from './figures.js';
import { html, type Markup, noMarkup } from './markup.js';
import { type PageContent, runClass, type ShownRun } from './shown-run.js';

export function tuningSection({ runs }: PageContent): Markup {
  const tuned = runs.filter(({ report }) => report.optimizations !== undefined);
  if (tuned.length === 0) return noMarkup;
  const parts = tuned.map(
    (run) =>
      html`${runs.length > 1 ? html`<h3 class="${runClass(run.position)}">${run.name}</h3>` : noMarkup}\n${tuningTable(run)}\n`,
  );
  return html`<section id="tuning">
<h2>Tuning</h2>
${parts}</section>`;
}

const NAMES = { threads: 'threads', batchSize: 'vectors in a batch' } as const;
const MOMENTS = { during: 'during a run', between: 'between runs' } as const;

function tuningTable(run: ShownRun): Markup {
  const { optimizations = [] } = run.report;
  if (optimizations.length === 0) return html`<p class="words">Nothing was changed.</p>`;
  const rows = optimizations.map(({ action, when, before, after, effect, outcome }, i) => {
    const cell = (field: string, value: number | undefined, format: (value: number) => string, otherwise: string) =>
      value === undefined
        ? html`<td>${otherwise}</td>`
        : figureCell(run, { path: `optimizations.${i}.${field}`, value, format });
    const cells = [
      cell('before', before, formatCount, ''),
      cell('after', after, formatCount, 'to be chosen'),
      cell('effect', effect, formatNumber, 'not yet known'),
    ];
    return html`<tr><th scope="row">${NAMES[action]}</th><td>${MOMENTS[when]}</td>${cells}<td>${outcome}</td></tr>\n`;
  });
  const caption = 'What autoOptimization changed; the effect is throughput after / before';
  const titles = ['What', 'When', 'Before', 'After', 'Effect', 'Outcome'];
  return scrollable(
    caption,
    html`<table class="figures"><caption>${caption}</caption><thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table>`,
  );
}
