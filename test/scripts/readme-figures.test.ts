/**
 * Figures of the README are those of the recorded results.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { speedChart } from '../../scripts/speed-chart.mjs';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const readme = read('README.md');
const results = read('bench/RESULTS.md');

/** The part of a page that a pattern's group matches, as a number. */
function figure(page: string, pattern: RegExp): number {
  const found = page.match(pattern)?.[1];
  expect(found, String(pattern)).toBeDefined();
  return Number(found);
}

/** The same figure there and in the results, rounded as it is told. */
function expectSame(told: RegExp, recorded: RegExp, of = (value: number) => value): void {
  const value = figure(readme, told);
  const digits = String(value).split('.')[1]?.length ?? 0;
  expect(value).toBe(Number(of(figure(results, recorded)).toFixed(digits)));
}

test('how much faster simdex is', () => {
  const suite = /^\| 384 \|(?:[^|]*\|){5}/m.source;
  expectSame(/one thread \| the same in JavaScript \| ([\d.]+) ×/, new RegExp(`${suite} ([\\d.]+)×`, 'm'));
  expectSame(/two threads \| the same in JavaScript \| ([\d.]+) ×/, new RegExp(`${suite}[^|]*\\| ([\\d.]+)×`, 'm'));
  expectSame(/tuned native Rust \| ([\d.]+) ×/, /^\| kernel, sorted \| tuned \| 1 \| 384 \|[^|]*\|[^|]*\| ([\d.]+)×/m);
  const inverse = (share: number) => 1 / share;
  const share = 'simdex \\(int8\\) takes ([\\d.]+) of its time';
  expectSame(
    /100,000 × 384 \| usearch `exactSearch` \(native\) \| ([\d.]+) ×/,
    new RegExp(`usearch exactSearch, one query .*${share}`),
    inverse,
  );
  expectSame(
    /batch \| usearch `exactSearch` \(native\) \| ([\d.]+) ×/,
    new RegExp(`usearch exactSearch, 64 queries .*${share}`),
    inverse,
  );
  expectSame(
    /DuckDB `array_cosine_similarity` \| ([\d.]+) ×/,
    new RegExp(`DuckDB array_cosine_similarity.*${share}`),
    inverse,
  );
});

test('how much faster a graph is', () => {
  const rate = (side: string) => figure(results, new RegExp(`^\\| ${side} \\|[^|]*\\|[^|]*\\| \\d+, (\\d+) \\|`, 'm'));
  const ratio = rate('`VectorIndex`') / rate('hnswlib-node');
  expect(figure(readme, /hnswlib-node \(native\) \| ([\d.]+) ×/)).toBe(Number(ratio.toFixed(1)));
});

test('when a loop will do', () => {
  expectSame(/one vector takes ([\d.]+) ×/, /one caller, 1 rows: .*\| ([\d.]+) \(/);
  expectSame(/eight vectors ([\d.]+) ×/, /one caller, 8 rows: .*\| ([\d.]+) \(/);
  const ratioOf = (rows: number) => {
    const row = results.match(new RegExp(`search of ${rows} rows.*\\| ([\\d.]+) µs \\(([\\d.]+) µs\\)`))!;
    return Number(row[1]) / Number(row[2]);
  };
  expect(figure(readme, /ten rows a search takes ([\d.]+) ×/)).toBe(Number(ratioOf(10).toFixed(1)));
  expect(figure(readme, /at 1,000 rows ([\d.]+) ×/)).toBe(Number(ratioOf(1000).toFixed(2)));
});

test('the picture', () => {
  expect(speedChart(results)).toBe(read('docs/speed.svg'));
  expect(speedChart(results.replace('| 384 | 16,903 |', '| 384 | 33,806 |'))).toContain('>29,600/s<');
});
