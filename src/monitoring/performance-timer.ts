/**
 * A running stopwatch. It records the time once: at `stop()` or, when declared with `using`, at the end of its block.
 * Milliseconds.
 */
import { disposeSymbol } from '../base/dispose-symbol.js';

/** A clock that does not run backwards, in milliseconds from any origin. */
export type Clock = () => number;

/** The platform's finest clock: `performance.now()`. */
export const systemClock: Clock = () => performance.now();

/** Time from `startedAtMs` until now; 0 where an injected clock was set back, as no duration is negative. */
export function elapsedSince(startedAtMs: number, clock: Clock): number {
  return Math.max(0, clock() - startedAtMs);
}

/** A running stopwatch that records what it measured once: at `stop()` or, declared with `using`, at the end of its block. */
export class PerformanceTimer implements Disposable {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #record: (elapsedMs: number) => void;
  #elapsedMs: number | undefined;

  /** Starts at once; `record` gets the time, in milliseconds. */
  constructor(clock: Clock, record: (elapsedMs: number) => void) {
    this.#clock = clock;
    this.#record = record;
    this.#startedAtMs = clock();
  }

  /** Records the time since the start and returns it, in milliseconds. Later calls return it again and record nothing. */
  stop(): number {
    if (this.#elapsedMs === undefined) {
      this.#elapsedMs = elapsedSince(this.#startedAtMs, this.#clock);
      this.#record(this.#elapsedMs);
    }
    return this.#elapsedMs;
  }

  /** `stop()`, for `using`. */
  [disposeSymbol](): void {
    this.stop();
  }
}
