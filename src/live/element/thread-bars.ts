/**
 * How busy each thread is, or each worker: one bar for each, made once and then only changed.
 */

import type { ThreadProgress } from '../../monitoring/run-progress.js';
import { formatCount } from '../../reporting/format.js';
import { createElement, setText } from './dom.js';
import type { Words } from './words.js';

interface Row {
  readonly root: HTMLElement;
  readonly name: HTMLElement;
  readonly meter: HTMLElement;
  readonly fill: HTMLElement;
  readonly share: HTMLElement;
}

export class ThreadBars {
  readonly #words: Words;
  readonly #list: HTMLElement;
  readonly root: HTMLElement;
  readonly #rows: Row[] = [];

  constructor(words: Words) {
    this.#words = words;
    // It may scroll: then the keyboard must reach it.
    this.#list = createElement('ul', { tabindex: '0', 'aria-label': words.those });
    this.root = createElement(
      'div',
      { class: 'threads', part: 'threads' },
      createElement('p', { class: 'title' }, words.busyTime),
      this.#list,
    );
  }

  show(threads: readonly ThreadProgress[]): void {
    this.root.hidden = threads.length === 0;
    while (this.#rows.length > threads.length) this.#rows.pop()!.root.remove();
    for (const [i, thread] of threads.entries()) {
      const row = this.#rows[i] ?? this.#addRow();
      const percent = 100 * (Number.isFinite(thread.utilization) ? thread.utilization : 0);
      const name = `${this.#words.one} ${thread.threadId}`;
      setText(row.name, name);
      setText(row.share, `${percent.toFixed(0)} %`);
      row.fill.style.inlineSize = `${percent.toFixed(1)}%`;
      row.meter.setAttribute('aria-label', name);
      row.meter.setAttribute('aria-valuenow', percent.toFixed(0));
      row.meter.setAttribute(
        'aria-valuetext',
        `${percent.toFixed(0)} % busy, ${formatCount(thread.processed)} vectors`,
      );
      row.root.title = `${formatCount(thread.processed)} vectors`;
    }
  }

  #addRow(): Row {
    const name = createElement('span');
    const fill = createElement('div');
    const share = createElement('span', { class: 'share' });
    const meter = createElement(
      'div',
      { class: 'bar', role: 'meter', 'aria-valuemin': '0', 'aria-valuemax': '100' },
      fill,
    );
    const row = { root: createElement('li', {}, name, meter, share), name, meter, fill, share };
    this.#rows.push(row);
    this.#list.append(row.root);
    return row;
  }
}
