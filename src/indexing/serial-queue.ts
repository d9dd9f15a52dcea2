/**
 * Turns, one after another, in the order they were asked for.
 */

/** What a turn gives: the answer for its caller, and when the next turn may begin. */
export interface Turn<T> {
  readonly result: Promise<T>;
  /** Never rejects. */
  readonly settled: Promise<void>;
}

export class SerialQueue {
  #tail: Promise<void> = Promise.resolve();
  #turns = 0;

  /** Whether a turn is under way or waiting. */
  get isBusy(): boolean {
    return this.#turns > 0;
  }

  /** Takes a turn; rejects with `signal.reason` at once, also while it still waits, and then never begins. */
  run<T>(signal: AbortSignal, begin: () => Promise<Turn<T>>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.#turns++;
      this.#tail = this.#tail.then(async () => {
        signal.removeEventListener('abort', abort);
        try {
          signal.throwIfAborted();
          const turn = await begin();
          turn.result.then(resolve, reject);
          await turn.settled;
        } catch (error) {
          reject(error);
        } finally {
          this.#turns--;
        }
      });
    });
  }

  /** Resolves when no turn is under way or waiting. */
  async idle(): Promise<void> {
    for (let seen: Promise<void> | undefined; seen !== this.#tail; ) {
      seen = this.#tail;
      await seen;
    }
  }
}
