/**
 * Errors and names as lines for people.
 */
import { detailOf, IndexingError, type IndexingErrorCode } from '../base/errors.js';

/** An error as one line. Programs read the exit status, not the error's code. */
export function errorText(error: unknown): string {
  return printable([...new Set(sentences(error))].join(AND_THEN));
}

/** Codes whose fixed words would only repeat the sentence behind them. */
const SAYS_IT_ALL: ReadonlySet<string> = new Set<IndexingErrorCode>([
  'InvalidConfiguration',
  'MalformedFile',
  'FileAccess',
  'MissingPackage',
]);

/** Text between an error and the error that cleaning up after it met. */
const AND_THEN = '; and then: ';

function sentences(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  // A SuppressedError: the first failure, then the one that its cleaning up met.
  if ('suppressed' in error && 'error' in error) return [...sentences(error.suppressed), ...sentences(error.error)];
  const isPlain = error instanceof IndexingError && SAYS_IT_ALL.has(error.code);
  return (isPlain ? detailOf(error) : error.message).split(AND_THEN);
}

/** Text in which a file's name can neither begin a line nor drive a terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    if (character === '\n') return '\\n';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
