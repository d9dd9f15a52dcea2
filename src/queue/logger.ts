/**
 * Where workers and runs tell what happens. Lines hold names from outside: who prints them escapes control characters.
 */
export interface QueueLogger {
  /** Gets messages about normal events. */
  info(message: string): void;
  /** Gets messages about faults. */
  warn(message: string): void;
}

export const silent: QueueLogger = { info: () => undefined, warn: () => undefined };
