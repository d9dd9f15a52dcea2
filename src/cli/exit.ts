/**
 * How the command ends: exit statuses, wrong usage, interruption.
 */
import { constants } from 'node:os';

export const ExitStatus = { done: 0, failed: 1, usage: 2 } as const;

/** The command line asks for something that cannot be; nothing was begun. */
export class UsageError extends Error {}

export interface Interrupts {
  /** Aborted by the first SIGINT or SIGTERM; a second one ends the process as usual. */
  readonly signal: AbortSignal;
  unwatch(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function watchInterrupts(): Interrupts {
  const controller = new AbortController();
  const unwatch = () => {
    for (const name of SIGNALS) process.off(name, interrupt);
  };
  const interrupt = (name: NodeJS.Signals) => {
    unwatch();
    controller.abort(name);
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  return { signal: controller.signal, unwatch };
}

/** 128 + the number of the signal: 130 for SIGINT. */
export function interruptStatus(signal: AbortSignal): number {
  return 128 + (signal.reason === 'SIGTERM' ? constants.signals.SIGTERM : constants.signals.SIGINT);
}
