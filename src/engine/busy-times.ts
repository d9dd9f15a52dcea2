/**
 * How long each thread of an engine has had work: from the moment a task goes to it until it answers. The calling thread writes and reads this, one
 * task of a thread at a time. A thread is known by its place in jobs, so one that died and its successor count as one.
 */

export interface ThreadTime {
  /** Busy time so far, in milliseconds, that of the task under way included. */
  readonly busyMs: number;
  /** Whether it has a task now. */
  readonly isBusy: boolean;
}

export class BusyTimes {
  readonly #busyMs: number[];
  /** Start of the task that each thread has. */
  readonly #sinceMs: (number | undefined)[];

  constructor(threads: number) {
    this.#busyMs = new Array<number>(threads).fill(0);
    this.#sinceMs = new Array<undefined>(threads).fill(undefined);
  }

  /** Counts a task of a thread until it has ended. */
  async during<T>(thread: number, task: () => Promise<T>): Promise<T> {
    const beganAtMs = performance.now();
    this.#sinceMs[thread] = beganAtMs;
    try {
      return await task();
    } finally {
      this.#busyMs[thread]! += performance.now() - beganAtMs;
      this.#sinceMs[thread] = undefined;
    }
  }

  /** Busy time of each thread. */
  read(): readonly ThreadTime[] {
    const now = performance.now();
    return this.#busyMs.map((busyMs, thread) => {
      const since = this.#sinceMs[thread];
      return { busyMs: since === undefined ? busyMs : busyMs + now - since, isBusy: since !== undefined };
    });
  }
}
