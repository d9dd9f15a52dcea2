/**
 * Text from outside as one cell of a CSV file.
 */

/**
 * What makes a spreadsheet take a cell for a formula: at the begin of a cell, white space passed over, also where a spreadsheet that
 * separates by semicolons, tabs or bars would begin one, and in the full width that East Asian editions read the same.
 */
const FORMULA = /(^|[;,|\t\r\n])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** A text as a cell, quoted where it must be. An apostrophe comes before what could be a formula. Numbers are left as they are. */
export function csvCell(value: number | string): string {
  if (typeof value === 'number') return String(value);
  const told = value.replace(FORMULA, "$1$2'");
  // White space of lines at the begin would be passed over by some.
  const text = /^[\t\r\n]/.test(told) ? `'${told}` : told;
  return /[",;|\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
