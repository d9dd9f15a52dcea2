/**
 * Updates for one reader, which may be slow or stop reading. The channel is bounded, and whoever pushes never waits.
 *
 * A newer progress of a run replaces an older one that waits to be read, and so do a newer metric and a newer report. Alerts,
 * degradations and the last progress of a run stay. Beyond 1,000 updates the oldest one that is not an alert is dropped; where
 * all are alerts, the oldest.
 */
import type { MonitorUpdate } from './monitor-update.js';

const MOST_WAITING = 1000;

export class UpdateChannel<Report> implements AsyncIterableIterator<MonitorUpdate<Report>> {
  readonly #onReturn: (channel: UpdateChannel<Report>) => void;
  /** Updates nobody has read yet, in order of time; empty while there are readers. */
  #waiting: MonitorUpdate<Report>[] = [];
  /** Readers that wait for the next update, in order. */
  readonly #readers: ((result: IteratorResult<MonitorUpdate<Report>, undefined>) => void)[] = [];
  #ended = false;

  /** @param onReturn called when the reader stops reading */
  constructor(onReturn: (channel: UpdateChannel<Report>) => void) {
    this.#onReturn = onReturn;
  }

  push(update: MonitorUpdate<Report>): void {
    const reader = this.#readers.shift();
    if (reader) {
      reader({ done: false, value: update });
      return;
    }
    this.#waiting = this.#waiting.filter((earlier) => !supersedes(update, earlier));
    this.#waiting.push(update);
    if (this.#waiting.length > MOST_WAITING) {
      const other = this.#waiting.findIndex(({ type }) => type !== 'alert');
      this.#waiting.splice(Math.max(0, other), 1);
    }
  }

  /** What waits can still be read. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<MonitorUpdate<Report>, undefined>> {
    const value = this.#waiting.shift();
    if (value) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<MonitorUpdate<Report>, undefined>> {
    this.#waiting = [];
    this.end();
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function supersedes(later: MonitorUpdate, earlier: MonitorUpdate): boolean {
  switch (earlier.type) {
    case 'progress':
      return later.type === 'progress' && later.run === earlier.run;
    case 'metric':
    case 'report':
      return later.type === earlier.type;
    default:
      return false;
  }
}
