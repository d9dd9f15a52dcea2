/**
 * Errors and names as lines for people.
 */
import { IndexingError } from '../errors.js';

/** One line. What a program reads from the code, the status says here. */
export function errorText(error: unknown): string {
  // Thrown while something else was being cleaned up after; both matter, the first one more, but often they are the same.
  if (error instanceof Error && 'suppressed' in error && 'error' in error) {
    const texts = [errorText(error.suppressed), errorText(error.error)];
    return [...new Set(texts)].join('; and then: ');
  }
  const message = error instanceof Error ? error.message : String(error);
  const isConfiguration = error instanceof IndexingError && error.code === 'InvalidConfiguration';
  return printable(isConfiguration ? message.replace(/^Invalid indexing configuration: /, '') : message);
}

/** Text in which a file's name can neither begin a line nor drive a terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    if (character === '\n') return '\\n';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
