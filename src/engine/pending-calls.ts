/**
 * Counts the calls that wait for the threads of an engine, so that a server can refuse in time.
 */
import type { WaitingCall } from './gathering.js';

type Waiting = Pick<WaitingCall, 'calls' | 'rows'>;

export class PendingCalls {
  #calls = 0;
  #rows = 0;

  /** Number of calls that wait. */
  get calls(): number {
    return this.#calls;
  }

  /** Rows, or queries, of the calls that wait. */
  get rows(): number {
    return this.#rows;
  }

  add({ calls = 1, rows }: Waiting): void {
    this.#calls += calls;
    this.#rows += rows;
  }

  delete({ calls = 1, rows }: Waiting): void {
    this.#calls -= calls;
    this.#rows -= rows;
  }
}
