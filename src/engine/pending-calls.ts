/**
 * Counts the calls that wait for the threads of an engine, so that a server can refuse in time.
 */
import type { WaitingCall } from './gathering.js';

export class PendingCalls {
  #calls = 0;
  #rows = 0;

  /** Calls that wait. */
  get calls(): number {
    return this.#calls;
  }

  /** Rows, or queries, of the calls that wait. */
  get rows(): number {
    return this.#rows;
  }

  add({ rows }: Pick<WaitingCall, 'rows'>): void {
    this.#calls++;
    this.#rows += rows;
  }

  delete({ rows }: Pick<WaitingCall, 'rows'>): void {
    this.#calls--;
    this.#rows -= rows;
  }
}
