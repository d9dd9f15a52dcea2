/**
 * How far the run is: a bar, and the figures beside it.
 */

import type { ProgressUpdate } from '../../monitoring/monitor-update.js';
import { formatCount, formatPercent, formatRate } from '../../reporting/format.js';
import { createElement, setText } from './dom.js';
import type { Words } from './words.js';

export class RunPanel {
  readonly #bar = createElement('progress', { max: '100', value: '0', 'aria-label': 'Progress of the run' });
  readonly #name = createElement('b');
  readonly #count = createElement('span');
  readonly #rate = createElement('dd');
  readonly #eta = createElement('dd');
  readonly #queue = createElement('dd');
  readonly #busy = createElement('dd');
  readonly root: HTMLElement;

  constructor({ waiting, busy }: Words) {
    this.root = createElement(
      'div',
      { class: 'run', part: 'run' },
      createElement('p', { class: 'run-text' }, this.#name, this.#count),
      this.#bar,
      createElement(
        'dl',
        { class: 'figures' },
        figure('Vectors per second', this.#rate),
        figure('Time left', this.#eta),
        figure(waiting, this.#queue),
        figure(busy, this.#busy),
      ),
    );
  }

  show(progress: ProgressUpdate | undefined): void {
    setText(this.#name, progress ? `Run ${progress.run}` : 'No run yet');
    const figures = progress ? figuresOf(progress) : undefined;
    this.#bar.value = figures?.percent ?? 0;
    setText(this.#count, figures?.count ?? '');
    setText(this.#rate, figures?.rate ?? '–');
    setText(this.#eta, figures?.eta ?? '–');
    setText(this.#queue, figures?.queue ?? '–');
    setText(this.#busy, figures?.busy ?? '–');
  }
}

function figuresOf({ processed, total, percent, vectorsPerSecond, etaMs, queueDepth, threads, last }: ProgressUpdate) {
  const busy = threads.reduce((sum, { utilization }) => sum + utilization, 0);
  return {
    percent: Number.isFinite(percent) ? percent : 0,
    count: `${formatCount(processed)} of ${formatCount(total)}`,
    rate: formatRate(vectorsPerSecond).replace(' vectors/s', ''),
    eta: last ? (processed === total ? 'done' : 'ended') : formatTimeLeft(etaMs),
    queue: formatCount(queueDepth),
    busy: threads.length > 0 ? formatPercent(busy / threads.length) : '–',
  };
}

/** Whole seconds, minutes, hours: no finer than anybody can foresee. */
function formatTimeLeft(ms: number): string {
  if (!Number.isFinite(ms)) return 'unknown';
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

function figure(name: string, value: HTMLElement): HTMLElement {
  return createElement('div', {}, createElement('dt', {}, name), value);
}
