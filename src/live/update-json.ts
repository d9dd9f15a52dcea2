/**
 * Updates of a monitor as one line of JSON, and back. JSON has no NaN and no infinities, so such a figure is null there. When
 * it is read back, a remaining time that is null is Infinity, and any other figure NaN.
 */
import { alertRules, degradationFigures, type MonitorUpdate } from '../monitoring/monitor-update.js';
import type { PerformanceStats } from '../monitoring/performance-stats.js';
import { count, type Field, figure, listOf, objectOf, oneOf, ratio, text, trueOrFalse } from '../reporting/fields.js';

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
 * The update in `json`; undefined for a type that this version does not know.
 *
 * @throws IndexingError `InvalidConfiguration` naming the field that is missing or wrong.
 */
export function updateFromJson(json: string): LiveUpdate | undefined {
  const value: unknown = JSON.parse(json);
  const type = envelope(value, 'update').type;
  return Object.hasOwn(UPDATES, type) ? UPDATES[type as LiveUpdate['type']](value, 'update') : undefined;
}

const envelope = objectOf({ type: text });

const eta: Field<number> = (value, path) => (value === null ? Number.POSITIVE_INFINITY : figure(value, path));

const stats: Field<PerformanceStats> = objectOf({
  totalQueries: count,
  totalIndexes: count,
  avgQueryTimeMs: figure,
  p50QueryTimeMs: figure,
  p95QueryTimeMs: figure,
  p99QueryTimeMs: figure,
  minQueryTimeMs: figure,
  maxQueryTimeMs: figure,
  stdDevQueryTimeMs: figure,
  avgIndexTimeMs: figure,
  p50IndexTimeMs: figure,
  p95IndexTimeMs: figure,
  p99IndexTimeMs: figure,
  minIndexTimeMs: figure,
  maxIndexTimeMs: figure,
  stdDevIndexTimeMs: figure,
  uptimeMs: figure,
  queriesPerSecond: figure,
  indexesPerSecond: figure,
});

/** By what the types of monitor-update.ts say: a field that is missing here, or is another one, does not compile. */
const UPDATES: { readonly [Type in LiveUpdate['type']]: Field<Extract<LiveUpdate, { readonly type: Type }>> } = {
  progress: objectOf({
    type: oneOf(['progress']),
    run: count,
    last: trueOrFalse,
    processed: count,
    total: count,
    percent: figure,
    vectorsPerSecond: figure,
    etaMs: eta,
    queueDepth: count,
    threads: listOf(objectOf({ threadId: count, processed: count, utilization: ratio })),
  }),
  metric: objectOf({ type: oneOf(['metric']), stats, lifetime: stats }),
  alert: objectOf({
    type: oneOf(['alert']),
    state: oneOf(['raised', 'cleared']),
    severity: oneOf(['info', 'warning', 'critical']),
    rule: oneOf(alertRules),
    message: text,
    value: figure,
    threshold: figure,
  }),
  degradation: objectOf({
    type: oneOf(['degradation']),
    figure: oneOf(degradationFigures),
    message: text,
    before: figure,
    after: figure,
    change: figure,
    threshold: figure,
  }),
};
