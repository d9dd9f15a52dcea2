/**
 * What to change, in the order of the report.
 */
import { html, type Markup, noMarkup } from './markup.js';
import { type PageContent, runClass } from './shown-run.js';

export function recommendationsSection({ runs }: PageContent): Markup {
  const lists = runs.map(
    ({
      name,
      position,
      report,
    }) => html`${runs.length > 1 ? html`<h3 class="${runClass(position)}">${name}</h3>` : noMarkup}
<ul class="recommendations" data-run="${position}">${report.recommendations.map((text) => html`<li>${text}</li>`)}</ul>
`,
  );
  return html`<section id="recommendations">
<h2>Optimization Recommendations</h2>
${lists}</section>`;
}
