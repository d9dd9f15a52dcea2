/**
 * The curves of a figure drawn once more with uPlot, to zoom into and to read values from. The picture of the page stays
 * for print. A drag across the chart zooms, a double click shows all; buttons do the same for keys and touch.
 */
import uPlot from 'uplot';
import { type CurveData, formatQuantity, type Quantity, tickFormat } from '../html/curve-data.js';
import { ticksBetween } from '../html/scale.js';
import { STYLES } from '../html/shown-run.js';

const HEIGHT = 220;
/** A step of the zoom buttons keeps this share of what is seen, a step aside moves by half of it. */
const ZOOM = 0.5;

export function makeZoomable(figure: HTMLElement): void {
  const data: CurveData = JSON.parse(figure.dataset['curves']!);
  const picture = figure.querySelector<SVGElement>('svg.plot')!;
  const holder = document.createElement('div');
  holder.className = 'zoomable';
  holder.setAttribute('role', 'group');
  holder.setAttribute('aria-label', `${picture.getAttribute('aria-label')}; interactive`);
  picture.classList.add('replaced');
  picture.after(holder);
  const chart = new uPlot(optionsOf(data, holder), alignedData(data), holder);
  holder.append(...zoomButtons(chart, data));
  new ResizeObserver(() => chart.setSize({ width: holder.clientWidth, height: HEIGHT })).observe(holder);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => chart.redraw());
}

/** Places on the x axis: of a logarithmic one, exponents of 2. */
function placeOf({ x }: CurveData, value: number): number {
  return x === 'time' ? value : Math.log2(value);
}

function valueAt({ x }: CurveData, place: number): number {
  return x === 'time' ? place : 2 ** place;
}

/** One list of places, and for each curve the values there, as uPlot wants them. */
function alignedData(data: CurveData): uPlot.AlignedData {
  const tables = data.curves.map(({ points, to }): uPlot.AlignedData => {
    // The last step lasts until the run ends, which may be before the axis does.
    const ended = data.shape === 'steps' ? [...points, { x: to, y: points.at(-1)!.y }] : points;
    return [ended.map(({ x }) => placeOf(data, x)), ended.map(({ y }) => y)];
  });
  return uPlot.join(tables);
}

function optionsOf(data: CurveData, holder: HTMLElement): uPlot.Options {
  const text = (quantity: Quantity, value: number | null) => (value === null ? '–' : formatQuantity(quantity, value));
  const axis = {
    stroke: () => color('--soft'),
    grid: { stroke: () => color('--rule'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(holder.clientWidth, 200),
    height: HEIGHT,
    legend: { live: true },
    cursor: { drag: { x: true, y: false }, points: { size: 6 } },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] } },
    axes: [
      {
        ...axis,
        splits: (_, __, from, to) =>
          ticksBetween(data.x === 'time' ? 'linear' : 'logarithmic', valueAt(data, from), valueAt(data, to)).map(
            (tick) => placeOf(data, tick),
          ),
        values: (_, places) => {
          const values = places.map((place) => Number(valueAt(data, place).toPrecision(9)));
          return values.map(tickFormat(data.x, values.at(-1) ?? data.to));
        },
      },
      { ...axis, size: 76, values: (_, values) => values.map(tickFormat(data.y, values.at(-1) ?? 1)) },
    ],
    series: [
      { label: data.x === 'time' ? 'Time' : 'Value', value: (_, place) => text(data.x, place && valueAt(data, place)) },
      ...data.curves.map(({ name, run }): uPlot.Series => {
        const style = run % STYLES;
        return {
          label: data.curves.length > 1 ? name : data.title,
          stroke: () => color(`--run-${style}`),
          width: 2,
          dash: DASHES[style]!,
          spanGaps: true,
          points: { show: false },
          paths: data.shape === 'steps' ? uPlot.paths.stepped!({ align: 1 }) : uPlot.paths.linear!(),
          value: (_, value) => text(data.y, value),
        };
      }),
    ],
    hooks: { draw: [(chart) => drawMarks(chart, data)] },
  };
}

/** As the style sheet has them. */
const DASHES = [[], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 3], [2, 5], [9, 3, 2, 3, 2, 3]];

function drawMarks(chart: uPlot, data: CurveData): void {
  const { ctx, bbox } = chart;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = color('--soft');
  ctx.fillStyle = color('--text');
  ctx.font = `${11 * scale}px system-ui, sans-serif`;
  ctx.setLineDash([3 * scale, 3 * scale]);
  for (const [row, { value, label }] of data.marks.entries()) {
    const x = chart.valToPos(placeOf(data, value), 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const isLeft = x > bbox.left + 0.6 * bbox.width;
    ctx.textAlign = isLeft ? 'right' : 'left';
    ctx.fillText(label, x + (isLeft ? -5 : 5) * scale, bbox.top + (12 + 14 * row) * scale);
  }
  ctx.restore();
}

function zoomButtons(chart: uPlot, data: CurveData): HTMLElement[] {
  const first = placeOf(data, data.from);
  const last = placeOf(data, data.to);
  /** Shows `share` of what is seen, moved by `shift` of it, within the axis. */
  const show = (share: number, shift: number) => {
    const { min, max } = chart.scales['x']!;
    const seen = (max ?? last) - (min ?? first);
    const width = Math.min(last - first, seen * share);
    const middle = ((min ?? first) + (max ?? last)) / 2 + shift * seen;
    const from = Math.max(first, Math.min(last - width, middle - width / 2));
    chart.setScale('x', { min: from, max: from + width });
  };
  const actions: readonly [label: string, sign: string, act: () => void][] = [
    ['Zoom in', '+', () => show(ZOOM, 0)],
    ['Zoom out', '−', () => show(1 / ZOOM, 0)],
    [data.x === 'time' ? 'Earlier' : 'Smaller', '◂', () => show(1, -ZOOM / 2)],
    [data.x === 'time' ? 'Later' : 'Greater', '▸', () => show(1, ZOOM / 2)],
    ['Show all', 'All', () => chart.setScale('x', { min: first, max: last })],
  ];
  const group = document.createElement('div');
  group.className = 'zoom-buttons';
  for (const [label, sign, act] of actions) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = sign;
    button.setAttribute('aria-label', `${label}: ${data.title}`);
    button.title = label;
    button.addEventListener('click', act);
    group.append(button);
  }
  return [group];
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}
