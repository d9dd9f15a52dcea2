/**
 * What each thread did over the time of a run: one lane for each thread, one under the other. With few lanes each has a line
 * of text. With many the lanes are thin, and only some have names.
 */
import { formatTick } from '../format.js';
import { tickFormat } from './curve-data.js';
import { html, type Markup, noMarkup } from './markup.js';
import { AREA_WIDTH, fixed, plotSvg } from './plot.js';
import { linearScale } from './scale.js';

export interface Lane {
  /** `0` for thread 0, or a name. */
  readonly name: string;
  /** Shown above the lane where there is room. */
  readonly text: Markup;
  /** Sets its colour. */
  readonly className: string;
  readonly bars: readonly LaneBar[];
}

interface LaneBar {
  readonly fromMs: number;
  readonly toMs: number;
  /** Shown when the bar is pointed at. */
  readonly title: string;
}

export interface LaneChart {
  readonly name: string;
  readonly label: string;
  readonly totalTimeMs: number;
  readonly lanes: readonly Lane[];
}

/** More lanes than these have no text of their own. */
const MOST_TEXTS = 24;
/** More than these are as thin as can be. */
const MOST_THICK = 64;
const TEXT_HEIGHT = 18;
/** Width that a bar has at least, of 1000. */
const LEAST_WIDTH = 0.5;

export function laneChartSvg({ name, label, totalTimeMs, lanes }: LaneChart): Markup {
  const withText = lanes.length <= MOST_TEXTS;
  const thickness = withText ? 12 : lanes.length <= MOST_THICK ? 7 : 3;
  const pitch = withText ? TEXT_HEIGHT + thickness + 4 : thickness + 1;
  const scale = linearScale(totalTimeMs);
  const yOf = (i: number) => i * pitch + (withText ? TEXT_HEIGHT : 0);
  const barSvg = (bar: LaneBar, y: number, i: number) => {
    const from = AREA_WIDTH * scale.shareOf(bar.fromMs);
    const to = AREA_WIDTH * scale.shareOf(bar.toMs);
    const width = Math.max(LEAST_WIDTH, to - from);
    const x = Math.min(from, AREA_WIDTH - width);
    return html`<rect${i % 2 === 1 ? html` class="odd"` : noMarkup} x="${fixed(x)}" y="${y}" width="${fixed(width)}" height="${thickness}"><title>${bar.title}</title></rect>`;
  };
  const content = lanes.map(
    (lane, i) => html`<rect class="track" x="0" y="${yOf(i)}" width="${AREA_WIDTH}" height="${thickness}"/>
<g class="lane ${lane.className}" data-lane="${lane.name}">${lane.bars.map((bar, j) => barSvg(bar, yOf(i), j))}</g>\n`,
  );
  return plotSvg({
    name,
    label,
    height: lanes.length * pitch,
    x: { scale, format: tickFormat('time', totalTimeMs) },
    content: html`${content}`,
    overlay: (top) =>
      withText ? laneTexts(lanes, (i) => top + yOf(i) - 5) : laneNames(lanes, (i) => top + yOf(i) + 4),
  });
}

function laneTexts(lanes: readonly Lane[], yOf: (i: number) => number): Markup {
  return html`<g class="lane-texts">${lanes.map(({ text }, i) => html`<text x="0" y="${yOf(i)}">${text}</text>\n`)}</g>`;
}

/** Every eighth or sixteenth lane, so that names do not touch. */
function laneNames(lanes: readonly Lane[], yOf: (i: number) => number): Markup {
  const stride = lanes.length <= MOST_THICK ? 4 : 8;
  const named = lanes.map(({ name }, i) => ({ name, i })).filter(({ i }) => i % stride === 0);
  return html`<g class="lane-names">${named.map(({ name, i }) => html`<text x="2" y="${yOf(i)}">${/^\d+$/.test(name) ? formatTick(Number(name)) : name}</text>\n`)}</g>`;
}
