/**
 * What a graph finds and how fast: recall across, queries a second upwards (logarithmic), a curve for each run. The last point of a curve is
 * the search that scans all rows.
 */
import { formatPercent, formatQueryRate, formatTick } from '../format.js';
import type { GraphFigures } from '../report-data.js';
import { chartFigure, wordsFigure } from './figure.js';
import { html, type Markup } from './markup.js';
import { AREA_WIDTH, fixed, plotSvg } from './plot.js';
import { decadeScale, type Scale, shareScale } from './scale.js';
import { runClass } from './shown-run.js';

/** What searches found: with more and more effort, and exactly. */
type RecallCurve = Pick<GraphFigures, 'k' | 'curve' | 'exactQueriesPerSecond'>;

/** The graph of a run. */
export interface MeasuredGraph {
  readonly name: string;
  readonly position: number;
  readonly graph: RecallCurve;
}

interface Point {
  readonly recall: number;
  readonly perSecond: number;
  readonly title: string;
}

const NAME = 'recall';
const TITLE = 'Recall and queries per second';
const HEIGHT = 220;
/** The axis begins at a whole multiple of the first step that leaves it some of them. */
const RECALL_STEPS = [0.05, 0.01, 0.001];

export function recallFigure(graphs: readonly MeasuredGraph[]): Markup {
  const curves = graphs.map((each) => ({ ...each, points: pointsOf(each.graph) }));
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return wordsFigure(NAME, TITLE, 'Nothing was measured.');
  const rates = points.map(({ perSecond }) => perSecond);
  const least = Math.min(...points.map(({ recall }) => recall));
  const x = shareScale(firstRecall(least));
  const y = decadeScale(Math.min(...rates), Math.max(...rates));
  const body = plotSvg({
    name: NAME,
    label: `${TITLE}, from ${describe(points[0]!)} to ${describe(points.at(-1)!)}`,
    height: HEIGHT,
    x: { scale: x, format: (recall) => `${formatTick(100 * recall)} %` },
    y: { scale: y, format: (rate) => `${formatTick(rate)}/s` },
    ySide: 'left',
    content: html`${curves.map((curve) => curveSvg(curve.position, curve.points, x, y))}`,
  });
  const legend = curves.length > 1 ? curves.map(({ name, position }) => ({ name, run: position })) : [];
  const note =
    'Recall across, searches one after the other upwards (logarithmic); each point is an effort, the last one scans all rows.';
  return chartFigure({ name: NAME, title: TITLE, note, legend, body });
}

function firstRecall(least: number): number {
  const step = RECALL_STEPS.find((step) => least <= 1 - step) ?? RECALL_STEPS.at(-1)!;
  return Math.min(1 - step, step * Math.floor(least / step + 1e-9));
}

/** Points that can be drawn: recall ascending, the exact search last. */
function pointsOf({ curve, exactQueriesPerSecond, k }: RecallCurve): readonly Point[] {
  const points = curve.map(({ effort, recall, queriesPerSecond }) => {
    const what = `effort ${effort}: recall@${k} ${formatPercent(recall)}, ${formatQueryRate(queriesPerSecond)}`;
    return { recall, perSecond: queriesPerSecond, title: what };
  });
  points.sort((a, b) => a.recall - b.recall || b.perSecond - a.perSecond);
  const exact = `exact: ${formatQueryRate(exactQueriesPerSecond)}`;
  return [...points, { recall: 1, perSecond: exactQueriesPerSecond, title: exact }].filter(
    ({ recall, perSecond }) => Number.isFinite(recall) && perSecond >= 1e-9 && perSecond <= 1e15,
  );
}

function curveSvg(run: number, points: readonly Point[], x: Scale, y: Scale): Markup {
  const places = points.map(
    ({ recall, perSecond }) => `${fixed(AREA_WIDTH * x.shareOf(recall))} ${fixed(HEIGHT * (1 - y.shareOf(perSecond)))}`,
  );
  const marks = points.map(
    ({ title }, i) => html`<path class="point" d="M${places[i]!}h0"><title>${title}</title></path>`,
  );
  return html`<g class="curve ${runClass(run)}" data-run="${run}"><path class="line" d="M${places.join('L')}"/>${marks}</g>\n`;
}

function describe({ recall, perSecond }: Point): string {
  return `${formatPercent(recall)} at ${formatQueryRate(perSecond)}`;
}
