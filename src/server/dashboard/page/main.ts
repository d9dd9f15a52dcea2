/**
 * The page at /dashboard: asks its server every second how things are, and shows it.
 */

import { createElement, setText } from '../../../live/element/dom.js';
import { SimdexMonitorElement } from '../../../live/element/monitor-element.js';
import { formatCount } from '../../../reporting/format.js';
import type { DashboardState } from '../dashboard-state.js';
import { Charts } from './charts.js';
import { CollectionsTable } from './collections-table.js';
import { remoteMonitor } from './monitor-feed.js';
import { RecallPanel } from './recall-panel.js';
import { SearchBox } from './search-box.js';
import { KeyNeeded, ServerApi } from './server-api.js';
import { ThreadsTable } from './threads-table.js';

const POLL_MS = 1000;

customElements.define('simdex-monitor', SimdexMonitorElement);

const api = new ServerApi();
const charts = new Charts();
const threads = new ThreadsTable();
const collections = new CollectionsTable();
const search = new SearchBox(api);
const recall = new RecallPanel();
const monitor = document.createElement('simdex-monitor') as SimdexMonitorElement;

const connection = byId('connection');
const figures = byId('figures');
const keyForm = byId('key-form') as HTMLFormElement;
const keyInput = byId('key') as HTMLInputElement;
const keyText = byId('key-text');
const content = byId('content');

for (const [place, part] of Object.entries({ charts, threads, collections, search, recall }))
  byId(place).append(part.root);
byId('monitor').append(monitor);

keyForm.addEventListener('submit', (event) => {
  event.preventDefault();
  api.useKey(keyInput.value.trim());
  keyInput.value = '';
  poll();
});

let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;
poll();

async function poll(): Promise<void> {
  clearTimeout(timer);
  if (asking) return;
  asking = true;
  try {
    show(await api.state(charts.newestMs));
  } catch (error) {
    if (error instanceof KeyNeeded) {
      askForKey(error.message);
      return;
    }
    setConnection('waiting', `Not connected: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    asking = false;
  }
  timer = setTimeout(poll, POLL_MS);
}

function askForKey(reason: string): void {
  setConnection('waiting', 'An API key is needed');
  setText(
    keyText,
    api.hasKey
      ? `The server refused the key: ${reason}.`
      : 'This server needs an API key. It is kept in this tab only.',
  );
  const isNew = keyForm.hidden;
  keyForm.hidden = false;
  content.hidden = true;
  monitor.monitor = undefined;
  if (isNew) keyInput.focus();
}

function show(state: DashboardState): void {
  keyForm.hidden = true;
  content.hidden = false;
  setConnection('live', `Live, simdex ${state.version}`);
  const { engine, totals, uptimeSeconds } = state;
  showFigures({
    Vectors: formatCount(state.collections.reduce((sum, { points }) => sum + points, 0)),
    'Stored since the start': formatCount(totals.ingested),
    'Searches since the start': formatCount(totals.searches),
    'Requests since the start': formatCount(totals.requests),
    Threads: `${engine.threads}${engine.kernel === null ? '' : ` (${engine.kernel})`}`,
    'Running for': uptimeText(uptimeSeconds),
  });
  charts.add(state.samples);
  threads.show(state.threads, state.samples);
  collections.show(state.collections);
  search.show(state.collections.map(({ name }) => name));
  recall.show(state.collections);
  monitor.monitor ??= remoteMonitor(api);
}

const shown = new Map<string, HTMLElement>();

function showFigures(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    let cell = shown.get(name);
    if (!cell) {
      cell = createElement('dd');
      shown.set(name, cell);
      figures.append(createElement('div', {}, createElement('dt', {}, name), cell));
    }
    setText(cell, value);
  }
}

function setConnection(state: 'live' | 'waiting', text: string): void {
  connection.dataset['state'] = state;
  setText(connection, text);
}

function uptimeText(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}
