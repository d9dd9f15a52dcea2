/**
 * How index times and magnitudes are distributed, on logarithmic axes.
 */
import type { HistogramSnapshot } from '../../monitoring/exponential-histogram.js';
import { bucketRange, distributionBars } from '../curves.js';
import { countOf, formatCount, formatDuration } from '../format.js';
import type { IndexingPerformanceReportData } from '../report-data.js';
import { curveChart } from './curve-chart.js';
import { type Curve, type CurveData, formatQuantity, type Quantity } from './curve-data.js';
import { wordsFigure } from './figure.js';
import { type FigureRow, figureTable } from './figures.js';
import { html, type Markup } from './markup.js';
import type { Mark } from './plot.js';
import type { PageContent, ShownRun } from './shown-run.js';

const MOST_BARS = 64;

const timeRow = (title: string, field: keyof IndexingPerformanceReportData['indexTime']): FigureRow => ({
  title,
  path: `indexTime.${field}`,
  value: ({ indexTime }) => indexTime[field],
  format: formatDuration,
  better: 'lower',
});

const TIME_ROWS: readonly FigureRow[] = [
  timeRow('Mean', 'meanMs'),
  timeRow('Median (p50)', 'p50Ms'),
  timeRow('p95', 'p95Ms'),
  timeRow('p99', 'p99Ms'),
  timeRow('Least', 'minMs'),
  timeRow('Greatest', 'maxMs'),
  timeRow('Standard Deviation', 'stdDevMs'),
  {
    title: 'Vectors Timed Together',
    path: 'timingGroupSize',
    value: ({ timingGroupSize }) => timingGroupSize,
    format: formatCount,
  },
];

export function indexTimeSection(content: PageContent): Markup {
  const figure = distributionFigure(content, {
    name: 'index-times',
    title: 'Distribution of Index Times',
    quantity: 'duration',
    note: 'Share of the vectors by the time of one vector. A second hill or a long tail on the right is what p99 shows.',
    histogram: ({ indexTimeHistogram }) => indexTimeHistogram,
    zeros: 'in less time than the clock can tell',
    marks: ({ report: { indexTime } }) => [
      { value: indexTime.p50Ms, label: `p50 ${formatDuration(indexTime.p50Ms)}` },
      { value: indexTime.p95Ms, label: `p95 ${formatDuration(indexTime.p95Ms)}` },
      { value: indexTime.p99Ms, label: `p99 ${formatDuration(indexTime.p99Ms)}` },
    ],
  });
  return html`<section id="index-time">
<h2>Index Time per Vector</h2>
<div class="${content.runs.length > 1 ? 'below' : 'beside'}">
${figure}
${figureTable('Time of one vector on its thread', TIME_ROWS, content.runs)}
</div>
</section>`;
}

export function magnitudeSection(content: PageContent): Markup {
  const figure = distributionFigure(content, {
    name: 'magnitudes',
    title: 'Distribution of Magnitudes',
    quantity: 'magnitude',
    note: 'Share of the vectors by their L2 norm before normalisation, of an even sample. Lone bars far from the rest are vectors to look at.',
    histogram: ({ magnitudeHistogram }) => magnitudeHistogram,
    zeros: 'with a magnitude of 0',
    marks: () => [],
  });
  return html`<section id="magnitude">
<h2>Magnitudes</h2>
${figure}
</section>`;
}

interface Distribution {
  readonly name: string;
  readonly title: string;
  readonly quantity: Quantity;
  readonly note: string;
  readonly histogram: (report: IndexingPerformanceReportData) => HistogramSnapshot;
  /** What a vector counted as zero was. */
  readonly zeros: string;
  /** Lines on the chart of a single run. */
  readonly marks: (run: ShownRun) => readonly Mark[];
}

function distributionFigure({ runs, interactive }: PageContent, distribution: Distribution): Markup {
  const { name, title, quantity, note, histogram, marks } = distribution;
  const range = bucketRange(runs.map(({ report }) => histogram(report).buckets));
  const curves: Curve[] = [];
  const words: string[] = [];
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const { name: runName, position, report } of runs) {
    const snapshot = histogram(report);
    const bars = distributionBars(snapshot, MOST_BARS, range);
    const total = snapshot.zeros + bars.reduce((sum, { count }) => sum + count, 0);
    const said = wordsOf(snapshot, total, distribution);
    if (said !== '') words.push(runs.length > 1 ? `${runName}: ${said}` : said);
    if (total === snapshot.zeros || bars.length < 2) continue;
    from = Math.min(from, bars[0]!.from);
    to = Math.max(to, bars.at(-1)!.to);
    const points = bars.map((bar) => ({ x: bar.from, y: bar.count / total }));
    curves.push({ name: runName, run: position, points, to: bars.at(-1)!.to });
  }
  if (curves.length === 0) return wordsFigure(name, title, words.join(' '));
  const shownMarks = runs.length === 1 ? marks(runs[0]!).filter(({ value }) => value >= from && value <= to) : [];
  const data: CurveData = { name, title, x: quantity, y: 'share', from, to, shape: 'steps', curves, marks: shownMarks };
  return curveChart({ data, note: [note, ...words].join(' '), interactive });
}

/** What a curve does not show: zeros, values that are all alike, or that there are none. */
function wordsOf(
  { zeros, buckets }: HistogramSnapshot,
  total: number,
  { quantity, zeros: what }: Distribution,
): string {
  if (total === 0) return 'No vector was indexed.';
  const said: string[] = [];
  if (zeros > 0) said.push(`${countOf(zeros, 'vector')} ${what}.`);
  if (buckets.length === 1) {
    const [bar] = distributionBars({ zeros, buckets }, 1);
    const bounds = `${formatQuantity(quantity, bar!.from)} and ${formatQuantity(quantity, bar!.to)}`;
    said.push(`${countOf(bar!.count, 'vector')} between ${bounds}.`);
  }
  return said.join(' ');
}
