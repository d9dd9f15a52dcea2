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
  readonly controllers: Set<AbortController>;
  readonly abort: () => void;
}

const followed = new WeakMap<AbortSignal, Followed>();

export function linkSignals(...sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const present = sources.filter((source) => source !== undefined);
  for (const source of present) {
    if (source.aborted) controller.abort(source.reason);
    follow(source, controller);
  }
  return {
    signal: controller.signal,
    unlink() {
      for (const source of present) unfollow(source, controller);
    },
  };
}

function follow(source: AbortSignal, controller: AbortController): void {
  const known = followed.get(source);
  if (known) {
    known.controllers.add(controller);
    return;
  }
  const controllers = new Set([controller]);
  const abort = () => {
    for (const follower of controllers) follower.abort(source.reason);
  };
  source.addEventListener('abort', abort, { once: true });
  followed.set(source, { controllers, abort });
}

function unfollow(source: AbortSignal, controller: AbortController): void {
  const known = followed.get(source);
  known?.controllers.delete(controller);
  if (known?.controllers.size !== 0) return;
  source.removeEventListener('abort', known.abort);
  followed.delete(source);
}
