/**
 * The collections, one line each. Names come from outside and go in as text.
 */
import { createElement, setText } from '../../../live/element/dom.js';
import { formatBytes, formatCount } from '../../../reporting/format.js';
import type { CollectionState } from '../../watching/server-state.js';

interface Column {
  readonly title: string;
  readonly of: (collection: CollectionState) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'Vectors', of: ({ points }) => formatCount(points) },
  { title: 'Dims', of: ({ dims }) => formatCount(dims) },
  { title: 'Distance', of: ({ distance }) => distance },
  { title: 'Status', of: ({ status }) => status },
  { title: 'Not in the graph yet', of: ({ graph, waiting }) => (graph ? formatCount(waiting) : 'no graph') },
  { title: 'Memory', of: ({ memoryBytes }) => formatBytes(memoryBytes) },
  { title: 'On the disk', of: ({ storedBytes }) => formatBytes(storedBytes) },
];

export class CollectionsTable {
  readonly #rows = new Map<string, { readonly root: HTMLElement; readonly cells: readonly HTMLElement[] }>();
  readonly #body = createElement('tbody');
  readonly #none = createElement(
    'p',
    { class: 'quiet' },
    'No collections yet. A client makes one with PUT /collections/{name}.',
  );
  readonly #table = createElement(
    'table',
    { class: 'collections' },
    createElement('caption', { class: 'told' }, 'Collections'),
    createElement(
      'thead',
      {},
      createElement(
        'tr',
        {},
        ...['Name', ...COLUMNS.map(({ title }) => title)].map((title) => createElement('th', { scope: 'col' }, title)),
      ),
    ),
    this.#body,
  );
  readonly root = createElement(
    'div',
    // It may scroll: then the keyboard must reach it.
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table of collections' },
    this.#none,
    this.#table,
  );

  show(collections: readonly CollectionState[]): void {
    this.#none.hidden = collections.length > 0;
    this.#table.hidden = collections.length === 0;
    const names = new Set(collections.map(({ name }) => name));
    for (const [name, { root }] of this.#rows) {
      if (names.has(name)) continue;
      root.remove();
      this.#rows.delete(name);
    }
    for (const collection of collections) {
      const { cells } = this.#rows.get(collection.name) ?? this.#addRow(collection.name);
      for (const [i, { of }] of COLUMNS.entries()) setText(cells[i]!, of(collection));
    }
  }

  #addRow(name: string) {
    const cells = COLUMNS.map(() => createElement('td'));
    const row = { root: createElement('tr', {}, createElement('th', { scope: 'row' }, name), ...cells), cells };
    this.#rows.set(name, row);
    this.#body.append(row.root);
    return row;
  }
}
