/**
 * One signal for several, for the time of one task.
 *
 * `AbortSignal.any` does the same, but Node 20 keeps what it makes as long as the longest-lived of its sources.
 */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Lets go of the sources. */
  unlink(): void;
}

export function linkSignals(...sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const present = sources.filter((source) => source !== undefined);
  const abort = (event: Event) => controller.abort((event.target as AbortSignal).reason);
  for (const source of present) {
    if (source.aborted) controller.abort(source.reason);
    source.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    unlink() {
      for (const source of present) source.removeEventListener('abort', abort);
    },
  };
}
