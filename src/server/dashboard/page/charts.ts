/**
 * The server second by second: a curve for each figure, with its value now.
 */
import { Chart, type ChartOptions, type Point } from '../../../live/element/chart.js';
import { createElement } from '../../../live/element/dom.js';
import { formatBytes, formatCount, formatDuration, formatNumber, formatTick } from '../../../reporting/format.js';
import { SAMPLES_KEPT, type Sample } from '../dashboard-state.js';

interface Curve extends ChartOptions {
  /** Value of a sample; null where there is nothing to show of that second. */
  readonly of: (sample: Sample) => number | null;
  /** Text that is shown while there is no point. */
  readonly none?: string;
}

const NO_SEARCHES = 'no searches in these minutes';

const CURVES: readonly Curve[] = [
  rate('Ingest', 'ingest', 'vectors/s', ({ ingestRate }) => ingestRate),
  rate('Searches', 'search', 'queries/s', ({ searchRate }) => searchRate),
  latency('Search time, p50', ({ p50Ms }) => p50Ms),
  latency('Search time, p95', ({ p95Ms }) => p95Ms),
  latency('Search time, p99', ({ p99Ms }) => p99Ms),
  {
    name: 'Memory',
    look: 'memory',
    format: formatBytes,
    formatTop: formatBytes,
    of: ({ memoryBytes }) => memoryBytes,
  },
  {
    name: 'Engine queue',
    look: 'queue',
    format: (calls) => `${formatCount(calls)} waiting`,
    formatTop: formatTick,
    of: ({ pendingCalls }) => pendingCalls,
  },
  {
    name: 'Processors busy',
    look: 'processors',
    format: (processors) => formatNumber(processors),
    formatTop: formatTick,
    of: ({ processors }) => processors,
  },
];

export class Charts {
  readonly #charts = CURVES.map((curve) => ({
    curve,
    chart: new Chart(curve),
    none: createElement('p', { class: 'none' }, curve.none ?? ''),
  }));
  readonly #samples: Sample[] = [];
  readonly root = createElement('div', { class: 'charts' });

  constructor() {
    for (const { chart, none } of this.#charts) {
      chart.root.querySelector('.plot')!.append(none);
      this.root.append(chart.root);
    }
  }

  /** When the newest sample was taken; 0 without one. */
  get newestMs(): number {
    return this.#samples.at(-1)?.atMs ?? 0;
  }

  add(samples: readonly Sample[]): void {
    // A server that was started anew tells of all its seconds.
    if (samples.length > 0 && samples[0]!.atMs <= this.newestMs) this.#samples.length = 0;
    this.#samples.push(...samples);
    this.#samples.splice(0, this.#samples.length - SAMPLES_KEPT);
    for (const { curve, chart, none } of this.#charts) {
      const points = this.#samples.flatMap((sample): Point[] => {
        const value = curve.of(sample);
        return value === null ? [] : [{ atMs: sample.atMs, value }];
      });
      none.hidden = points.length > 0;
      chart.show(points);
    }
  }
}

function rate(name: string, look: string, unit: string, of: Curve['of']): Curve {
  return { name, look, format: (value) => `${formatNumber(value)} ${unit}`, formatTop: formatTick, of };
}

function latency(name: string, of: Curve['of']): Curve {
  return { name, look: 'latency', format: formatDuration, formatTop: formatDuration, of, none: NO_SEARCHES };
}
