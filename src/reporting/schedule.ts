/**
 * A simulation of how a run's batches are scheduled. Every thread begins with a batch of its own. Then whoever is free claims
 * the next batch, and waits where its rows are still being copied in. Pure. Times in milliseconds after the start of the run.
 */

/** A batch to be scheduled, in order of its claim. */
export interface ScheduledBatch {
  /** Time a thread is busy with it. */
  readonly busyMs: number;
  /** When its rows are in place. */
  readonly readyMs: number;
}

export interface ThreadSchedule {
  readonly busyMs: number;
  /** When its last batch ended; 0 for none. */
  readonly endedAtMs: number;
}

/**
 * @param startsMs when each thread asks for its first batch
 * @param claimMs time between the end of a batch and the claim of the next
 */
export function scheduleBatches(
  batches: readonly ScheduledBatch[],
  startsMs: readonly number[],
  claimMs: number,
): readonly ThreadSchedule[] {
  const threads = startsMs.map((freeAtMs) => ({ freeAtMs, busyMs: 0, endedAtMs: 0 }));
  for (const [i, { busyMs, readyMs }] of batches.entries()) {
    const thread = threads[i] ?? earliest(threads);
    thread.endedAtMs = Math.max(thread.freeAtMs, readyMs) + busyMs;
    thread.freeAtMs = thread.endedAtMs + claimMs;
    thread.busyMs += busyMs;
  }
  return threads.map(({ busyMs, endedAtMs }) => ({ busyMs, endedAtMs }));
}

function earliest<T extends { readonly freeAtMs: number }>(threads: readonly T[]): T {
  let first = threads[0]!;
  for (const thread of threads) if (thread.freeAtMs < first.freeAtMs) first = thread;
  return first;
}
