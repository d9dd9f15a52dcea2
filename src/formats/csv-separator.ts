/**
 * What separates the fields of a .csv file: a comma. If its first line has no comma, but semicolons or tabs, it is those:
 * spreadsheets write them where numbers have a decimal comma.
 */
import { COMMA, QUOTE, RETURN, SPACE, TAB } from './ascii.js';
import type { LineFault } from './text-rows.js';

const SEMICOLON = 0x3b;

/** Told by the first line; what stands in quotes, and white space at its end, does not count. */
export function separatorOf(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && [SPACE, TAB, RETURN].includes(bytes[last - 1]!)) last--;
  let found = COMMA;
  let isQuoted = false;
  for (let at = start; at < last; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (byte === COMMA) return COMMA;
    else if (byte === SEMICOLON || (byte === TAB && found === COMMA)) found = byte;
  }
  return found;
}

/** Puts commas in the place of the separators of a line. A comma that is there already would be one more: it is refused. */
export function withCommas(bytes: Uint8Array, start: number, end: number, separator: number): LineFault | undefined {
  let isQuoted = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (byte === separator) bytes[at] = COMMA;
    else if (byte === COMMA)
      return { at, expected: `numbers with a point, and fields separated by ${NAMES[separator]}` };
  }
  return undefined;
}

const NAMES: Readonly<Record<number, string>> = { [SEMICOLON]: 'semicolons', [TAB]: 'tabs' };
