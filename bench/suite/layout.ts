/**
 * Text that fits a terminal of 80 columns and is Markdown as well.
 */

const WIDTH = 80;

/** A paragraph, broken between words. */
export function wrapped(paragraph: string): string {
  const lines: string[] = [];
  for (const word of paragraph.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

/** A table, as many below each other as it takes; each begins with the first column. */
export function markdownTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(4, title.length, ...lines.map((cells) => cells[i]!.length)));
  const tables: number[][] = [];
  const widthOf = (columns: readonly number[]) => columns.reduce((sum, i) => sum + widths[i]! + 3, 1);
  for (let i = 1; i < header.length; i++) {
    const last = tables.at(-1);
    if (last && widthOf([...last, i]) <= WIDTH) last.push(i);
    else tables.push([0, i]);
  }
  const row = (columns: readonly number[], cells: readonly string[]) =>
    `| ${columns.map((i) => (i === 0 ? cells[i]!.padEnd(widths[i]!) : cells[i]!.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return tables.map((columns) => [header, rule, ...lines].map((cells) => row(columns, cells)).join('\n')).join('\n\n');
}
