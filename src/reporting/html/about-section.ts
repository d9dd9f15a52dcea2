/**
 * What the reports are about: input, rows, machine, versions. The section is left out where nothing is known.
 */
import { countOf, formatCount } from '../format.js';
import type { RunSubject } from '../report-data.js';
import { scrollable } from './figures.js';
import { html, type Markup, noMarkup } from './markup.js';
import type { PageContent } from './shown-run.js';

const FACTS: readonly { readonly title: string; readonly text: (subject: RunSubject) => string | undefined }[] = [
  { title: 'Input', text: ({ input }) => input },
  { title: 'Rows', text: rowsText },
  { title: 'Order', text: ({ order }) => `${order}${order === 'sorted' ? ', components ascending' : ''}` },
  { title: 'Machine', text: ({ machine }) => machine },
  { title: 'Cores', text: ({ cores }) => (cores === undefined ? undefined : formatCount(cores)) },
  {
    title: 'Versions',
    text: ({ versions }) =>
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ') || undefined,
  },
  { title: 'Date', text: ({ date }) => date.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/, '$1 $2 UTC') },
];

export function aboutSection({ runs }: PageContent): Markup {
  if (runs.every(({ report }) => report.subject === undefined)) return noMarkup;
  const head =
    runs.length > 1
      ? html`<thead><tr><td></td>${runs.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>`
      : noMarkup;
  const rows = FACTS.flatMap(({ title, text }) => {
    const cells = runs.map(({ report }) => report.subject && text(report.subject));
    if (cells.every((cell) => cell === undefined)) return [];
    return [html`<tr><th scope="row">${title}</th>${cells.map((cell) => html`<td>${cell ?? 'not told'}</td>`)}</tr>\n`];
  });
  const caption = 'What was indexed, where and when';
  return html`<section id="about">
<h2>What This Is About</h2>
${scrollable(caption, html`<table class="about"><caption>${caption}</caption>${head}<tbody>${rows}</tbody></table>`)}
</section>`;
}

function rowsText({ rows, dims }: RunSubject): string {
  const of = dims === undefined ? 'of different lengths' : `× ${countOf(dims, 'component')}`;
  return `${formatCount(rows)} ${of}`;
}
