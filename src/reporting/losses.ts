/**
 * Where the time of a run went that was not work on vectors. Pure: records in, milliseconds of the run's time out.
 *
 * A thread that is idle costs the run its share of that time, 1 / threads. Idle time counts as the first of these that
 * explains it: starting up (before a thread's first batch, where threads had to be started), copying in (while rows are
 * copied), imbalance (after a thread's last batch), and dispatch (all the rest). First touch and waiting for a processor are
 * parts of busy time or of copying. The time of the memory is a bound, and not idle time.
 */
import { balancingGainMs } from './balancing.js';
import type { BatchSample, CopyIn, RunConditions } from './report-data.js';

/** Milliseconds of the run's time, from 0. */
export interface Losses {
  /** Threads waiting for rows that the calling thread copies in, first touch left out. */
  readonly copyingMs: number;
  /** First touch of fresh memory. */
  readonly firstTouchMs: number;
  /** What the memory alone needs for all bytes that are moved; 0 where its bandwidth was not measured. */
  readonly memoryMs: number;
  /** Threads waiting for the last one. */
  readonly imbalanceMs: number;
  /** What even batches would gain, by a replay. */
  readonly balancingGainMs: number;
  /** Before the first claims and after the last batch, where all threads were there. */
  readonly dispatchMs: number;
  /** Waiting for threads to start. */
  readonly startUpMs: number;
  /** Threads at work that had no processor. */
  readonly withoutProcessorMs: number;
  /** The part of it that threads as many as there are processors would have lost, too: other programs took it. */
  readonly takenByOthersMs: number;
}

export const noLosses: Losses = {
  copyingMs: 0,
  firstTouchMs: 0,
  memoryMs: 0,
  imbalanceMs: 0,
  balancingGainMs: 0,
  dispatchMs: 0,
  startUpMs: 0,
  withoutProcessorMs: 0,
  takenByOthersMs: 0,
};

export interface RunToExplain {
  readonly totalTimeMs: number;
  /** What came before the run began; nothing is lost in it. Default: 0. */
  readonly waitedMs?: number | undefined;
  /** Threads that could take part. */
  readonly threads: number;
  readonly batches: readonly BatchSample[];
  readonly copyIn: CopyIn | undefined;
  readonly conditions: RunConditions;
}

/** Faulting in fresh shared memory, until it is measured: 50 MB took 33 ms. */
const FIRST_TOUCH_BYTES_PER_MS = 1.5e6;

export function lossesOf(run: RunToExplain): Losses {
  const { totalTimeMs, waitedMs = 0, threads, batches, copyIn, conditions } = run;
  if (batches.length === 0) return noLosses;
  const lastEndMs = batches.reduce((last, { endedAtMs }) => Math.max(last, endedAtMs), 0);
  const idle = idleTimes(run, lastEndMs);
  const busyMs = batches.reduce((sum, { claimedAtMs, endedAtMs }) => sum + endedAtMs - claimedAtMs, 0);
  const touchMs = conditions.freshBytes / (conditions.memory?.firstTouchBytesPerMs ?? FIRST_TOUCH_BYTES_PER_MS);
  const touchShare = copyIn && copyIn.busyMs > 0 ? Math.min(1, touchMs / copyIn.busyMs) : 0;
  return {
    copyingMs: (idle.copyingMs / threads) * (1 - touchShare),
    firstTouchMs: copyIn ? (idle.copyingMs / threads) * touchShare : Math.min(touchMs, busyMs) / threads,
    memoryMs: conditions.memory ? bytesMoved(batches, copyIn) / conditions.memory.bytesPerMs : 0,
    imbalanceMs: idle.imbalanceMs / threads,
    balancingGainMs: balancingGainMs({
      ...run,
      availableThreads: conditions.availableThreads,
      memoryBytesPerMs: conditions.memory?.bytesPerMs,
    }),
    dispatchMs: idle.dispatchMs / threads + Math.max(0, totalTimeMs - lastEndMs),
    startUpMs: idle.startUpMs / threads,
    withoutProcessorMs: withoutProcessorMs(conditions, threads, busyMs) / threads,
    takenByOthersMs: takenByOthersMs(conditions, threads, busyMs, totalTimeMs - waitedMs),
  };
}

