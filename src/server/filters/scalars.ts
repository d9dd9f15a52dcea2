/**
 * How texts and dates of payloads are read.
 */

/** Words in lower case: runs of letters and digits. */
export function tokensOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/** Milliseconds since 1970, or undefined for what is no date of RFC 3339. Without a time zone it is UTC; without a time, midnight. */
export function dateOf(text: string): number | undefined {
  const found = DATE.exec(text);
  if (!found) return undefined;
  const zoned = text.length > 10 && found[1] === undefined ? `${text}Z` : text;
  // A space is no part of what Date.parse must read, nor is a zone without a colon.
  const ms = Date.parse(
    zoned
      .replace(' ', 'T')
      .replace(/([+-]\d\d)(\d\d)$/, '$1:$2')
      .toUpperCase(),
  );
  return Number.isNaN(ms) ? undefined : ms;
}
