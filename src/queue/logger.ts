/**
 * Where workers and runs tell what happens. Lines hold names from outside: who prints them escapes control characters.
 */
export interface QueueLogger {
  /** What goes as it should. */
  info(message: string): void;
  /** What does not. */
  warn(message: string): void;
}

export const silent: QueueLogger = { info: () => undefined, warn: () => undefined };
