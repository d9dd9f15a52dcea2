/**
 * How the command ends: exit statuses, wrong usage, interruption.
 */
import { constants } from 'node:os';
import { detailOf, IndexingError, type IndexingErrorCode } from '../base/errors.js';
import { removeUnfinishedFiles } from '../formats/node/atomic-file.js';
import { restoreTerminal } from './progress.js';

export const ExitStatus = { done: 0, failed: 1, usage: 2 } as const;

/** Errors of the library that are wrong usage: of options, or of what is installed. */
const usageCodes: ReadonlySet<IndexingErrorCode> = new Set(['InvalidConfiguration', 'MissingPackage']);

/** Error of a command line that asks for something impossible. Nothing was begun. */
export class UsageError extends Error {}

/** Rejects with a `UsageError` where the settings, or what is installed, are at fault. */
export async function orUsageError<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    const isUsage = error instanceof IndexingError && usageCodes.has(error.code);
    throw isUsage ? new UsageError(detailOf(error)) : error;
  });
}

export interface Interrupts {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
  readonly signal: AbortSignal;
  /** Once interrupted, the process has so long to end by itself, instead of two seconds. */
  allow(graceMs: number): void;
  unwatch(): void;
}

/** Signals that interrupt. A terminal that is closed sends SIGHUP. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npx passes a Ctrl-C on that the terminal has sent already: signals this close together are one. */
const REPEAT_MS = 200;
/** Writing to a pipe that nobody reads never ends, and cannot be taken back. */
const GRACE_MS = 2000;

export function watchInterrupts(): Interrupts {
  const controller = new AbortController();
  let abortedAtMs = 0;
  let graceMs = GRACE_MS;
  const unwatch = () => {
    for (const name of SIGNALS) process.off(name, interrupt);
  };
  const end = (name: NodeJS.Signals) => {
    unwatch();
    removeUnfinishedFiles();
    restoreTerminal();
    process.kill(process.pid, name);
  };
  const interrupt = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (performance.now() - abortedAtMs > REPEAT_MS) end(name);
      return;
    }
    abortedAtMs = performance.now();
    controller.abort(name);
    setTimeout(end, graceMs, name).unref();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  const allow = (ms: number) => {
    graceMs = ms;
  };
  return { signal: controller.signal, allow, unwatch };
}

/** 128 + the number of the signal: 130 for SIGINT. */
export function interruptStatus(signal: AbortSignal): number {
  const name = SIGNALS.find((each) => each === signal.reason) ?? 'SIGINT';
  return 128 + constants.signals[name];
}

/** Resolves when the process is told to stop. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
