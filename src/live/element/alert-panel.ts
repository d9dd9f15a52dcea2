/**
 * The alerts that are raised, and those before. All text may come from elsewhere, so it is set as text and never as markup.
 */
import type { AlertUpdate } from '../../monitoring/monitor-update.js';
import { createElement, setText } from './dom.js';
import type { LiveEvent } from './live-state.js';

const WORDS: Record<LiveEvent['kind'], string> = {
  raised: 'raised',
  cleared: 'cleared',
  degradation: 'degradation',
};

export class AlertPanel {
  readonly #raised = createElement('ul', { class: 'alerts', 'aria-label': 'Alerts raised' });
  readonly #none = createElement('p', { class: 'quiet' }, 'No alerts.');
  readonly #summary = createElement('summary');
  readonly #events = createElement('ol', { class: 'events', tabindex: '0', 'aria-label': 'Events, newest first' });
  readonly #history = createElement('details', {}, this.#summary, this.#events);
  readonly root = createElement(
    'div',
    {},
    createElement('p', { class: 'title' }, 'Alerts'),
    this.#none,
    this.#raised,
    this.#history,
  );
  #shownAlerts: readonly AlertUpdate[] = [];
  #newest: LiveEvent | undefined;

  show(alerts: readonly AlertUpdate[], events: readonly LiveEvent[]): void {
    if (alerts.length !== this.#shownAlerts.length || alerts.some((alert, i) => alert !== this.#shownAlerts[i])) {
      this.#shownAlerts = alerts;
      this.#raised.replaceChildren(...alerts.map(alertItem));
    }
    this.#none.hidden = alerts.length > 0;
    this.#raised.hidden = alerts.length === 0;
    this.#history.hidden = events.length === 0;
    if (events[0] === this.#newest) return;
    this.#newest = events[0];
    setText(this.#summary, events.length === 1 ? '1 event' : `${events.length} events`);
    this.#events.replaceChildren(...events.map(eventItem));
  }
}

function alertItem({ severity, message }: AlertUpdate): HTMLElement {
  return createElement('li', { class: severity }, createElement('b', {}, severity), `: ${message}`);
}

function eventItem({ atMs, kind, text }: LiveEvent): HTMLElement {
  const at = new Date(performance.timeOrigin + atMs);
  const time = createElement('time', { datetime: at.toISOString() }, at.toLocaleTimeString());
  return createElement('li', {}, time, createElement('span', {}, `${WORDS[kind]}: ${text}`));
}
