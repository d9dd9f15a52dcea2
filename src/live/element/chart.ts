/**
 * A small chart of one figure over time. It can be read point by point, with a pointer or with the arrow keys.
 *
 * Its path is drawn in units of its own, 0..WIDTH × 0..HEIGHT, and stretched to the room there is.
 */
import { formatDuration } from '../../reporting/format.js';
import { createElement, makeSvg, setText } from './dom.js';

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

export interface ChartOptions {
  readonly name: string;
  /** Class that gives it its colour. */
  readonly look: string;
  readonly format: (value: number) => string;
  /** As `format`, short: the top of the scale. */
  readonly formatTop: (value: number) => string;
  /** Fixed top of the scale; by default the scale follows the curve. */
  readonly top?: number;
}

const WIDTH = 600;
const HEIGHT = 100;
const SHORTEST_SPAN_MS = 100;

export class Chart {
  readonly root: HTMLElement;
  readonly #options: ChartOptions;
  readonly #now = createElement('span', { class: 'now' });
  readonly #top = createElement('span', { class: 'top' });
  readonly #span = createElement('span', { class: 'span' });
  readonly #line = makeSvg('path', { class: 'line' });
  readonly #area = makeSvg('path', { class: 'area' });
  readonly #cursor = makeSvg('path', { class: 'cursor' });
  readonly #dot = makeSvg('path', { class: 'dot' });
  readonly #plot: HTMLElement;
  #points: readonly Point[] = [];
  /** Time of the point that is being read; undefined for the latest. */
  #readAtMs: number | undefined;

  constructor(options: ChartOptions) {
    this.#options = options;
    this.#plot = createElement(
      'div',
      { class: 'plot', role: 'slider', tabindex: '0', 'aria-label': `${options.name} over time`, 'aria-valuemin': '0' },
      makeSvg(
        'svg',
        { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        this.#area,
        this.#line,
        this.#cursor,
        this.#dot,
      ),
      this.#top,
      this.#span,
    );
    this.root = createElement(
      'figure',
      { class: options.look },
      createElement('figcaption', {}, createElement('span', { class: 'name' }, options.name), this.#now),
      this.#plot,
    );
    this.#plot.addEventListener('keydown', (event) => this.#onKey(event));
    this.#plot.addEventListener('pointermove', (event) => this.#onPointer(event));
    this.#plot.addEventListener('pointerdown', (event) => this.#onPointer(event));
    this.#plot.addEventListener('pointerleave', () => this.#read(undefined));
    this.#plot.addEventListener('focus', () => this.#describe());
    this.#plot.addEventListener('blur', () => this.#read(undefined));
    this.show([]);
  }

  /** @param points in order of time */
  show(points: readonly Point[]): void {
    this.#points = points;
    const highest = points.reduce((most, { value }) => Math.max(most, value), 0);
    const top = this.#options.top ?? roundUp(highest);
    const place = this.#placement(top);
    const line = points.map((point, i) => `${i === 0 ? 'M' : 'L'}${place(point)}`).join('');
    this.#line.setAttribute('d', line);
    const [firstX] = points.length > 0 ? place(points[0]!).split(' ') : ['0'];
    const [lastX] = points.length > 0 ? place(points.at(-1)!).split(' ') : ['0'];
    this.#area.setAttribute('d', line === '' ? '' : `${line}L${lastX} ${HEIGHT}L${firstX} ${HEIGHT}Z`);
    setText(this.#top, top > 0 ? this.#options.formatTop(top) : '');
    const spanMs = points.length > 1 ? points.at(-1)!.atMs - points[0]!.atMs : 0;
    setText(this.#span, spanMs > 0 ? `last ${formatDuration(spanMs)}` : '');
    this.#showReading(place);
    // Somebody who listens would hear each of ten values a second.
    if (!this.#plot.matches(':focus')) this.#describe();
  }

  #placement(top: number): (point: Point) => string {
    const from = this.#points[0]?.atMs ?? 0;
    const spanMs = Math.max(SHORTEST_SPAN_MS, (this.#points.at(-1)?.atMs ?? 0) - from);
    return ({ atMs, value }) => {
      const x = (WIDTH * (atMs - from)) / spanMs;
      const y = HEIGHT * (1 - (top > 0 ? Math.min(1, value / top) : 0));
      return `${x.toFixed(1)} ${y.toFixed(1)}`;
    };
  }

  #showReading(place: (point: Point) => string): void {
    const point = this.#current();
    const reading = this.#readAtMs !== undefined && point !== undefined;
    setText(this.#now, point ? this.#options.format(point.value) : '–');
    const [x] = point ? place(point).split(' ') : ['0'];
    this.#cursor.setAttribute('d', reading ? `M${x} 0V${HEIGHT}` : '');
    this.#dot.setAttribute('d', reading ? `M${place(point)}h0` : '');
  }

  /** What the slider says: the value, and how long ago. */
  #describe(): void {
    const point = this.#current();
    const last = this.#points.length - 1;
    this.#plot.setAttribute('aria-valuemax', String(Math.max(0, last)));
    this.#plot.setAttribute('aria-valuenow', String(point ? this.#points.indexOf(point) : 0));
    const agoMs = point ? this.#points[last]!.atMs - point.atMs : 0;
    const when = agoMs > 0 ? `${formatDuration(agoMs)} ago` : 'now';
    this.#plot.setAttribute('aria-valuetext', point ? `${this.#options.format(point.value)}, ${when}` : 'nothing yet');
  }

  #current(): Point | undefined {
    const atMs = this.#readAtMs;
    if (atMs === undefined) return this.#points.at(-1);
    // What was read may have rolled out of the chart.
    return this.#points.find((point) => point.atMs >= atMs);
  }

  #read(point: Point | undefined): void {
    this.#readAtMs = point?.atMs;
    this.show(this.#points);
    this.#describe();
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#points.length - 1;
    if (last < 0) return;
    const current = this.#current();
    const at = current ? this.#points.indexOf(current) : last;
    const page = Math.ceil(last / 10);
    const targets: Record<string, number | undefined> = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      PageDown: at - page,
      PageUp: at + page,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.#read(target >= last ? undefined : this.#points[Math.max(0, target)]);
  }

  #onPointer(event: PointerEvent): void {
    if (this.#points.length === 0) return;
    const { left, width } = this.#plot.getBoundingClientRect();
    const from = this.#points[0]!.atMs;
    const spanMs = Math.max(SHORTEST_SPAN_MS, this.#points.at(-1)!.atMs - from);
    const atMs = from + (spanMs * (event.clientX - left)) / width;
    const distance = (point: Point) => Math.abs(point.atMs - atMs);
    this.#read(this.#points.reduce((nearest, point) => (distance(point) < distance(nearest) ? point : nearest)));
  }
}

/** 1, 2 or 5 times a power of ten, not below `value`; 0 for 0. */
function roundUp(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value) ?? 10 * power;
}
