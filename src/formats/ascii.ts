/**
 * Bytes that mean something in text formats.
 */
export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const RETURN = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const POINT = 0x2e;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const UPPER_E = 0x45;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const LOWER_E = 0x65;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** From `at` on, the first byte that is no white space within a line; a line feed ends it. */
export function skipSpaces(bytes: Uint8Array, at: number): number {
  let next = at;
  for (let byte = bytes[next]; byte === SPACE || byte === TAB || byte === RETURN; byte = bytes[next]) next++;
  return next;
}
