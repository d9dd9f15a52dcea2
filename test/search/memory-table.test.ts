/**
 * The guide's table of what an index takes: its figures are those of the layout of a segment and of a saved file, its recall that of the results.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { keptBytes } from '../../src/memory/segment-layout.js';

const text = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const [COUNT, DIMS] = [1_000_000, 384];

/** Cells of the rows of the table behind a heading. */
function tableBehind(page: string, heading: string): string[][] {
  const lines = page.slice(page.indexOf(heading)).split('\n');
  const first = lines.findIndex((line) => line.startsWith('| '));
  const rows = lines.slice(first + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
}

test('the table of the guide', () => {
  const megabytes = (bytesOfRow: number) => `${Math.round((COUNT * bytesOfRow) / 1e6).toLocaleString('en')} MB`;
  const memory = (form: Parameters<typeof keptBytes>[0]['form']) =>
    megabytes(keptBytes({ dims: DIMS, form, int8: true }));
  // Magnitudes and ids; then codes with their scales and errors, or the scales of int8 rows.
  const file = (componentBytes: number, hasCodes: boolean) =>
    megabytes(componentBytes * DIMS + 12 + (hasCodes ? DIMS + 8 : 4));
  const rows = tableBehind(text('docs/search.md'), 'What 1,000,000 rows of 384 components take');
  expect(rows.map((cells) => cells.slice(0, 3))).toEqual([
    ['float32, rows in memory', memory('float32'), file(4, true)],
    ["float32, `rows: 'file'`", memory('elsewhere'), file(4, true)],
    ["`precision: 'float16'`", memory('float16'), file(2, true)],
    ["`precision: 'float16'`, `rows: 'file'`", memory('elsewhere'), file(2, true)],
    ["`precision: 'int8'`", memory('int8'), file(1, false)],
  ]);
  const recalls = tableBehind(text('bench/RESULTS.md'), '| recall@10 against float32').map((cells) =>
    cells.slice(1).map(Number),
  );
  const [float16, int8] = [0, 1].map((column) => recalls.map((cells) => cells[column]!)) as [number[], number[]];
  expect(Math.min(...float16)).toBeGreaterThanOrEqual(0.999);
  expect(rows[2]![3]).toContain('0.999 or more');
  const range = [Math.min(...int8), Math.max(...int8)].map((recall) => recall.toFixed(3));
  expect(rows[4]![3]).toBe(`recall@10 of ${range.join(' to ')}`);
});
