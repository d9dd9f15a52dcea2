/**
 * The frame of a chart: grid, ticks and lines at marked values around a plotted area that fills the width it is given,
 * whatever that is, while its text keeps its size. Inside the area x runs from 0 to 1000 and y from 0 down to `height`.
 */
import { html, type Markup, noMarkup } from './markup.js';
import type { Scale } from './scale.js';

export const AREA_WIDTH = 1000;

interface Axis {
  readonly scale: Scale;
  readonly format: (value: number) => string;
}

/** A vertical line at a value, with what it means. */
export interface Mark {
  readonly value: number;
  readonly label: string;
}

export interface Plot {
  /** Which chart it is, for styles, tests and scripts. */
  readonly name: string;
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly height: number;
  readonly x: Axis;
  readonly y?: Axis;
  /** The side on which the curves leave room for the ticks of y. */
  readonly ySide?: 'left' | 'right';
  readonly marks?: readonly Mark[];
  readonly content: Markup;
  /** Texts over the area, in pixels; the area begins at `top`. Places across are percentages. */
  readonly overlay?: (top: number) => Markup;
}

/** Pixels for the ticks below the area, and for the label of a mark above it. */
const TICK_SPACE = 20;
const MARK_SPACE = 15;
/** For the label of the topmost tick, which stands above its line. */
const TOP_TICK_SPACE = 17;
/** Marks beyond this share of the width have their label on the left. */
const LABEL_TURN = 0.6;

export function plotSvg({ name, label, height, x, y, ySide = 'right', marks = [], content, overlay }: Plot): Markup {
  const top = marks.length * MARK_SPACE + TOP_TICK_SPACE;
  const total = top + height + TICK_SPACE;
  const yOf = (value: number) => top + height - (y?.scale.shareOf(value) ?? 0) * height;
  return html`<svg class="plot" data-plot="${name}" width="100%" height="${total}" role="img" aria-label="${label}">
${y ? y.scale.ticks.map((tick) => horizontal(yOf(tick))) : noMarkup}
<svg class="area" y="${top}" width="100%" height="${height}" viewBox="0 0 ${AREA_WIDTH} ${height}" preserveAspectRatio="none" ${scaleData('x', x)}${y ? scaleData('y', y) : noMarkup}>
${content}
</svg>
${overlay ? overlay(top) : noMarkup}
${marks.map((mark, i) => markLine(mark, x, i, top + height))}
<g class="ticks">
${y ? y.scale.ticks.filter((tick) => tick !== 0).map((tick) => yTick(y.format(tick), yOf(tick), ySide)) : noMarkup}
${x.scale.ticks.map((tick) => xTick(tick, x, top + height))}
</g>
</svg>`;
}

/** A place in the area. */
export function fixed(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function percentAcross(value: number, { scale }: Axis): string {
  return `${fixed(100 * scale.shareOf(value))}%`;
}

/** What turns places back into values. */
function scaleData(axis: 'x' | 'y', { scale }: Axis): Markup {
  const { kind, from, to } = scale;
  return axis === 'x' ? html`data-x="${kind} ${from} ${to}" ` : html`data-y="${kind} ${from} ${to}"`;
}

function horizontal(y: number): Markup {
  return html`<line class="grid" x1="0" x2="100%" y1="${fixed(y)}" y2="${fixed(y)}"/>`;
}

function yTick(text: string, y: number, side: 'left' | 'right'): Markup {
  const [x, anchor] = side === 'left' ? ['0', 'start'] : ['100%', 'end'];
  return html`<text x="${x}" y="${fixed(y - 3)}" text-anchor="${anchor}">${text}</text>`;
}

function xTick(tick: number, x: Axis, bottom: number): Markup {
  const share = x.scale.shareOf(tick);
  const at = percentAcross(tick, x);
  // Text at the very ends would stand out of the picture.
  const anchor = share < 0.04 ? 'start' : share > 0.94 ? 'end' : 'middle';
  return html`<line class="tick" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 4}"/><text x="${at}" y="${bottom + 16}" text-anchor="${anchor}">${x.format(tick)}</text>`;
}

function markLine({ value, label }: Mark, x: Axis, row: number, bottom: number): Markup {
  const share = x.scale.shareOf(value);
  const at = percentAcross(value, x);
  const y = (row + 1) * MARK_SPACE - 4;
  const [anchor, shift] = share > LABEL_TURN ? ['end', -5] : ['start', 5];
  return html`<g class="mark"><line x1="${at}" x2="${at}" y1="${y - 9}" y2="${bottom}"/><text x="${at}" dx="${shift}" y="${y}" text-anchor="${anchor}">${label}</text></g>`;
}
