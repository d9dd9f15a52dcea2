/**
 * The whole view inside `<simdex-monitor>`. It draws what it is given. It does not know where that comes from, or when to
 * draw.
 */
import { formatCount, formatNumber, formatPercent, formatRate, formatTick } from '../../reporting/format.js';
import { AlertPanel } from './alert-panel.js';
import { Chart } from './chart.js';
import { createElement, setText } from './dom.js';
import type { Connection } from './feeds.js';
import type { LiveState, Sample } from './live-state.js';
import { RunPanel } from './run-panel.js';
import { StatisticsTable } from './statistics-table.js';
import { ThreadBars } from './thread-bars.js';
import type { Words } from './words.js';

export class MonitorView {
  readonly #connection = createElement('p', { class: 'connection' });
  readonly #pause = createElement('button', { type: 'button', 'aria-pressed': 'false' }, 'Pause');
  /** For those who do not see the view. */
  readonly #told = createElement('p', { class: 'told', role: 'status', 'aria-live': 'polite' });
  readonly #run: RunPanel;
  readonly #throughput = new Chart({
    name: 'Throughput',
    look: 'throughput',
    format: formatRate,
    formatTop: formatTick,
  });
  readonly #queue: Chart;
  readonly #utilization: Chart;
  readonly #threads: ThreadBars;
  readonly #alerts = new AlertPanel();
  readonly #statistics: StatisticsTable;
  readonly root: HTMLElement;

  /** @param onPause called when the reader pauses the view or lets it go on */
  constructor(words: Words, onPause: (paused: boolean) => void) {
    this.#run = new RunPanel(words);
    this.#queue = new Chart({ name: words.waiting, look: 'queue', format: formatCount, formatTop: formatTick });
    this.#utilization = new Chart({
      name: words.busy,
      look: 'utilization',
      format: formatPercent,
      formatTop: (ratio) => `${formatNumber(100 * ratio)} %`,
      top: 1,
    });
    this.#threads = new ThreadBars(words);
    this.#statistics = new StatisticsTable(words);
    this.root = createElement(
      'div',
      { class: 'monitor', role: 'group', 'aria-label': 'Indexing monitor' },
      createElement('header', {}, this.#connection, this.#pause),
      this.#told,
      this.#run.root,
      createElement(
        'div',
        { class: 'charts', part: 'charts' },
        this.#throughput.root,
        this.#queue.root,
        this.#utilization.root,
      ),
      this.#threads.root,
      this.#alerts.root,
      this.#statistics.root,
    );
    this.#pause.addEventListener('click', () => {
      const paused = this.#pause.getAttribute('aria-pressed') !== 'true';
      this.#pause.setAttribute('aria-pressed', String(paused));
      onPause(paused);
    });
  }

  show(state: LiveState): void {
    this.#run.show(state.progress);
    this.#throughput.show(state.samples.map(pointOf('vectorsPerSecond')));
    this.#queue.show(state.samples.map(pointOf('queueDepth')));
    this.#utilization.show(state.samples.map(pointOf('utilization')));
    this.#threads.show(state.progress?.threads ?? []);
    this.#alerts.show([...state.alerts.values()], state.events);
    this.#statistics.show(state.metric);
  }

  showConnection(connection: Connection | undefined): void {
    this.#connection.dataset['state'] = connection?.state ?? 'none';
    setText(this.#connection, connectionText(connection));
  }

  /** Has it read out, politely. */
  tell(sentence: string): void {
    setText(this.#told, sentence);
  }
}

function connectionText(connection: Connection | undefined): string {
  switch (connection?.state) {
    case undefined:
      return 'No monitor: set the property monitor or the attribute src';
    case 'connecting':
      return 'Connecting…';
    case 'live':
      return 'Live';
    case 'stopped':
      return 'Stopped';
    case 'waiting':
      return `Not connected: ${connection.reason}. Next attempt in ${formatNumber(connection.retryMs / 1000)} s`;
  }
}

function pointOf(figure: Exclude<keyof Sample, 'atMs'>) {
  return (sample: Sample) => ({ atMs: sample.atMs, value: sample[figure] });
}
