/**
 * The sentence for a file that is not what it should be: its name, the place, what was expected, what was found.
 */
import { IndexingError, type IndexingErrorDetails } from '../base/errors.js';

/** `where` names a byte offset (`byte 128`) or a row with its offset (`row 3 (byte 3612)`, `line 4 (byte 812)`). */
export function malformed(
  file: string,
  where: string,
  expected: string,
  found: string,
  details: IndexingErrorDetails = {},
): IndexingError {
  return new IndexingError('InvalidConfiguration', `${file}, ${where}: expected ${expected}, found ${found}`, details);
}
