/**
 * A line chart over vector sizes as inline SVG: both themes by CSS classes, readable in print, every line with a mark and
 * a label of its own. Sizes are evenly spaced, as powers of two would be.
 */
import { formatTick } from '../../src/reporting/format.js';
import { escapeMarkup } from '../../src/reporting/html/markup.js';
import { decadeScale, roundedScale } from '../../src/reporting/html/scale.js';

export interface ChartLine {
  readonly label: string;
  /** Class of the line; sets its colour and dashes. */
  readonly className: string;
  /** Which of six marks its points have. */
  readonly mark: number;
  readonly points: readonly ChartPoint[];
}

interface ChartPoint {
  readonly dims: number;
  readonly value: number;
  /** Shown when the mark is pointed at. */
  readonly title: string;
}

export interface Chart {
  readonly title: string;
  readonly scale: 'logarithmic' | 'linear';
  readonly lines: readonly ChartLine[];
  /** A level to compare with. */
  readonly level?: { readonly value: number; readonly label: string } | undefined;
}

const WIDTH = 460;
const HEIGHT = 300;
const PLOT = { left: 60, right: 352, top: 34, bottom: 262 };
const LABEL_GAP = 14;

export function chartSvg(chart: Chart): string {
  const sizes = [...new Set(chart.lines.flatMap(({ points }) => points.map(({ dims }) => dims)))].sort((a, b) => a - b);
  const xOf = (dims: number) => {
    const step = (PLOT.right - PLOT.left) / sizes.length;
    return PLOT.left + (sizes.indexOf(dims) + 0.5) * step;
  };
  const axis = createAxis(chart);
  const parts = [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeMarkup(chart.title)}">`,
    `<text class="chart-title" x="8" y="16">${escapeMarkup(chart.title)}</text>`,
    ...axis.ticks.map((tick) => tickSvg(tick, axis.yOf(tick))),
    ...sizes.map((dims) => sizeSvg(dims, xOf(dims))),
    `<text class="tick" x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">dims</text>`,
    chart.level ? levelSvg(axis.yOf(chart.level.value)) : '',
    ...chart.lines.map((line) => lineSvg(line, xOf, axis.yOf)),
    ...labelsSvg(chart, axis.yOf),
    '</svg>',
  ];
  return parts.filter((part) => part !== '').join('\n');
}

interface Axis {
  readonly ticks: readonly number[];
  readonly yOf: (value: number) => number;
}

function createAxis({ lines, scale, level }: Chart): Axis {
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value));
  if (level) values.push(level.value);
  const most = Math.max(...values);
  const { ticks, shareOf } = scale === 'linear' ? roundedScale(most) : decadeScale(Math.min(...values), most);
  return { ticks, yOf: (value) => PLOT.bottom - shareOf(value) * (PLOT.bottom - PLOT.top) };
}

function tickSvg(tick: number, y: number): string {
  return (
    `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${fixed(y)}" y2="${fixed(y)}"/>` +
    `<text class="tick" x="${PLOT.left - 6}" y="${fixed(y + 4)}" text-anchor="end">${formatTick(tick)}</text>`
  );
}

function sizeSvg(dims: number, x: number): string {
  return `<text class="tick" x="${fixed(x)}" y="${PLOT.bottom + 16}" text-anchor="middle">${dims}</text>`;
}

function levelSvg(y: number): string {
  return `<line class="level" x1="${PLOT.left}" x2="${PLOT.right}" y1="${fixed(y)}" y2="${fixed(y)}"/>`;
}

function lineSvg(line: ChartLine, xOf: (dims: number) => number, yOf: (value: number) => number): string {
  const path = line.points.map(({ dims, value }) => `${fixed(xOf(dims))},${fixed(yOf(value))}`).join(' ');
  const marks = line.points.map(
    ({ dims, value, title }) =>
      `<path class="mark" d="${mark(line.mark, xOf(dims), yOf(value))}"><title>${escapeMarkup(title)}</title></path>`,
  );
  return `<g class="${escapeMarkup(line.className)}"><polyline points="${path}"/>${marks.join('')}</g>`;
}

/** The label of each line at the height of its last point, moved apart where two would overlap; the level's likewise. */
function labelsSvg({ lines, level }: Chart, yOf: (value: number) => number): readonly string[] {
  const labels: { readonly label: string; readonly line: ChartLine | undefined; readonly y: number }[] = [];
  for (const line of lines) {
    const last = line.points.at(-1);
    if (last) labels.push({ label: line.label, line, y: yOf(last.value) });
  }
  if (level) labels.push({ label: level.label, line: undefined, y: yOf(level.value) });
  labels.sort((a, b) => a.y - b.y);
  const lowest = PLOT.bottom - (labels.length - 1) * LABEL_GAP;
  let next = PLOT.top;
  return labels.map(({ label, line, y }, i) => {
    const placed = Math.max(next, Math.min(y, lowest + i * LABEL_GAP));
    next = placed + LABEL_GAP;
    const symbol = line ? `<path class="mark" d="${mark(line.mark, PLOT.right + 8, placed)}"/>` : '';
    const text = `<text class="label" x="${PLOT.right + 18}" y="${fixed(placed + 4)}">${escapeMarkup(label)}</text>`;
    return `<g class="${escapeMarkup(line?.className ?? 'line memory')}">${symbol}${text}</g>`;
  });
}

/** Shapes differ, so that lines can be told apart without colours. */
function mark(index: number, x: number, y: number): string {
  const at = `M${fixed(x)} ${fixed(y)}`;
  const shapes = [
    'm-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z',
    'm-3.5 -3.5h7v7h-7z',
    'm0 -5l5 5l-5 5l-5 -5z',
    'm0 -5l4.8 8.5h-9.6z',
    'm0 5l4.8 -8.5h-9.6z',
    'm-5 -1.5h3.5v-3.5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5z',
  ];
  return at + shapes[index % shapes.length]!;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
