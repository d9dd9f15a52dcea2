/**
 * What was recorded since the last update, and since the monitor was made or reset.
 */

import type { MetricUpdate } from '../../monitoring/monitor-update.js';
import type { PerformanceStats } from '../../monitoring/performance-stats.js';
import { formatCount, formatDuration, formatNumber } from '../../reporting/format.js';
import { createElement, setText } from './dom.js';
import type { Words } from './words.js';

interface Figure {
  readonly name: string;
  readonly of: (stats: PerformanceStats) => string;
}

const INDEXES: readonly Figure[] = [
  { name: 'Vectors', of: ({ totalIndexes }) => formatCount(totalIndexes) },
  { name: 'Vectors per second', of: ({ indexesPerSecond }) => formatNumber(indexesPerSecond) },
  { name: 'Mean time of a vector', of: (stats) => time(stats.totalIndexes, stats.avgIndexTimeMs) },
];

const INDEX_PERCENTILES: readonly Figure[] = [
  { name: '50th percentile', of: (stats) => time(stats.totalIndexes, stats.p50IndexTimeMs) },
  { name: '95th percentile', of: (stats) => time(stats.totalIndexes, stats.p95IndexTimeMs) },
  { name: '99th percentile', of: (stats) => time(stats.totalIndexes, stats.p99IndexTimeMs) },
  { name: 'Longest', of: (stats) => time(stats.totalIndexes, stats.maxIndexTimeMs) },
];

const QUERIES: readonly Figure[] = [
  { name: 'Queries', of: ({ totalQueries }) => formatCount(totalQueries) },
  { name: 'Queries per second', of: ({ queriesPerSecond }) => formatNumber(queriesPerSecond) },
  { name: 'Mean time of a query', of: (stats) => time(stats.totalQueries, stats.avgQueryTimeMs) },
  { name: '50th percentile', of: (stats) => time(stats.totalQueries, stats.p50QueryTimeMs) },
  { name: '95th percentile', of: (stats) => time(stats.totalQueries, stats.p95QueryTimeMs) },
  { name: '99th percentile', of: (stats) => time(stats.totalQueries, stats.p99QueryTimeMs) },
  { name: 'Longest', of: (stats) => time(stats.totalQueries, stats.maxQueryTimeMs) },
];

interface Row {
  readonly of: Figure['of'];
  readonly window: HTMLElement;
  readonly lifetime: HTMLElement;
}

export class StatisticsTable {
  readonly #rows: Row[] = [];
  readonly #indexes: HTMLElement;
  readonly #queries = this.#section(QUERIES);
  readonly root: HTMLElement;

  constructor({ hasPercentiles }: Words) {
    this.#indexes = this.#section(hasPercentiles ? [...INDEXES, ...INDEX_PERCENTILES] : INDEXES);
    const columns = ['Last update', 'Altogether'].map((name) => createElement('th', { scope: 'col' }, name));
    this.root = createElement(
      'details',
      { open: '' },
      createElement('summary', {}, 'Statistics'),
      createElement(
        'div',
        { class: 'statistics' },
        createElement(
          'table',
          {},
          createElement('thead', {}, createElement('tr', {}, createElement('td'), ...columns)),
          this.#indexes,
          this.#queries,
        ),
      ),
    );
  }

  show(metric: MetricUpdate | undefined): void {
    // Who only indexes wants no rows about queries, and the other way round.
    this.#queries.hidden = !metric || metric.lifetime.totalQueries === 0;
    this.#indexes.hidden = !this.#queries.hidden && metric?.lifetime.totalIndexes === 0;
    for (const row of this.#rows) {
      setText(row.window, metric ? row.of(metric.stats) : '–');
      setText(row.lifetime, metric ? row.of(metric.lifetime) : '–');
    }
  }

  #section(figures: readonly Figure[]): HTMLTableSectionElement {
    const rows = figures.map(({ name, of }) => {
      const row = { of, window: createElement('td'), lifetime: createElement('td') };
      this.#rows.push(row);
      return createElement('tr', {}, createElement('th', { scope: 'row' }, name), row.window, row.lifetime);
    });
    return createElement('tbody', {}, ...rows);
  }
}

/** Without a sample there is no time, though the figure is 0; NaN is what nobody tells. */
function time(samples: number, ms: number): string {
  return samples > 0 && !Number.isNaN(ms) ? formatDuration(ms) : '–';
}
