/**
 * Time on a thread: the clock of runs, turns of the event loop, and long work in slices with turns between them.
 *
 * A call that is answered at once resolves in a microtask. A loop of such calls would keep timers, sockets and the answers of threads
 * waiting for ever. So an answer waits for a turn when there was none for a while. Long work on the calling thread is done in slices, so
 * that timers, input and other requests go on.
 */

/** Milliseconds since the epoch with the resolution of `performance.now()`, the same in all threads. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Smallest step between two readings of the clock, of a thousand steps: 40 ns in Node, 5 to 100 µs in browsers. */
export function measureClockTickMs(): number {
  let tick = Number.POSITIVE_INFINITY;
  // Bounded in time too: where the clock ticks every 100 µs, ten steps say enough.
  const until = performance.now() + 1;
  for (let step = 0, last = performance.now(); step < 1000 && last < until; step++) {
    let now = performance.now();
    while (now === last) now = performance.now();
    tick = Math.min(tick, now - last);
    last = now;
  }
  return tick;
}

/** Calls answered for so long without a turn make the next answer wait for one. */
const LONGEST_MS = 8;

/** When the first call after the last turn was answered; undefined where none was. */
let answeringSinceMs: number | undefined;
let pendingTurn: Promise<void> | undefined;

/** Resolves after one turn of the event loop. `setTimeout` would wait for at least a millisecond, in pages for four. */
export function nextTurn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  // Cloudflare Workers have neither until a date of compatibility.
  if (typeof MessageChannel !== 'function') return new Promise((resolve) => setTimeout(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/**
 * To be called before a call that was done at once is answered: gives what the answer has to wait for, in most cases nothing.
 *
 * @param performanceNow the time, as of `performance.now()`
 */
export function turnBeforeAnswer(performanceNow: number): Promise<void> | undefined {
  if (answeringSinceMs === undefined) {
    answeringSinceMs = performanceNow;
    // Whatever waits in a loop: when this comes, there was a turn.
    nextTurn().then(turned);
    return undefined;
  }
  if (performanceNow - answeringSinceMs < LONGEST_MS) return undefined;
  // Everybody who asks meanwhile waits for the same turn.
  pendingTurn ??= nextTurn();
  return pendingTurn;
}

function turned(): void {
  answeringSinceMs = undefined;
  pendingTurn = undefined;
}

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
