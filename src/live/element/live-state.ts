/**
 * The state behind a live view, made from updates. It is bounded in memory and knows nothing of pages.
 */

import type { AlertUpdate, MetricUpdate, MonitorUpdate, ProgressUpdate } from '../../monitoring/monitor-update.js';
import { formatCount } from '../../reporting/format.js';

/** One point of a curve. */
export interface Sample {
  /** When the update came, by the view's own clock. */
  readonly atMs: number;
  readonly vectorsPerSecond: number;
  /** Deepest queue of batches that was told since the sample before; 0 without a run. */
  readonly queueDepth: number;
  /** Mean of all threads, 0..1; 0 without a run. */
  readonly utilization: number;
}

/** Something that happened, newest first in a list. */
export interface LiveEvent {
  readonly atMs: number;
  readonly kind: 'raised' | 'cleared' | 'degradation';
  readonly text: string;
}

/** How far back curves go, and of how many points they are at most. */
const SPAN_MS = 60_000;
const MOST_SAMPLES = 600;
const MOST_EVENTS = 50;
/** Shorter runs end unannounced: a server may have ten of them in a second. */
const ANNOUNCED_RUN_MS = 1000;

export class LiveState {
  /** Progress of the run that began last. */
  progress: ProgressUpdate | undefined;
  metric: MetricUpdate | undefined;
  readonly alerts = new Map<AlertUpdate['rule'], AlertUpdate>();
  readonly samples: Sample[] = [];
  readonly events: LiveEvent[] = [];
  /** Raised before updates began anew. */
  #raisedBefore: ReadonlyMap<AlertUpdate['rule'], AlertUpdate> = new Map();
  #runSeenAtMs = 0;
  #sinceSample: { queueDepth: number; utilization: number } | undefined;

  /** Takes an update in, and gives the sentence that is worth telling somebody who does not see the view. */
  take(update: MonitorUpdate, atMs: number): string | undefined {
    switch (update.type) {
      case 'progress':
        return this.#takeProgress(update, atMs);
      case 'metric':
        this.#takeMetric(update, atMs);
        return undefined;
      case 'alert':
        return this.#takeAlert(update, atMs);
      case 'degradation':
        this.#addEvent({ atMs, kind: 'degradation', text: update.message });
        return undefined;
      case 'report':
        return undefined;
    }
  }

  /** What was raised may have been cleared since. The monitor tells anew what is, which is no news then. */
  awaitAlerts(): void {
    this.#raisedBefore = new Map(this.alerts);
    this.alerts.clear();
  }

  #takeProgress(update: ProgressUpdate, atMs: number): string | undefined {
    if (this.progress && update.run < this.progress.run && !this.progress.last) return undefined;
    if (this.progress?.run !== update.run) this.#runSeenAtMs = atMs;
    this.progress = update;
    this.#sinceSample = {
      queueDepth: Math.max(update.queueDepth, this.#sinceSample?.queueDepth ?? 0),
      utilization: meanUtilization(update),
    };
    if (!update.last || atMs - this.#runSeenAtMs < ANNOUNCED_RUN_MS) return undefined;
    const { run, processed, total } = update;
    if (processed === total) return `Run ${run} is done: ${formatCount(total)} vectors.`;
    return `Run ${run} ended after ${formatCount(processed)} of ${formatCount(total)} vectors.`;
  }

  /** The monitor tells a metric after the progress of all runs, ten times a second: the beat of the curves. */
  #takeMetric(update: MetricUpdate, atMs: number): void {
    this.metric = update;
    const { queueDepth, utilization } = this.#sinceSample ?? { queueDepth: 0, utilization: 0 };
    this.#sinceSample = undefined;
    this.samples.push({ atMs, vectorsPerSecond: update.stats.indexesPerSecond, queueDepth, utilization });
    const firstKept = this.samples.findIndex((sample) => sample.atMs >= atMs - SPAN_MS);
    this.samples.splice(0, Math.max(firstKept, this.samples.length - MOST_SAMPLES));
  }

  #takeAlert(update: AlertUpdate, atMs: number): string | undefined {
    const { rule, state, severity, message } = update;
    const text = `${severity}: ${message}`;
    if (state === 'raised') this.alerts.set(rule, update);
    else this.alerts.delete(rule);
    if (state === 'raised' && this.#raisedBefore.get(rule)?.message === message) return undefined;
    this.#addEvent({ atMs, kind: state, text });
    return state === 'raised' ? `Alert, ${text}.` : `Alert cleared, ${text}.`;
  }

  #addEvent(event: LiveEvent): void {
    this.events.unshift(event);
    if (this.events.length > MOST_EVENTS) this.events.pop();
  }
}

function meanUtilization({ threads }: ProgressUpdate): number {
  if (threads.length === 0) return 0;
  return threads.reduce((sum, { utilization }) => sum + utilization, 0) / threads.length;
}
