/**
 * Long work on the calling thread, done in slices. Between two slices the event loop has a turn, so that timers, input and
 * other requests go on.
 */

import { nextTurn } from './turns.js';

/**
 * Longest that the calling thread is held at a time. Several calls may each have a slice in one turn, and a step may overrun the look, so it is far
 * less than what is promised. Where a turn takes some tens of microseconds, in pages, it is more.
 */
const SLICE_MS = typeof setImmediate === 'function' ? 1 : 4;

export class TimeSlices {
  readonly #signal: AbortSignal | undefined;
  /** End of this slice; the first begins when there is something to do, so that work without steps reads no clock. */
  #until: number | undefined;

  /** @param signal ends the work: `nextTurn` then throws its reason */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether this slice is used up. */
  isDue(): boolean {
    const now = performance.now();
    this.#until ??= now + SLICE_MS;
    return now >= this.#until;
  }

  /** Calls `step` for [0, total) in strides, with a turn of the event loop whenever a slice is used up. */
  async forEach(total: number, stride: number, step: (first: number, last: number) => void): Promise<void> {
    if (total > 0) this.#until ??= performance.now() + SLICE_MS;
    for (let first = 0; first < total; first += stride) {
      step(first, Math.min(first + stride, total));
      if (this.isDue()) await this.nextTurn();
    }
  }

  /** Gives the event loop one turn, then begins a new slice. */
  async nextTurn(): Promise<void> {
    await nextTurn();
    this.#signal?.throwIfAborted();
    this.#until = performance.now() + SLICE_MS;
  }
}
