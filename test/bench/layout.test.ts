import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markdownTable, wrapped } from '../../bench/suite/layout.js';

test('a paragraph fits 80 columns and keeps its words', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(words, (all) => {
      const text = wrapped(all.join(' '));
      expect(text.split(/\s/)).toEqual(all);
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    }),
  );
});

test('a table fits 80 columns, each part begins with the first column, and no cell is lost', () => {
  const table = fc
    .record({ columns: fc.integer({ min: 2, max: 14 }), rows: fc.integer({ min: 1, max: 4 }) })
    .chain(({ columns, rows }) => {
      const line = fc.array(fc.stringMatching(/^[a-z0-9]{1,24}$/), { minLength: columns, maxLength: columns });
      return fc.tuple(line, fc.array(line, { minLength: rows, maxLength: rows }));
    });
  fc.assert(
    fc.property(table, ([header, lines]) => {
      const parts = markdownTable(header, lines).split('\n\n');
      const found: string[][] = [header, ...lines].map(() => []);
      for (const part of parts) {
        const [head, rule, ...rest] = part.split('\n');
        expect(rule).toMatch(/^\| -+ (\| -+: )+\|$/);
        for (const [i, text] of [head!, ...rest].entries()) {
          expect(text.length).toBeLessThanOrEqual(80);
          const [first, ...cells] = text
            .slice(2, -2)
            .split(' | ')
            .map((cell) => cell.trim());
          expect(first).toBe([header, ...lines][i]![0]);
          found[i]!.push(...cells);
        }
      }
      expect(found).toEqual([header, ...lines].map((cells) => cells.slice(1)));
    }),
  );
});
