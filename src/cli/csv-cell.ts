/**
 * Text from outside as one cell of a CSV file.
 */

/** What makes a spreadsheet take a cell for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Quoted where it must be; text that could be a formula begins with an apostrophe. Numbers are left as they are. */
export function csvCell(value: number | string): string {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
