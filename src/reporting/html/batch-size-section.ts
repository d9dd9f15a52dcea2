/**
 * Batch sizes that were in use, and the throughput with each.
 */
import { formatCount, formatRate } from '../format.js';
import type { BatchSizeSample } from '../report-data.js';
import { scrollable, valueAttribute } from './figures.js';
import { html, type Markup, noMarkup } from './markup.js';
import { type PageContent, runClass, type ShownRun } from './shown-run.js';

/** Uses of one batch size. */
interface BatchSizeUse {
  readonly batchSize: number;
  readonly uses: number;
  readonly meanPerSecond: number;
  readonly bestPerSecond: number;
}

export function batchSizeSection({ runs }: PageContent): Markup {
  const parts = runs.map(
    (run) =>
      html`${runs.length > 1 ? html`<h3 class="${runClass(run.position)}">${run.name}</h3>` : noMarkup}\n${batchSizeTable(run)}\n`,
  );
  return html`<section id="batch-sizes">
<h2>Batch Sizes and Their Throughput</h2>
${parts}</section>`;
}

/** Each size once, ascending. */
function batchSizeUses(history: readonly BatchSizeSample[]): readonly BatchSizeUse[] {
  const rates = new Map<number, number[]>();
  for (const { batchSize, vectorsPerSecond } of history) {
    const own = rates.get(batchSize) ?? [];
    own.push(vectorsPerSecond);
    rates.set(batchSize, own);
  }
  return [...rates]
    .sort(([a], [b]) => a - b)
    .map(([batchSize, own]) => ({
      batchSize,
      uses: own.length,
      meanPerSecond: own.reduce((mean, rate, i) => mean + (rate - mean) / (i + 1), 0),
      bestPerSecond: own.reduce((most, rate) => Math.max(most, rate), 0),
    }));
}

function batchSizeTable({ position, report }: ShownRun): Markup {
  const { batchSizeHistory } = report;
  if (!batchSizeHistory) return html`<p class="words">Not measured: batchSizeMonitoring was off.</p>`;
  if (batchSizeHistory.length === 0) return html`<p class="words">No batch was run.</p>`;
  const uses = batchSizeUses(batchSizeHistory);
  const most = uses.reduce((rate, { meanPerSecond }) => Math.max(rate, meanPerSecond), 0);
  const rows = uses.map(({ batchSize, uses: count, meanPerSecond, bestPerSecond }) => {
    const cell = (field: string, value: number, format: (value: number) => string) =>
      html`<td data-batch-size="${batchSize}" data-field="${field}" data-value="${valueAttribute(value)}">${format(value)}</td>`;
    const share = most > 0 ? Math.round(1000 * (meanPerSecond / most)) / 10 : 0;
    return html`<tr><th scope="row" data-value="${batchSize}">${formatCount(batchSize)}</th>${[
      cell('uses', count, formatCount),
      cell('meanPerSecond', meanPerSecond, formatRate),
      cell('bestPerSecond', bestPerSecond, formatRate),
    ]}<td class="bar" aria-hidden="true"><svg width="100%" height="10"><rect width="${share}%" height="10"/></svg></td></tr>\n`;
  });
  const caption = 'Runs with each batch size, on this indexer so far';
  const titles = ['Batch Size', 'Runs', 'Mean Throughput', 'Best Throughput'];
  return scrollable(
    caption,
    html`<table class="sortable" data-run="${position}"><caption>${caption}</caption><thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}<td class="bar"></td></tr></thead>
<tbody>${rows}</tbody></table>`,
  );
}
