/**
 * The tuner's decisions during a run: pure functions of windows of time. Only the number of threads can change while a run
 * lasts, since its batches are already cut. A change is made at most once in a run. It is compared with the windows before it,
 * and taken back when it did not help.
 */

/** Work of all threads since the last window. */
export interface RunWindow {
  /** Rate in components per millisecond. */
  readonly rate: number;
  /** Busy milliseconds of every thread that may claim. */
  readonly busyMs: readonly number[];
  /** Number of batches that nobody has claimed. */
  readonly unclaimed: number;
  readonly availableThreads: number;
}

export interface ShedState {
  /** Threads that may claim. */
  readonly threads: number;
  /** Rates under the present number, without the first window, in which they came or went. */
  readonly rates: readonly number[];
  readonly windows: number;
  readonly trial: { readonly threads: number; readonly rate: number } | undefined;
  readonly ended: boolean;
}

export interface ShedStep {
  readonly state: ShedState;
  /** Verdict on the change that was under trial. */
  readonly verdict: { readonly effect: number; readonly kept: boolean } | undefined;
}

/** Windows that are compared, before and after. */
const WINDOWS = 2;
const LOW_EFFICIENCY = 0.6;
/** Fewer threads may cost this much and help all the same: their processors are free. */
const HELPED = 0.97;

export function startShedding(threads: number): ShedState {
  return { threads, rates: [], windows: 0, trial: undefined, ended: false };
}

export function stepDuringRun(state: ShedState, window: RunWindow): ShedStep {
  if (state.ended) return { state, verdict: undefined };
  // Towards its end a run is slower whatever it does.
  if (window.unclaimed < state.threads) return { state: { ...state, ended: true }, verdict: undefined };
  const windows = state.windows + 1;
  const rates = windows > 1 ? [...state.rates, window.rate] : state.rates;
  const rate = rates.reduce((sum, each) => sum + each, 0) / rates.length;
  const measured = { ...state, windows, rates };
  if (rates.length < WINDOWS || rate === 0) return { state: measured, verdict: undefined };
  if (state.trial) {
    const effect = rate / state.trial.rate;
    const kept = effect >= HELPED;
    return {
      state: { ...measured, threads: kept ? state.threads : state.trial.threads, trial: undefined, ended: true },
      verdict: { effect, kept },
    };
  }
  const threads = wanted(state.threads, window);
  if (threads === state.threads) return { state: measured, verdict: undefined };
  return { state: { ...startShedding(threads), trial: { threads: state.threads, rate } }, verdict: undefined };
}

function wanted(threads: number, { busyMs, availableThreads }: RunWindow): number {
  if (threads > availableThreads) return availableThreads;
  const longest = Math.max(...busyMs);
  const efficiency = longest > 0 ? Math.min(...busyMs) / longest : 1;
  return efficiency < LOW_EFFICIENCY && threads > 2 ? Math.max(2, Math.floor(threads / 2)) : threads;
}
