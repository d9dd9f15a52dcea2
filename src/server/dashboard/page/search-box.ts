/**
 * Finds the neighbours of a point by its id.
 */
import { createElement, setText } from '../../../live/element/dom.js';
import { countOf } from '../../../reporting/format.js';
import { CollectionChoice } from './collection-choice.js';
import type { Point, ServerApi } from './server-api.js';

const MOST_HITS = 100;
/** Characters of a payload that are shown. */
const LONGEST_PAYLOAD = 300;

export class SearchBox {
  readonly #api: ServerApi;
  readonly #choice = new CollectionChoice('search-collection');
  readonly #id = createElement('input', {
    id: 'search-id',
    required: '',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: '42',
  });
  readonly #limit = createElement('input', {
    id: 'search-limit',
    type: 'number',
    min: '1',
    max: String(MOST_HITS),
    value: '10',
  });
  readonly #button = createElement('button', { type: 'submit' }, 'Search');
  readonly #outcome = createElement('p', { class: 'quiet', role: 'status' });
  readonly #hits = createElement('tbody');
  readonly #table = createElement(
    'table',
    { class: 'hits' },
    createElement('caption', { class: 'told' }, 'Nearest points'),
    createElement(
      'thead',
      {},
      createElement(
        'tr',
        {},
        ...['Id', 'Score', 'Payload'].map((title) => createElement('th', { scope: 'col' }, title)),
      ),
    ),
    this.#hits,
  );
  readonly root: HTMLElement;

  constructor(api: ServerApi) {
    this.#api = api;
    const form = createElement(
      'form',
      { class: 'search' },
      field('search-collection', 'Collection', this.#choice.select),
      field('search-id', 'Id of a point', this.#id),
      field('search-limit', 'Hits', this.#limit),
      this.#button,
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#search();
    });
    this.#table.hidden = true;
    this.root = createElement(
      'div',
      {},
      form,
      this.#outcome,
      createElement(
        'div',
        { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table of nearest points' },
        this.#table,
      ),
    );
  }

  show(names: readonly string[]): void {
    this.#choice.show(names);
    this.#button.disabled = names.length === 0;
  }

  async #search(): Promise<void> {
    const collection = this.#choice.value;
    if (collection === undefined) return;
    const id = idOf(this.#id.value.trim());
    try {
      const points = await this.#api.neighbours(collection, id, Number(this.#limit.value));
      this.#hits.replaceChildren(...points.map(rowOf));
      this.#table.hidden = points.length === 0;
      setText(this.#outcome, `${countOf(points.length, 'point')} nearest to ${id} in ${collection}.`);
    } catch (error) {
      this.#table.hidden = true;
      setText(this.#outcome, error instanceof Error ? error.message : String(error));
    }
  }
}

function idOf(text: string): number | string {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

function rowOf({ id, score, payload }: Point): HTMLElement {
  const isEmpty = payload === null || payload === undefined || Object.keys(payload).length === 0;
  const text = isEmpty ? '' : JSON.stringify(payload);
  const shown = text.length > LONGEST_PAYLOAD ? `${text.slice(0, LONGEST_PAYLOAD)}…` : text;
  return createElement(
    'tr',
    {},
    createElement('th', { scope: 'row' }, String(id)),
    createElement('td', {}, score.toPrecision(6)),
    createElement('td', { class: 'payload' }, shown),
  );
}

function field(id: string, label: string, control: HTMLElement): HTMLElement {
  return createElement('div', { class: 'field' }, createElement('label', { for: id }, label), control);
}
