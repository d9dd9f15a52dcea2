/**
 * The figures of the page: a picture with its title and how to read it, or, where there is nothing to draw, words.
 */
import type { CurveData } from './curve-data.js';
import { html, type Markup, noMarkup } from './markup.js';
import { runClass } from './shown-run.js';

export interface ChartFigure {
  /** Which chart it is. */
  readonly name: string;
  readonly title: string;
  readonly note: string | Markup;
  /** Curves to tell apart. */
  readonly legend?: readonly { readonly name: string; readonly run: number }[];
  readonly body: Markup;
  /** For the page's script. */
  readonly data?: CurveData | undefined;
}

export function chartFigure({ name, title, note, legend = [], body, data }: ChartFigure): Markup {
  return html`<figure id="${name}"${data ? html` data-curves="${JSON.stringify(data)}"` : noMarkup}>
<figcaption><strong>${title}</strong> <span class="note">${note}</span></figcaption>
${legend.length > 0 ? html`<ul class="legend">${legend.map(({ name, run }) => html`<li class="${runClass(run)}"><svg width="26" height="10" aria-hidden="true"><line class="line" x1="0" x2="26" y1="5" y2="5"/></svg> ${name}</li>`)}</ul>` : noMarkup}
${body}
</figure>
`;
}

/** Instead of an empty picture. */
export function wordsFigure(name: string, title: string, words: string): Markup {
  return html`<figure id="${name}" class="words"><figcaption><strong>${title}</strong></figcaption><p>${words}</p></figure>\n`;
}
