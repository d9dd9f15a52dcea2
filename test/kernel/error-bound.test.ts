/**
 * The limit below which a row is left out: however the components look, no row that reaches a key may be below the limit of
 * that key.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileSearchKernel } from '../../src/kernel/search/compile-search-kernel.js';
import { ErrorBound, float32Below, type Metric } from '../../src/kernel/search/error-bound.js';
import { instantiateSearchKernel } from '../../src/kernel/search/instantiate-search-kernel.js';
import { queryBytes } from '../../src/kernel/search/search-kernel.js';
import { prepareQuery } from '../../src/search/queries.js';
import { runsOf } from '../seed.js';
import { indexingKernel } from './indexing-kernel.js';

const component = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(0, -0, 2 ** -149, -(2 ** -149), 2 ** -126, 3.4e38, -3.4e38, 1, -1, 1e-20, 1e19),
);

const unit = fc.float({ min: -1, max: 1, noNaN: true });

/** Components of any magnitude, of one magnitude, or all the same, where roundings add up in one direction. */
const vectors = (dims: number) =>
  fc.oneof(
    fc.array(component, { minLength: dims, maxLength: dims }),
    fc.array(unit, { minLength: dims, maxLength: dims }),
    unit.map((x) => new Array<number>(dims).fill(x)),
  );

/** A row and a query, random ones or of one another with small changes, which cancel. */
const pairs = fc.integer({ min: 1, max: 240 }).chain((dims) =>
  fc.record({
    row: vectors(dims).map((row) => Float32Array.from(row)),
    query: vectors(dims).map((row) => Float32Array.from(row)),
    alike: fc.boolean(),
  }),
);

const PAGE = 65_536;

describe.each(['simd', 'scalar', 'javascript'] as const)('scores of the %s kernel', (backend) => {
  test.each(['cosine', 'dot', 'euclidean'] as const)(
    'never fall below the limit of their own key: %s',
    async (metric) => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
      const kernel = instantiateSearchKernel(
        (await compileSearchKernel(await indexingKernel(backend), true)).compiled,
        memory,
      );
      const floats = new Float32Array(memory.buffer);
      fc.assert(
        fc.property(pairs, ({ row: given, query: other, alike }) => {
          const dims = given.length;
          const query = alike ? given.map((x, j) => (j % 3 === 0 ? x : Math.fround(x * (1 + 2 ** -20)))) : other;
          const row = metric === 'cosine' ? unitRow(given) : given;
          if (!row || !query.every(Number.isFinite) || (metric === 'cosine' && !query.some((x) => x !== 0))) return;
          const prepared = prepareQuery(query, dims, metric);
          floats.fill(Number.NaN);
          floats.set(row, 0);
          const queryAt = 2048;
          floats.set(prepared.data, queryAt / 4);
          const [scores, magnitudes, limits, list] = [8192, 8256, 8320, 8384];
          floats[magnitudes / 4] = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
          const length = Math.sqrt(kernel.exactSquares(queryAt, dims));
          const bound = new ErrorBound(metric, dims);
          floats[limits / 4] = bound.limit(keyOf(metric, row, prepared.data, length), length);
          const scan = metric === 'euclidean' ? kernel.distances : kernel.dots;
          scan(0, 1, dims, queryAt, 1, scores);
          expect(kernel.select(scores, 1, 1, limits, magnitudes, bound.slack, list)).toBe(1);
          expect(queryBytes(dims)).toBeLessThan(PAGE);
        }),
        runsOf(800),
      );
    },
  );
});

/** By the definition, in float64. */
function keyOf(metric: Metric, row: Float32Array, query: Float32Array, length: number): number {
  const terms = Array.from(row, (x, j) => (metric === 'euclidean' ? -((x - query[j]!) ** 2) : x * query[j]!));
  const sum = terms.reduce((all, term) => all + term, 0);
  return metric === 'cosine' ? sum / (length * Math.sqrt(row.reduce((all, x) => all + x * x, 0))) : sum;
}

function unitRow(row: Float32Array): Float32Array | undefined {
  const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
  return length > 0 ? row.map((x) => x / length) : undefined;
}

test('a bound is not so wide that nothing is left out', () => {
  expect(new ErrorBound('cosine', 384).limit(0.5, 0.5)).toBeGreaterThan(0.25 - 2e-5);
  expect(new ErrorBound('dot', 384).limit(0.25, 0.5)).toBeGreaterThan(0.25 - 2 ** -24);
  expect(new ErrorBound('dot', 384).slack).toBeLessThan(1e-5);
  expect(new ErrorBound('euclidean', 384).limit(-1, 1)).toBeGreaterThan(-1 - 3e-5);
  expect(new ErrorBound('cosine', 65_536).limit(0.5, 0.5)).toBeGreaterThan(0.25 - 3e-5);
});

test('rounding down to float32 gives the next one that is not above', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e300, max: 1e300, noNaN: true }), (value) => {
      const below = float32Below(value);
      expect(Math.fround(below)).toBe(below);
      expect(below).toBeLessThanOrEqual(value);
      if (Math.fround(value) <= value) expect(below).toBe(Math.fround(value));
    }),
  );
  expect(float32Below(-1e-50)).toBe(-(2 ** -149));
  expect(float32Below(1e-50)).toBe(0);
  expect(float32Below(4e38)).toBe(3.4028234663852886e38);
  expect(float32Below(-4e38)).toBe(Number.NEGATIVE_INFINITY);
});
