/**
 * What the graph of a collection finds: recall across, the time of a search upwards (logarithmic), a curve for each number of hits. The
 * figures are those that the index measured on its own rows, and stand in a table below.
 */
import { createElement, makeSvg, setText } from '../../../live/element/dom.js';
import { formatCount, formatDuration, formatPercent } from '../../../reporting/format.js';
import { decadeScale, shareScale } from '../../../reporting/html/scale.js';
import type { GraphCalibration } from '../../../search/graph/graph-options.js';
import type { CollectionState } from '../../watching/server-state.js';
import { CollectionChoice } from './collection-choice.js';

/** Height and least width in pixels of the page, so that text is as large there as elsewhere. */
const HEIGHT = 240;
const LEAST_WIDTH = 260;
const MARGIN = { left: 60, right: 28, top: 12, bottom: 32 };
/** Least distance between two labels of the axis of recall, in pixels. */
const LABEL_WIDTH = 56;
/** The axis begins at a whole multiple of the first step that leaves room. */
const RECALL_STEPS = [0.05, 0.01, 0.001];

export class RecallPanel {
  readonly #choice = new CollectionChoice('recall-collection');
  readonly #none = createElement('p', { class: 'quiet' });
  readonly #chart = makeSvg('svg', { class: 'recall', role: 'img' });
  readonly #legend = createElement('ul', { class: 'legend' });
  readonly #body = createElement('tbody');
  readonly #table = createElement(
    'details',
    {},
    createElement('summary', {}, 'Figures of the curves'),
    createElement(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Figures of the curves' },
      createElement(
        'table',
        {},
        createElement(
          'thead',
          {},
          createElement(
            'tr',
            {},
            ...['Hits', 'Effort', 'Recall', 'Time'].map((title) => createElement('th', { scope: 'col' }, title)),
          ),
        ),
        this.#body,
      ),
    ),
  );
  readonly #figure = createElement('div', { class: 'recall-figure' }, this.#legend, this.#chart, this.#table);
  readonly #field = createElement(
    'div',
    { class: 'field' },
    createElement('label', { for: 'recall-collection' }, 'Collection'),
    this.#choice.select,
  );
  readonly root = createElement('div', {}, this.#field, this.#none, this.#figure);
  #collections: readonly CollectionState[] = [];
  #drawn = '';

  constructor() {
    this.#choice.select.addEventListener('change', () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(this.root);
  }

  show(collections: readonly CollectionState[]): void {
    this.#collections = collections.filter(({ graph }) => graph !== undefined);
    this.#choice.show(this.#collections.map(({ name }) => name));
    this.#draw();
  }

  #draw(): void {
    const chosen = this.#collections.find(({ name }) => name === this.#choice.value);
    const calibration = chosen?.graph?.calibration ?? [];
    this.#field.hidden = this.#collections.length === 0;
    this.#figure.hidden = calibration.length === 0;
    setText(this.#none, wordsFor(chosen, calibration));
    this.#none.hidden = calibration.length > 0;
    const width = Math.max(LEAST_WIDTH, Math.floor(this.root.clientWidth));
    const state = JSON.stringify([chosen?.name, calibration, width]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    if (!chosen || calibration.length === 0) return;
    this.#chart.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.#chart.replaceChildren(...curvesSvg(calibration, width));
    this.#chart.setAttribute('aria-label', describe(chosen.name, calibration));
    this.#legend.replaceChildren(
      ...hitCounts(calibration).map((k, i) =>
        createElement('li', { class: `curve-${i}` }, `${k} ${k === 1 ? 'hit' : 'hits'}`),
      ),
    );
    this.#body.replaceChildren(...calibration.map(rowOf));
  }
}

function wordsFor(chosen: CollectionState | undefined, calibration: readonly GraphCalibration[]): string {
  if (!chosen) return 'No collection has a graph yet. One is built when a collection is large enough.';
  return calibration.length > 0 ? '' : `The graph of ${chosen.name} is not measured yet.`;
}

function hitCounts(calibration: readonly GraphCalibration[]): number[] {
  return [...new Set(calibration.map(({ k }) => k))];
}

function rowOf({ k, effort, recall, meanMs }: GraphCalibration): HTMLElement {
  const cells = [formatCount(effort), formatPercent(recall), formatDuration(meanMs)];
  return createElement(
    'tr',
    {},
    createElement('th', { scope: 'row' }, formatCount(k)),
    ...cells.map((text) => createElement('td', {}, text)),
  );
}

function describe(name: string, calibration: readonly GraphCalibration[]): string {
  const parts = hitCounts(calibration).map((k) => {
    const points = calibration.filter((one) => one.k === k);
    const [first, last] = [points[0]!, points.at(-1)!];
    return `${k} hits: from ${formatPercent(first.recall)} in ${formatDuration(first.meanMs)} to ${formatPercent(last.recall)} in ${formatDuration(last.meanMs)}`;
  });
  return `Recall and time of a search in ${name}. ${parts.join('. ')}.`;
}

function curvesSvg(calibration: readonly GraphCalibration[], width: number): SVGElement[] {
  const times = calibration.map(({ meanMs }) => meanMs).filter((ms) => ms > 0);
  const least = Math.min(...calibration.map(({ recall }) => recall));
  const step = RECALL_STEPS.find((each) => least <= 1 - each) ?? RECALL_STEPS.at(-1)!;
  const x = shareScale(Math.min(1 - step, step * Math.floor(least / step + 1e-9)));
  const y = decadeScale(Math.min(...times), Math.max(...times));
  const left = (recall: number) => MARGIN.left + (width - MARGIN.left - MARGIN.right) * x.shareOf(recall);
  const top = (ms: number) => MARGIN.top + (HEIGHT - MARGIN.top - MARGIN.bottom) * (1 - y.shareOf(ms));
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const every = Math.ceil((LABEL_WIDTH * x.ticks.length) / (right - MARGIN.left));
  const axis = [
    ...y.ticks.flatMap((ms) => [
      makeSvg('path', { class: 'grid', d: `M${MARGIN.left} ${top(ms)}H${right}` }),
      text(MARGIN.left - 8, top(ms) + 4, 'end', formatDuration(ms)),
    ]),
    ...x.ticks
      .filter((_, i) => (x.ticks.length - 1 - i) % every === 0)
      .map((recall) => text(left(recall), bottom + 20, 'middle', formatPercent(recall))),
  ];
  const curves = hitCounts(calibration).map((k, i) => {
    const points = calibration.filter((one) => one.k === k && one.meanMs > 0);
    const places = points.map(({ recall, meanMs }) => `${left(recall).toFixed(1)} ${top(meanMs).toFixed(1)}`);
    return makeSvg(
      'g',
      { class: `curve curve-${i}` },
      makeSvg('path', { class: 'line', d: `M${places.join('L')}` }),
      ...places.map((place) => makeSvg('path', { class: 'dot', d: `M${place}h0` })),
    );
  });
  return [...axis, ...curves];
}

function text(x: number, y: number, anchor: string, content: string): SVGElement {
  const element = makeSvg('text', { x: x.toFixed(1), y: y.toFixed(1), 'text-anchor': anchor });
  element.append(content);
  return element;
}
