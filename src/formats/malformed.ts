/**
 * The error for a file that is not what it should be: its name, the place, what was expected and what was found.
 */
import { IndexingError, type IndexingErrorDetails } from '../base/errors.js';

/** `MalformedFile`. `where` names a byte offset (`byte 128`) or a row with its offset (`row 3 (byte 3612)`, `line 4 (byte 812)`). */
export function malformed(
  file: string,
  where: string,
  expected: string,
  found: string,
  details: IndexingErrorDetails = {},
): IndexingError {
  return new IndexingError('MalformedFile', `${file}, ${where}: expected ${expected}, found ${found}`, details);
}

/** @throws {IndexingError} `InvalidConfiguration` for rows that are not of the length which the caller said. */
export function requireDims(file: string, where: string, dims: number | undefined, found: number): void {
  if (dims === undefined || dims === found) return;
  const detail = `${file}, ${where}: expected rows of ${dims} components, as the option dims says, found ${found}`;
  throw new IndexingError('InvalidConfiguration', detail);
}
