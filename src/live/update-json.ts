/**
 * Updates of a monitor as one line of JSON, and back. JSON has no NaN and no infinities: such a figure is null there. A time to
 * the end that is null comes back as Infinity, every other figure as NaN.
 */

import type {
  AlertUpdate,
  DegradationUpdate,
  MetricUpdate,
  MonitorUpdate,
  ProgressUpdate,
} from '../monitoring/monitor-update.js';
import type { PerformanceStats } from '../monitoring/performance-stats.js';
import type { ThreadProgress } from '../monitoring/run-progress.js';
import {
  listOf,
  objectOf,
  oneOf,
  type Reader,
  readBoolean,
  readCount,
  readFigure,
  readRatio,
  readString,
} from '../reporting/json-readers.js';

/** What goes from process to page: interim reports stay where they are, since they grow with the run. */
export type LiveUpdate = Exclude<MonitorUpdate, { readonly type: 'report' }>;

export function isLive(update: MonitorUpdate): update is LiveUpdate {
  return update.type !== 'report';
}

/** Without line ends. */
export function updateToJson(update: LiveUpdate): string {
  // JSON.stringify writes null for numbers that are not finite.
  return JSON.stringify(update);
}

/**
 * The update in `text`; undefined for a type that this version does not know.
 *
 * @throws IndexingError `InvalidConfiguration` naming the field that is missing or wrong.
 */
export function updateFromJson(text: string): LiveUpdate | undefined {
  const value: unknown = JSON.parse(text);
  const type = readType(value, 'update').type;
  return Object.hasOwn(READERS, type) ? READERS[type as LiveUpdate['type']](value, 'update') : undefined;
}

const readType = objectOf<{ type: string }>((field) => ({ type: field('type', readString) }));

const readEta: Reader<number> = (value, path) => (value === null ? Number.POSITIVE_INFINITY : readFigure(value, path));

const readThread = objectOf<ThreadProgress>((field) => ({
  threadId: field('threadId', readCount),
  processed: field('processed', readCount),
  utilization: field('utilization', readRatio),
}));

const readProgress = objectOf<ProgressUpdate>((field) => ({
  type: 'progress',
  run: field('run', readCount),
  last: field('last', readBoolean),
  processed: field('processed', readCount),
  total: field('total', readCount),
  percent: field('percent', readFigure),
  vectorsPerSecond: field('vectorsPerSecond', readFigure),
  etaMs: field('etaMs', readEta),
  queueDepth: field('queueDepth', readCount),
  threads: field('threads', listOf(readThread)),
}));

const readStats = objectOf<PerformanceStats>((field) => ({
  totalQueries: field('totalQueries', readCount),
  totalIndexes: field('totalIndexes', readCount),
  avgQueryTimeMs: field('avgQueryTimeMs', readFigure),
  p50QueryTimeMs: field('p50QueryTimeMs', readFigure),
  p95QueryTimeMs: field('p95QueryTimeMs', readFigure),
  p99QueryTimeMs: field('p99QueryTimeMs', readFigure),
  minQueryTimeMs: field('minQueryTimeMs', readFigure),
  maxQueryTimeMs: field('maxQueryTimeMs', readFigure),
  stdDevQueryTimeMs: field('stdDevQueryTimeMs', readFigure),
  avgIndexTimeMs: field('avgIndexTimeMs', readFigure),
  p50IndexTimeMs: field('p50IndexTimeMs', readFigure),
  p95IndexTimeMs: field('p95IndexTimeMs', readFigure),
  p99IndexTimeMs: field('p99IndexTimeMs', readFigure),
  minIndexTimeMs: field('minIndexTimeMs', readFigure),
  maxIndexTimeMs: field('maxIndexTimeMs', readFigure),
  stdDevIndexTimeMs: field('stdDevIndexTimeMs', readFigure),
  uptimeMs: field('uptimeMs', readFigure),
  queriesPerSecond: field('queriesPerSecond', readFigure),
  indexesPerSecond: field('indexesPerSecond', readFigure),
}));

const readMetric = objectOf<MetricUpdate>((field) => ({
  type: 'metric',
  stats: field('stats', readStats),
  lifetime: field('lifetime', readStats),
}));

const readAlert = objectOf<AlertUpdate>((field) => ({
  type: 'alert',
  state: field('state', oneOf(['raised', 'cleared'])),
  severity: field('severity', oneOf(['info', 'warning', 'critical'])),
  rule: field(
    'rule',
    oneOf([
      'meanQueryTime',
      'meanIndexTime',
      'p99QueryTime',
      'p99IndexTime',
      'queryTimeVariation',
      'indexTimeVariation',
      'throughput',
    ]),
  ),
  message: field('message', readString),
  value: field('value', readFigure),
  threshold: field('threshold', readFigure),
}));

const readDegradation = objectOf<DegradationUpdate>((field) => ({
  type: 'degradation',
  figure: field('figure', oneOf(['avgQueryTimeMs', 'avgIndexTimeMs', 'vectorsPerSecond'])),
  message: field('message', readString),
  before: field('before', readFigure),
  after: field('after', readFigure),
  change: field('change', readFigure),
  threshold: field('threshold', readFigure),
}));

const READERS: { readonly [Type in LiveUpdate['type']]: Reader<Extract<LiveUpdate, { readonly type: Type }>> } = {
  progress: readProgress,
  metric: readMetric,
  alert: readAlert,
  degradation: readDegradation,
};
