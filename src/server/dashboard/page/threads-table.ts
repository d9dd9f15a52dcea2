/**
 * The threads of the engine, one line each: whether it has work, and in what share of the last seconds and how long in all it had.
 */
import { createElement, setText } from '../../../live/element/dom.js';
import { formatDuration } from '../../../reporting/format.js';
import type { DashboardState, Sample } from '../dashboard-state.js';

const SHARE_SECONDS = 10;
const COLUMNS = ['Thread', 'State', `Busy in the last ${SHARE_SECONDS} s`, 'Busy since the start'];

interface Row {
  readonly state: HTMLElement;
  readonly meter: HTMLMeterElement;
  readonly share: HTMLElement;
  readonly total: HTMLElement;
}

export class ThreadsTable {
  readonly #rows: Row[] = [];
  readonly #samples: Sample[] = [];
  readonly #body = createElement('tbody');
  readonly root = createElement(
    'div',
    // It may scroll: then the keyboard must reach it.
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table of threads' },
    createElement(
      'table',
      { class: 'threads' },
      createElement('caption', { class: 'told' }, 'Threads'),
      createElement(
        'thead',
        {},
        createElement('tr', {}, ...COLUMNS.map((title) => createElement('th', { scope: 'col' }, title))),
      ),
      this.#body,
    ),
  );

  show(threads: DashboardState['threads'], samples: readonly Sample[]): void {
    this.#samples.push(...samples);
    this.#samples.splice(0, this.#samples.length - SHARE_SECONDS);
    for (const [thread, { isBusy, busyMs }] of threads.entries()) {
      const { state, meter, share, total } = this.#rows[thread] ?? this.#addRow(thread);
      const shares = this.#samples.map(({ busyShares }) => busyShares[thread] ?? 0);
      const mean = shares.reduce((sum, one) => sum + one, 0) / Math.max(1, shares.length);
      setText(state, isBusy ? 'busy' : 'idle');
      meter.value = mean;
      setText(share, `${Math.round(100 * mean)} %`);
      setText(total, formatDuration(busyMs));
    }
  }

  #addRow(thread: number): Row {
    const name = `${thread + 1}`;
    // The figure beside the meter says the same.
    const meter = createElement('meter', { min: '0', max: '1', 'aria-hidden': 'true' }) as HTMLMeterElement;
    const row = { state: createElement('td'), meter, share: createElement('span'), total: createElement('td') };
    this.#rows.push(row);
    const share = createElement('td', { class: 'share' }, meter, row.share);
    this.#body.append(
      createElement('tr', {}, createElement('th', { scope: 'row' }, name), row.state, share, row.total),
    );
    return row;
  }
}
