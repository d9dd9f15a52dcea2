/**
 * How many rows the int8 scan leaves out.
 */
import { expect, test } from 'vitest';
import { Int8Bench } from './int8-bench.js';
import { ask, keyOf, randomNumbers, unitRow } from './int8-keys.js';

test.each(['cosine', 'dot', 'euclidean'] as const)(
  'by %s most rows are left out, of random ones of 384 components, which are all about as far away',
  (metric) => {
    const [count, dims, k] = [20_000, 384, 10];
    const random = randomNumbers(metric.length);
    const vector = () => Float32Array.from({ length: dims }, random);
    const rows = Array.from({ length: count }, () => (metric === 'cosine' ? unitRow(vector())! : vector()));
    const bench = new Int8Bench(rows, 4);
    bench.quantize();
    const limits = [0, 1, 2, 3].map((q) => {
      const query = vector();
      const scores = rows.map((row) => keyOf(metric, row, query));
      const kth = scores.indexOf(scores.slice().sort((x, y) => y - x)[k - 1]!);
      return ask(bench, metric, query, rows[kth]!, q);
    });
    const left = bench.select(limits).length / limits.length;
    expect(left).toBeGreaterThanOrEqual(k);
    expect(left).toBeLessThan(4 * k);
  },
);
