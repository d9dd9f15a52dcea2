/**
 * Curves as a figure with inline SVG: of one run filled, of several in colours and dashes of their own.
 */
import { thinCurve } from '../curves.js';
import { type Curve, type CurveData, type CurvePoint, formatQuantity, tickFormat } from './curve-data.js';
import { chartFigure } from './figure.js';
import { html, type Markup, noMarkup } from './markup.js';
import { AREA_WIDTH, fixed, plotSvg } from './plot.js';
import { linearScale, logarithmicScale, roundedScale, type Scale } from './scale.js';
import { runClass } from './shown-run.js';

/** Points of a curve, at most: there are not more pixels. A script can zoom in, and gets more. */
const DRAWN_POINTS = 2000;
const SCRIPT_POINTS = 8000;
const HEIGHT = 150;
/** Share of the width that the ticks of y take. */
const SIDE = 0.15;
/** Pixels that a share which is not zero has at least, so that rare values can be seen. */
const LEAST_SHARE = 2;

export interface CurveChart {
  readonly data: CurveData;
  /** How to read it. */
  readonly note: string;
  readonly interactive: boolean;
}

export function curveChart({ data, note, interactive }: CurveChart): Markup {
  const { name, title, curves, marks } = data;
  const xScale = data.x === 'time' ? linearScale(data.to) : logarithmicScale(data.from, data.to);
  const most = curves.reduce((max, { points }) => points.reduce((a, { y }) => Math.max(a, y), max), 0);
  const yScale = roundedScale(most);
  const svg = plotSvg({
    name,
    label: describe(data, most),
    height: HEIGHT,
    x: { scale: xScale, format: tickFormat(data.x, data.to) },
    y: { scale: yScale, format: tickFormat(data.y, yScale.to) },
    ySide: lowerSide(curves, xScale),
    marks,
    content: html`${curves.map((curve) => curveSvg(curve, data, xScale, yScale))}`,
  });
  const legend = curves.length > 1 ? curves.map((curve) => ({ name: curve.name, run: curve.run })) : [];
  return chartFigure({ name, title, note, legend, body: svg, data: interactive ? scriptData(data) : undefined });
}

function curveSvg({ run, points, to }: Curve, data: CurveData, xScale: Scale, yScale: Scale): Markup {
  const xOf = (value: number) => fixed(AREA_WIDTH * xScale.shareOf(value));
  const yOf = (value: number) => {
    const height = yScale.shareOf(value) * HEIGHT;
    return fixed(HEIGHT - (data.y === 'share' && value > 0 ? Math.max(LEAST_SHARE, height) : height));
  };
  const drawn = thinCurve(points, DRAWN_POINTS);
  const line = data.shape === 'steps' ? stepsPath(drawn, xOf, yOf) : linesPath(drawn, xOf, yOf);
  const end = data.shape === 'steps' ? `H${xOf(to)}` : '';
  const fill =
    data.curves.length === 1 ? html`<path class="fill" d="${line}${end}V${HEIGHT}H${xOf(drawn[0]!.x)}Z"/>` : noMarkup;
  return html`<g class="curve ${runClass(run)}" data-run="${run}">${fill}<path class="line" d="${line}${end}"/></g>\n`;
}

function stepsPath(points: readonly CurvePoint[], xOf: Place, yOf: Place): string {
  return points.map(({ x, y }, i) => (i === 0 ? `M${xOf(x)} ${yOf(y)}` : `H${xOf(x)}V${yOf(y)}`)).join('');
}

function linesPath(points: readonly CurvePoint[], xOf: Place, yOf: Place): string {
  return points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${xOf(x)} ${yOf(y)}`).join('');
}

/** Where the curves leave more room for text: beside the lower of their ends. */
function lowerSide(curves: readonly Curve[], xScale: Scale): 'left' | 'right' {
  const highest = (isThere: (share: number) => boolean) =>
    curves
      .flatMap(({ points }) => points.filter(({ x }) => isThere(xScale.shareOf(x))))
      .reduce((most, { y }) => Math.max(most, y), 0);
  return highest((share) => share < SIDE) < highest((share) => share > 1 - SIDE) ? 'left' : 'right';
}

type Place = (value: number) => string;

function describe({ title, x, y, from, to, curves }: CurveData, most: number): string {
  const range = `from ${formatQuantity(x, x === 'time' ? 0 : from)} to ${formatQuantity(x, to)}`;
  const highest = `at most ${formatQuantity(y, most)}`;
  const runs = curves.length > 1 ? `, of ${curves.map(({ name }) => name).join(', ')}` : '';
  return `${title}, ${range}, ${highest}${runs}`;
}

/** The same chart for the page's script, with more of its points. */
function scriptData(data: CurveData): CurveData {
  return {
    ...data,
    curves: data.curves.map((curve) => ({ ...curve, points: thinCurve(curve.points, SCRIPT_POINTS) })),
  };
}
