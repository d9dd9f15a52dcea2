/**
 * The small runs of a window, counted together. A server may have thousands of them between two updates. So a run costs a few
 * additions and no memory, and an update tells all of them as one.
 */
import type { IndexingProgress } from './run-progress.js';

export interface SmallRunsOfWindow {
  /** As of one run that has ended: from the start of the first to the end of the last, all on the calling thread. */
  readonly progress: IndexingProgress;
  /** Time of the runs themselves, those between them left out. */
  readonly busyMs: number;
  readonly timesResolved: boolean;
}

export class SmallRuns {
  #handled = 0;
  #busyMs = 0;
  #firstStartMs = Number.POSITIVE_INFINITY;
  #lastEndMs = Number.NEGATIVE_INFINITY;
  #timesResolved = true;

  add(handled: number, startedAtMs: number, elapsedMs: number, timesResolved: boolean): void {
    const endedAtMs = startedAtMs + elapsedMs;
    this.#handled += handled;
    this.#busyMs += elapsedMs;
    if (startedAtMs < this.#firstStartMs) this.#firstStartMs = startedAtMs;
    if (endedAtMs > this.#lastEndMs) this.#lastEndMs = endedAtMs;
    this.#timesResolved &&= timesResolved;
  }

  /** Figures of the small runs since the last call; undefined where there were none. */
  take(): SmallRunsOfWindow | undefined {
    if (this.#lastEndMs < this.#firstStartMs) return undefined;
    const wallMs = this.#lastEndMs - this.#firstStartMs;
    const handled = this.#handled;
    const taken = {
      progress: {
        type: 'progress' as const,
        processed: handled,
        total: handled,
        percent: 100,
        vectorsPerSecond: wallMs > 0 ? (1000 * handled) / wallMs : 0,
        etaMs: 0,
        queueDepth: 0,
        threads: [
          { threadId: 0, processed: handled, utilization: wallMs > 0 ? Math.min(1, this.#busyMs / wallMs) : 0 },
        ],
      },
      busyMs: this.#busyMs,
      timesResolved: this.#timesResolved,
    };
    this.#handled = 0;
    this.#busyMs = 0;
    this.#firstStartMs = Number.POSITIVE_INFINITY;
    this.#lastEndMs = Number.NEGATIVE_INFINITY;
    this.#timesResolved = true;
    return taken;
  }
}