/** The runs of a stream as one: what was used is added up, what was found is that of the last. */
export function addConditions(a: RunConditions, b: RunConditions): RunConditions {
  return {
    ...b,
    runs: a.runs + b.runs,
    startedThreads: a.startedThreads + b.startedThreads,
    freshBytes: a.freshBytes + b.freshBytes,
    cpuMs: a.cpuMs === undefined || b.cpuMs === undefined ? undefined : a.cpuMs + b.cpuMs,
  };
}

export function addLosses(a: Losses, b: Losses): Losses {
  return {
    copyingMs: a.copyingMs + b.copyingMs,
    firstTouchMs: a.firstTouchMs + b.firstTouchMs,
    memoryMs: a.memoryMs + b.memoryMs,
    imbalanceMs: a.imbalanceMs + b.imbalanceMs,
    balancingGainMs: a.balancingGainMs + b.balancingGainMs,
    dispatchMs: a.dispatchMs + b.dispatchMs,
    startUpMs: a.startUpMs + b.startUpMs,
    withoutProcessorMs: a.withoutProcessorMs + b.withoutProcessorMs,
    takenByOthersMs: a.takenByOthersMs + b.takenByOthersMs,
  };
}

/** Idle milliseconds of all threads together, up to the end of the last batch. */
function idleTimes({ threads, batches, copyIn, conditions, waitedMs = 0 }: RunToExplain, lastEndMs: number) {
  const copyEndMs = copyIn?.endedAtMs ?? 0;
  const copyStartMs = copyIn ? Math.max(0, copyEndMs - copyIn.busyMs) : 0;
  const started = conditions.startedThreads > 0;
  const idle = { copyingMs: 0, imbalanceMs: 0, dispatchMs: 0, startUpMs: 0 };
  const explain = (fromMs: number, toMs: number, otherwise: 'dispatchMs' | 'imbalanceMs') => {
    const copying = Math.max(0, Math.min(toMs, copyEndMs) - Math.max(fromMs, copyStartMs));
    idle.copyingMs += copying;
    idle[otherwise] += Math.max(0, toMs - fromMs - copying);
  };
  const freeAtMs = new Map<number, number>();
  for (const { threadId, claimedAtMs, endedAtMs } of batches) {
    const before = freeAtMs.get(threadId);
    freeAtMs.set(threadId, endedAtMs);
    if (before === undefined && started) idle.startUpMs += claimedAtMs - waitedMs;
    else explain(before ?? waitedMs, claimedAtMs, 'dispatchMs');
  }
  for (let threadId = 0; threadId < threads; threadId++) {
    const endedAtMs = freeAtMs.get(threadId);
    if (endedAtMs !== undefined) explain(endedAtMs, lastEndMs, 'imbalanceMs');
    // A thread that had no batch came too late, unless there was none for it.
    else if (batches.length < threads) explain(waitedMs, lastEndMs, 'imbalanceMs');
    else if (started) idle.startUpMs += lastEndMs - waitedMs;
    else explain(waitedMs, lastEndMs, 'dispatchMs');
  }
  return idle;
}

/** Every component is read and written, and once more where the calling thread copied it in. */
function bytesMoved(batches: readonly BatchSample[], copyIn: CopyIn | undefined): number {
  return batches.reduce((sum, { vectors, dims }) => sum + 8 * vectors * dims, 0) + 2 * (copyIn?.bytes ?? 0);
}

/** Busy milliseconds of all threads in which they had no processor: at least those that nobody was charged for. */
function withoutProcessorMs({ cpuMs, availableThreads }: RunConditions, threads: number, busyMs: number): number {
  if (cpuMs !== undefined) return Math.max(0, busyMs - cpuMs);
  return busyMs * Math.max(0, 1 - availableThreads / threads);
}

/** What the processors had for the threads at work, and did not give them, shared among as many threads as could have had it. */
function takenByOthersMs({ cpuMs, availableThreads }: RunConditions, threads: number, busyMs: number, runMs: number) {
  if (cpuMs === undefined) return 0;
  return Math.max(0, Math.min(busyMs, availableThreads * runMs) - cpuMs) / Math.min(threads, availableThreads);
}
