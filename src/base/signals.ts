/**
 * Signals of tasks: one that follows several others, and a promise that rejects when one is aborted.
 */

/**
 * One signal that follows several others, for the time of one task.
 *
 * `AbortSignal.any` does the same, but Node 20 keeps each signal that it makes as long as the longest-lived of its sources
 * lives. However many tasks follow a source, it has one listener: Node warns of a leak from eleven on.
 */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Lets go of the sources. */
  unlink(): void;
}

interface Followed {
  readonly callbacks: Set<() => void>;
  readonly abort: () => void;
}

const followed = new WeakMap<AbortSignal, Followed>();

export function linkSignals(...sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const links: (() => void)[] = [];
  for (const source of sources) {
    if (source === undefined) continue;
    const abort = () => controller.abort(source.reason);
    if (source.aborted) abort();
    links.push(onAbort(source, abort));
  }
  return {
    signal: controller.signal,
    unlink() {
      for (const unlink of links) unlink();
    },
  };
}

/**
 * The signal of a task that ends with its owner, and earlier where it was given a signal. Most are given none: then it is the owner's, and
 * nothing is made.
 */
export function linkToOwner(owner: AbortSignal, given: AbortSignal | undefined): LinkedSignal {
  return given ? linkSignals(owner, given) : { signal: owner, unlink: nothing };
}

function nothing(): void {}

/** Calls back once `source` is aborted; never where it is aborted already. Gives what ends that. */
export function onAbort(source: AbortSignal, callback: () => void): () => void {
  const known = followed.get(source) ?? follow(source);
  known.callbacks.add(callback);
  return () => {
    if (known.callbacks.delete(callback) && known.callbacks.size === 0) unfollow(source, known);
  };
}

function follow(source: AbortSignal): Followed {
  const callbacks = new Set<() => void>();
  const abort = () => {
    for (const callback of callbacks) callback();
  };
  source.addEventListener('abort', abort, { once: true });
  const made = { callbacks, abort };
  followed.set(source, made);
  return made;
}

function unfollow(source: AbortSignal, { abort }: Followed): void {
  source.removeEventListener('abort', abort);
  followed.delete(source);
}

/**
 * Settles as `work` does, or rejects with the signal's reason as soon as it is aborted. The work itself goes on.
 *
 * @param graceMs how long after that it still waits
 */
export function unlessStopped<T>(work: Promise<T>, signal: AbortSignal, graceMs = 0): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => (graceMs > 0 ? setTimeout(() => reject(signal.reason), graceMs) : reject(signal.reason));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const settle = (end: () => void) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason);
      else end();
    };
    work.then(
      (value) => settle(() => resolve(value)),
      (reason) => settle(() => reject(reason)),
    );
  });
}
