/**
 * How busy each thread is: one bar for each thread, made once and then only changed.
 */

import type { ThreadProgress } from '../../monitoring/run-progress.js';
import { formatCount } from '../../reporting/format.js';
import { make, setText } from './dom.js';

interface Row {
  readonly root: HTMLElement;
  readonly name: HTMLElement;
  readonly meter: HTMLElement;
  readonly fill: HTMLElement;
  readonly share: HTMLElement;
}

export class ThreadBars {
  // It may scroll: then the keyboard must reach it.
  readonly #list = make('ul', { tabindex: '0', 'aria-label': 'Threads' });
  readonly root = make(
    'div',
    { class: 'threads', part: 'threads' },
    make('p', { class: 'title' }, 'Busy time of each thread'),
    this.#list,
  );
  readonly #rows: Row[] = [];

  show(threads: readonly ThreadProgress[]): void {
    this.root.hidden = threads.length === 0;
    while (this.#rows.length > threads.length) this.#rows.pop()!.root.remove();
    for (const [i, thread] of threads.entries()) {
      const row = this.#rows[i] ?? this.#addRow();
      const percent = 100 * (Number.isFinite(thread.utilization) ? thread.utilization : 0);
      setText(row.name, `Thread ${thread.threadId}`);
      setText(row.share, `${percent.toFixed(0)} %`);
      row.fill.style.inlineSize = `${percent.toFixed(1)}%`;
      row.meter.setAttribute('aria-label', `Thread ${thread.threadId}`);
      row.meter.setAttribute('aria-valuenow', percent.toFixed(0));
      row.meter.setAttribute(
        'aria-valuetext',
        `${percent.toFixed(0)} % busy, ${formatCount(thread.processed)} vectors`,
      );
      row.root.title = `${formatCount(thread.processed)} vectors`;
    }
  }

  #addRow(): Row {
    const name = make('span');
    const fill = make('div');
    const share = make('span', { class: 'share' });
    const meter = make('div', { class: 'bar', role: 'meter', 'aria-valuemin': '0', 'aria-valuemax': '100' }, fill);
    const row = { root: make('li', {}, name, meter, share), name, meter, fill, share };
    this.#rows.push(row);
    this.#list.append(row.root);
    return row;
  }
}
